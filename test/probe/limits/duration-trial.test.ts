import { expect, test } from 'vitest';
import { durationCheck, durationTrialOf } from '../../../src/probe/limits/duration-trial.ts';
import { sizeTrialOf } from '../../../src/probe/limits/size-trial.ts';
import type { Attempt, Run } from '../../../src/probe/outcome.ts';
import { checkOf } from '../../support/checks.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';

test.each([
  ['as long as the check may take, and the body', 15_000, 50_000],
  ['a minute and the body, at most', 3_600_000, 95_000],
])('a slow try has %s', (_name, timeoutMs, expected) => {
  const check = checkOf('http://127.0.0.1:1', { check: { timeoutMs } });
  expect(durationCheck(check, 65_536, 35_000).timeoutMs).toBe(expected);
});

/** A try of the way back that ended in its login, on the way there or on the way back. */
function endedInLogin(pull: Attempt['pull']): Run {
  const failure = fakeFailure('connect_refused', { phase: 'auth' });
  const check = checkOf('http://127.0.0.1:1', {
    check: { pushedOver: pathTo('http://127.0.0.1:2', { name: 'direct' }) },
  });
  const attempt = { pull, failure } as Attempt;
  return { ...fakeRun(check, failure), attempts: [attempt] };
}

test.each([
  ['on the way there', undefined, /could not be put there over direct: connect_refused/],
  ['on the way back', 'cold', /pulled.* failed for another reason: connect_refused/],
] as const)('a login that fails %s', (_which, pull, words) => {
  const run = endedInLogin(pull);
  expect(durationTrialOf(run, 1_000)).toEqual({ kind: 'unclear', why: expect.stringMatching(words) as string });
  expect(sizeTrialOf(run)).toEqual({ kind: 'unclear', why: expect.stringMatching(words) as string });
});
