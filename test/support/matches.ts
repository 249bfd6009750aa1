import { expect, test } from 'vitest';
import { aloneOn, type Contrast } from '../../src/probe/diagnose/contrast.ts';
import type { Match } from '../../src/probe/diagnose/match.ts';
import type { Evidence, Failure } from '../../src/probe/failure.ts';
import { fakeFailure } from './fake-run.ts';
import { pathTo } from './paths.ts';

type Changes = Partial<Omit<Failure, 'evidence'>> & { readonly evidence?: Partial<Evidence> };
/** Of a failure while sending that nobody answered, and of what stands around it: nothing. */
type Seen = readonly [Changes, Partial<Contrast>?];

/** A name, a question, what it holds of, and changes to that, each of which alone makes it hold no more. */
export type MatchRow = readonly [string, Match, Seen, readonly Seen[]];

function failed({ evidence, reason = 'unexpected_response', ...changes }: Changes = {}): Failure {
  return fakeFailure(reason, { ...changes, evidence: { message: '', ...evidence } });
}

const nothing = aloneOn(pathTo('http://registry.example'), failed());

/** Whether it holds of such a failure with that around it. */
export function holds(match: Match, changes: Changes = {}, around: Partial<Contrast> = {}): boolean {
  return match(failed(changes), { ...nothing, ...around });
}

/** What the other side says. */
export function said(body: string): { evidence: Partial<Evidence> } {
  return { evidence: { body } };
}

/** One test a row: both sides of each of its conditions. */
export function testMatches(rows: readonly MatchRow[]): void {
  test.each(rows)('%s', (_name, match, [changes, around], others) => {
    expect(holds(match, changes, around)).toBe(true);
    const still = others.filter(([other, otherAround]) =>
      holds(match, { ...changes, ...other }, { ...around, ...otherAround }),
    );
    expect(still).toEqual([]);
  });
}
