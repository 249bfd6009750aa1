import { expect, test } from 'vitest';
import { formatAge, formatBytes, formatDuration, formatRate, formatTime } from '../../src/publish/format.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [10 * 1024 ** 2, '10 MiB'],
  [10_000_000, '9.54 MiB'],
  [1024 ** 2 - 1, '1 MiB'],
  [100.4 * 1024 ** 2, '100 MiB'],
  [5 * 1024 ** 5, '5120 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
  expect(formatRate(bytes)).toBe(`${text}/s`);
});

test.each([
  [0, '0 ms'],
  [4.25, '4.3 ms'],
  [999, '999 ms'],
  [999.6, '1 s'],
  [1500, '1.5 s'],
  [59_940, '59.9 s'],
  [59_960, '1 m'],
  [125_000, '2 m 5 s'],
  [3_599_600, '1 h'],
  [11_520_000, '3 h 12 m'],
  [86_400_000 * 5 + 7_200_000, '5 d 2 h'],
])('%d ms are %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test.each([
  [-5, 'just now'],
  [999, 'just now'],
  [1999, '1 s ago'],
  [125_900, '2 m 5 s ago'],
])('%d ms ago is %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});

test('times are shown in UTC', () => {
  expect(formatTime(new Date(0))).toBe('1970-01-01 00:00:00 UTC');
});
