import { expect, test } from 'vitest';
import type { Failure } from '../../src/probe/failure.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { causesNow } from '../../src/publish/causes-now.ts';
import { History } from '../../src/publish/history.ts';
import { check, failedRun, failure } from '../support/run-fixtures.ts';

const now = new Date('2026-11-24T00:01:00Z');

test('checks that fail by the same cause have one card, with the hop and the confidence of whoever knows them best', () => {
  const ended = (path: string, how: Partial<Failure> = {}): Run =>
    failedRun(
      { check: check({ path }) },
      failure({
        reason: 'response_timeout',
        status: 504,
        answeredBy: 'traefik',
        phase: 'wait',
        sentBytes: 2_000_000,
        elapsedMs: 60_000,
        evidence: { message: '', sinceLastByteMs: 48_000 },
        ...how,
      }),
    );
  // Of the one it is open whether the body had come; the other was ended in it.
  const [open, sure] = [ended('slow'), ended('slower', { reason: 'request_timeout', status: 499, phase: 'send' })];
  for (const runs of [
    [open, sure],
    [sure, open],
  ]) {
    const history = new History();
    for (const run of runs) history.add(run);
    const cards = causesNow(
      runs.map((run) => run.check),
      history,
      now,
    );
    expect(cards).toMatchObject([
      { title: expect.stringContaining('Traefik ends requests'), confidence: 'certain', checks: 2 },
    ]);
  }
});
