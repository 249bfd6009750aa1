import { expect, test } from 'vitest';
import { goDurationMs, webConfigSchema } from '../../../src/config/schema/web.ts';

test.each([
  ['0', 0],
  ['10s', 10_000],
  ['100ms', 100],
  ['1m30s', 90_000],
  ['1.25s', 1250],
  ['2h', 7_200_000],
  ['500us', 0.5],
  ['500µs', 0.5],
  ['1000000ns', 1],
])('%s, as Go writes it, is %d ms', (text, ms) => {
  expect(webConfigSchema.safeParse({ rate_limit: { interval: text } }).success).toBe(true);
  expect(goDurationMs(text)).toBeCloseTo(ms, 9);
});

test.each(['', '5', '1d', 's', '-1s', '1s ', '1.s', '1s,2s'])('%j is no duration of Go', (interval) => {
  expect(webConfigSchema.safeParse({ rate_limit: { interval } }).success).toBe(false);
});
