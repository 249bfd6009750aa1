import { expect, test } from 'vitest';
import type { RetryChoice } from '../../../src/probe/check.ts';
import { noRetry, type RetryPolicy } from '../../../src/probe/clients/client-profile.ts';
import { hasRealWaits, retryPolicyOf } from '../../../src/probe/run/retrying.ts';
import { failure } from '../../support/run-fixtures.ts';
import { checkOf } from '../../support/checks.ts';

const retry: RetryPolicy = {
  maxAttempts: 5,
  delayMs: (attempt, random) => attempt * 1_000 + random,
  retries: ({ status }) => status === 503,
};

function checkWith(retries: RetryChoice, { policy = retry, scale = 1 }: { policy?: RetryPolicy; scale?: number } = {}) {
  const check = checkOf('http://127.0.0.1:1', { check: { retries, retryWaitScale: scale } });
  return { ...check, client: { ...check.client, retry: policy } };
}

test.each<[RetryChoice, number]>([
  ['profile', 5],
  ['none', 1],
  [3, 3],
])('retries: %s is %d attempts, after the failures and the waits of the client', (choice, attempts) => {
  const policy = retryPolicyOf(checkWith(choice, { scale: 0.5 }));
  expect(policy.maxAttempts).toBe(attempts);
  expect([failure({ status: 503 }), failure({ status: 413 })].map(policy.retries)).toEqual([true, false]);
  expect(policy.delayMs(2, 0.5)).toBe(1_000.25);
});

test('a number of attempts of a client that never retries: after each failure', () => {
  const policy = retryPolicyOf(checkWith(3, { policy: noRetry }));
  expect([policy.maxAttempts, policy.retries(failure({ status: 413 }))]).toEqual([3, true]);
});

test('of the way back another policy counts', () => {
  expect(retryPolicyOf(checkWith('profile'), { ...retry, maxAttempts: 2 }).maxAttempts).toBe(2);
});

test.each<[what: string, check: ReturnType<typeof checkWith>, wanted: boolean]>([
  ['as the client does', checkWith('profile'), true],
  ['scaled', checkWith('profile', { scale: 0.5 }), false],
  ['one attempt of a client that has more', checkWith('none'), false],
  ['a number of attempts', checkWith(5), false],
  ['a client that never retries', checkWith('profile', { policy: noRetry, scale: 0.5 }), true],
  ['one attempt of a client that has one', checkWith('none', { policy: noRetry }), true],
  ['a number of attempts of a client that has one', checkWith(2, { policy: noRetry }), false],
])('waits of the real client: %s', (_what, check, wanted) => {
  expect(hasRealWaits(check)).toBe(wanted);
});
