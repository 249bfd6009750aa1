import { expect, test } from 'vitest';
import { formatDuration } from '../../src/network/duration-words.ts';

test.each([
  [0, '0 ms'],
  [0.4, '0.4 ms'],
  [4.25, '4.3 ms'],
  [12.34, '12 ms'],
  [250, '250 ms'],
  [999, '999 ms'],
  [999.5, '1 s'],
  [1500, '1.5 s'],
  [1234, '1.23 s'],
  [12_340, '12.3 s'],
  [30_000, '30 s'],
  [59_940, '59.9 s'],
  [59_950, '1 m'],
  [125_000, '2 m 5 s'],
  [3_599_400, '59 m 59 s'],
  [3_599_600, '1 h'],
  [11_520_000, '3 h 12 m'],
  [86_340_000, '23 h 59 m'],
  [86_370_000, '1 d'],
  [86_400_000 * 5 + 7_200_000, '5 d 2 h'],
])('%d ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});
