import { expect, test } from 'vitest';
import { findingFor } from '../../../src/probe/diagnose/judge-run.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Attempt } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';

const check = fakeCheck('gitea', 'ingress', 'docker', 'image');

/** A layer whose pull began at `startMs` and was cut after 4 s. */
function cutLayer(blob: string, number: number, startMs: number, pulledBytes: number): Attempt & { failure: Failure } {
  const failure = fakeFailure('connection_reset', {
    phase: 'pull',
    status: 200,
    answeredBy: 'registry',
    elapsedMs: 4_000,
    blob,
    evidence: { message: 'reset', pulledBytes, silentMs: 5 },
  });
  return {
    blob,
    pull: 'cold',
    number,
    startMs,
    durationMs: 4_000,
    waitedMs: 0,
    phaseMs: {},
    sentBytes: 0,
    acknowledgedBytes: 0,
    pulledBytes,
    resends: 0,
    fellBack: false,
    requests: [],
    failure,
  };
}

function findingOf(attempts: readonly (Attempt & { failure: Failure })[]): string | undefined {
  const run = { ...fakeRun(check, attempts.at(-1)?.failure), attempts };
  const finding = findingFor(run, true);
  return finding && `${finding.cause} ${finding.confidence}`;
}

test('what ends three layers at the same moment is one event, and proves no limit on time', () => {
  const layers = [cutLayer('layer-1', 1, 0, 4e6), cutLayer('layer-2', 1, 10, 9e6), cutLayer('layer-3', 1, 5, 2e6)];
  expect(findingOf(layers)).toBe('pull_cut likely');
});

test('a layer that is cut after the same time again is a limit on time', () => {
  expect(findingOf([cutLayer('layer-1', 1, 0, 4e6), cutLayer('layer-1', 2, 5_000, 9e6)])).toBe(
    'pull_time_limit certain',
  );
});
