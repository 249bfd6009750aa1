import { expect, test } from 'vitest';
import { retryAfterMs } from '../../src/registry/resend.ts';

const now = Date.UTC(2026, 10, 28, 22, 0, 0);

test.each([
  [undefined, undefined],
  ['', undefined],
  ['soon', undefined],
  ['5 s', undefined],
  ['0', 0],
  [' 120 ', 120_000],
  ['86400', 86_400_000],
  ['86401', 86_400_000],
  ['999999', 86_400_000],
  ['Sat, 28 Nov 2026 22:00:30 GMT', 30_000],
  ['2026-11-28T22:00:30Z', 30_000],
  ['28 Nov 2026 22:00:30 +0000', 30_000],
  ['Sat, 28 Nov 2026 21:00:00 GMT', 0],
  ['Sat, 28 Nov 2099 22:00:00 GMT', 86_400_000],
])('Retry-After %j: %j ms', (value, ms) => {
  expect(retryAfterMs(value, now)).toBe(ms);
});
