import { expect, test } from 'vitest';
import { constantMs, endedInSilence, patchLosesBodies } from '../../../src/probe/diagnose/flips.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { trialOf } from '../../support/trials.ts';

test.each([
  ['in the second half of the pause', 'pausing', 'connection_reset', 500, true],
  ['at its end', 'pausing', 'connection_reset', 1_000, true],
  ['before half of it', 'pausing', 'connection_reset', 499, false],
  ['after it', 'pausing', 'connection_reset', 1_001, false],
  ['in words that have nothing to do with it', 'pausing', 'body_too_large', 700, false],
  ['and had not paused', 'full', 'connection_reset', 700, false],
] as const)('a body was ended %s', (_when, kind, reason, elapsedMs, isSilence) => {
  const failure = fakeFailure(reason, { elapsedMs, sentBytes: 1_000 });
  expect(endedInSilence(trialOf({ kind, failure, pauseMs: 1_000 }))).toBe(isSilence);
});

test('a body that paused and got through was not ended in silence', () => {
  expect(endedInSilence(trialOf({ kind: 'pausing', pauseMs: 1_000 }))).toBe(false);
});

test.each([
  ['a tenth apart', [10_000, 11_000], 10_000],
  ['more than a tenth apart', [10_000, 11_001], undefined],
  ['one alone', [10_000], undefined],
  ['as long as a clock runs at least', [350, 360], 350],
  ['shorter', [349, 360], undefined],
] as const)('the same time: %s', (_what, times, ms) => {
  expect(constantMs(times.map((elapsedMs) => fakeFailure('connection_reset', { elapsedMs })))).toBe(ms);
});

test('the time since the last byte is looked at first', () => {
  const evidence = (sinceLastByteMs: number) => ({ message: '', sinceLastByteMs });
  const failures = [
    fakeFailure('connection_reset', { elapsedMs: 5_000, evidence: evidence(1_000) }),
    fakeFailure('connection_reset', { elapsedMs: 9_000, evidence: evidence(1_010) }),
    undefined,
  ];
  expect(constantMs(failures)).toBe(1_000);
});

test.each([
  ['with a length and without, and PUT gets through', 'patch-ranged', 'body_corrupted', true, true],
  ['without a length alone', 'patch-ranged', undefined, true, false],
  ['in another way, which loses no bytes', 'patch-ranged', 'session_lost', true, false],
  ['and so does PUT', 'patch-ranged', 'body_dropped', false, false],
] as const)('bodies of PATCH are lost: %s', (_what, shape, reason, isPutPassed, isLost) => {
  const trials = [
    trialOf({ failure: fakeFailure('body_dropped') }),
    trialOf({ shape, ...(reason && { failure: fakeFailure(reason) }) }),
    trialOf({ shape: 'put-length', ...(!isPutPassed && { failure: fakeFailure('body_dropped') }) }),
  ];
  expect(patchLosesBodies(trials)).toBe(isLost);
});
