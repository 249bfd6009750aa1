import { expect, test } from 'vitest';
import { describeFailure, healthyWords, listed } from '../../../src/probe/compare/verdict-words.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';
import { attempt, check } from '../../support/run-fixtures.ts';

const cut = fakeFailure('connection_reset', { elapsedMs: 3_200 });
const refused = { reason: 'body_too_large', answeredBy: 'nginx', status: 413 } as const;
const stranger = { reason: 'unexpected_response', answeredBy: 'other', status: 418 } as const;
const named = { message: 'no', headers: { server: `tea-${'x'.repeat(60)}` } };

test.each<[Partial<Failure>, string]>([
  [{}, 'connection_reset, no answer in send, after 3.2 s'],
  [{ evidence: { message: '', code: 'ECONNRESET' } }, 'connection_reset, no answer (ECONNRESET) in send, after 3.2 s'],
  [{ evidence: { message: '', timer: 'tls' } }, 'connection_reset, no answer (timer tls) in send, after 3.2 s'],
  [
    { evidence: { message: '', code: 'ETIMEDOUT', timer: 'tls' } },
    'connection_reset, no answer (ETIMEDOUT, timer tls) in send, after 3.2 s',
  ],
  [{ sentBytes: 1 }, 'connection_reset, no answer in send, after 1 B and 3.2 s'],
  [refused, '413 from nginx (body_too_large) in send, after 3.2 s'],
  [{ ...refused, registryCode: 'SIZE_INVALID' }, '413 SIZE_INVALID from nginx (body_too_large) in send, after 3.2 s'],
  [{ ...refused, status: undefined }, 'answer from nginx (body_too_large) in send, after 3.2 s'],
  [{ ...refused, evidence: named }, '413 from nginx (body_too_large) in send, after 3.2 s'],
  [stranger, '418 from other (unexpected_response) in send, after 3.2 s'],
  [
    { ...stranger, evidence: named },
    `418 from other, tea-${'x'.repeat(36)} (unexpected_response) in send, after 3.2 s`,
  ],
  [
    { sentBytes: 5, evidence: { message: '', pulledBytes: 1_024, silentMs: 999 } },
    'connection_reset, no answer in send, after 1 KiB and 3.2 s',
  ],
  [
    { evidence: { message: '', pulledBytes: 0, silentMs: 1_000 } },
    'connection_reset, no answer in send, after 3.2 s, the last 1 s without a byte',
  ],
  [{ evidence: { message: '', pulledBytes: 0 } }, 'connection_reset, no answer in send, after 3.2 s'],
  [{ evidence: { message: '', silentMs: 5_000 } }, 'connection_reset, no answer in send, after 3.2 s'],
])('a failure in one clause %#', (changes, words) => {
  expect(describeFailure({ ...cut, ...changes })).toBe(words);
});

test.each([
  [[], 'none'],
  [['a'], 'a'],
  [['a', 'b'], 'a and b'],
  [['a', 'b', 'c'], 'a, b and c'],
])('names in a row: %j', (names, words) => {
  expect(listed(names)).toBe(words);
});

test('a healthy round says which paths needed a second attempt', () => {
  const over = (path: string, numbers: readonly number[]) => ({
    ...fakeRun(check({ path })),
    attempts: numbers.map((number) => attempt({ number })),
  });
  expect(healthyWords([over('a', [1])])).toBe('the push got through over a');
  expect(healthyWords([over('a', [1]), over('b', [1, 2]), over('c', [])])).toBe(
    'the push got through over a, b and c, over b only after retries',
  );
});
