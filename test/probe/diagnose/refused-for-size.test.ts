import { expect, test } from 'vitest';
import { refusedForSize } from '../../../src/probe/diagnose/refused-for-size.ts';
import { fakeFailure, tooLarge } from '../../support/fake-run.ts';
import { trialOf } from '../../support/trials.ts';

const streamed = trialOf({ failure: tooLarge });
const declared = trialOf({ shape: 'put-length', failure: tooLarge });

test('a refusal of a declared length is searched with before one of a streamed body', () => {
  expect(refusedForSize([streamed, declared], 1_000_000)).toBe(declared);
});

test.each([
  ['of another hop', { shape: 'put-length', failure: { ...tooLarge, answeredBy: 'cloudflare' } }],
  ['in other words', { shape: 'put-length', failure: fakeFailure('connection_reset', { answeredBy: 'nginx' }) }],
  ['in another shape', { shape: 'patch-length', failure: tooLarge }],
] as const)('but no refusal %s', (_what, other) => {
  expect(refusedForSize([streamed, trialOf(other)], 1_000_000)).toBe(streamed);
});

test('without one it is the first that may be for its size, whoever refused it', () => {
  const cut = trialOf({ shape: 'put-length', failure: fakeFailure('connection_reset') });
  expect(refusedForSize([cut, streamed], 1_000_000)).toBe(cut);
  expect(refusedForSize([cut, streamed, declared], 1_000_000)).toBe(cut);
  expect(refusedForSize([], 1_000_000)).toBeUndefined();
});

test('of another size, or for what is not size, none is', () => {
  expect(refusedForSize([streamed], 999_999)).toBeUndefined();
  expect(refusedForSize([trialOf({ failure: fakeFailure('auth_rejected') })], 1_000_000)).toBeUndefined();
});
