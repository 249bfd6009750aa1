import { expect, test } from 'vitest';
import { durationCheck, durationTrialOf } from '../../../src/probe/limits/duration-trial.ts';
import { searchedBlob, sizeCheck, sizeTrialOf } from '../../../src/probe/limits/size-trial.ts';
import type { Attempt, Run } from '../../../src/probe/outcome.ts';
import { checkOf } from '../../support/checks.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';

const check = checkOf('http://127.0.0.1:1');
const pulled = checkOf('http://127.0.0.1:1', { check: { pushedOver: check.path } });

test('a try is one blob and one attempt, in writes that leave no silence', () => {
  const retrying = checkOf('http://127.0.0.1:1', { check: { retries: 'profile' } });
  const slow = durationCheck(retrying, 65_536, 35_000);
  expect([slow.retries, slow.client.writeBytes]).toEqual(['none', 256]);
  expect(durationCheck(retrying, 255, 35_000).client.writeBytes).toBe(1);
  expect(sizeCheck(retrying, 7).retries).toBe('none');
  expect(searchedBlob(check, 7).workload).toEqual({
    name: 'limit-search',
    kind: 'blob',
    layerBytes: [7],
    pull: false,
  });
  expect(searchedBlob(pulled, 7).workload.pull).toBe(true);
});

const pullCut = fakeFailure('connection_reset', {
  phase: 'pull',
  status: 200,
  elapsedMs: 2_999.5,
  evidence: { message: '', pulledBytes: 1 },
});

test.each([
  ['at full speed: after what it took', 0, 3_000],
  ['slowly: at its pace nobody knows when, so after its whole time', 35_000, 35_000],
])('a pull that is cut, read %s', (_what, durationMs, afterMs) => {
  const wanted = { kind: 'ended', failure: pullCut, afterMs, said: false };
  expect(durationTrialOf(fakeRun(pulled, pullCut), durationMs)).toEqual(wanted);
});

test.each([
  ['a timeout of the hop, in words', 'request_timeout', { status: 408 }, { kind: 'ended', said: true }],
  ['the same without an answer', 'request_timeout', {}, { kind: 'ended', said: false }],
  ['a cut after an answer began', 'connection_reset', { status: 202 }, { kind: 'ended', said: false }],
  ['a timeout that is not about the body', 'request_timeout', { status: 408, phase: 'start' }, { kind: 'unclear' }],
] as const)('a slow body ended by %s', (_what, reason, changes, wanted) => {
  expect(durationTrialOf(fakeRun(check, fakeFailure(reason, changes)), 1_000)).toMatchObject(wanted);
});

test.each([
  ['pushed at once', check, 0, /^a small body, even sent at once, failed for another reason: auth_expired/],
  ['pushed slowly', check, 9_000, /^a small body, sent over 9 s, failed for another reason: auth_expired/],
  ['pulled at once', pulled, 0, /^a blob, even pulled at once, failed for another reason: auth_expired/],
  ['pulled slowly', pulled, 9_000, /^a blob, pulled over 9 s, failed for another reason: auth_expired/],
])('another failure of what is %s', (_what, tried, durationMs, why) => {
  const trial = durationTrialOf(fakeRun(tried, fakeFailure('auth_expired')), durationMs);
  expect(trial).toEqual({ kind: 'unclear', why: expect.stringMatching(why) as string });
});

test('another failure of a size names the size', () => {
  const run = fakeRun(sizeCheck(check, 2_048), fakeFailure('auth_expired'));
  const why = expect.stringMatching(/^at 2 KiB it failed for another reason: auth_expired/) as string;
  expect(sizeTrialOf(run)).toEqual({ kind: 'unclear', why });
});

test('of a push there is no other way on which its attempt could have failed', () => {
  const failure = fakeFailure('request_timeout', { status: 408 });
  const run = { ...fakeRun(check, failure), attempts: [{ failure } as Attempt] };
  expect(durationTrialOf(run, 1_000)).toMatchObject({ kind: 'ended', said: true });
});

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
