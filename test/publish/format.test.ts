import { expect, test } from 'vitest';
import { formatAge, formatRate, formatTime } from '../../src/publish/format.ts';

test('a rate', () => {
  expect(formatRate(10 * 1024 ** 2)).toBe('10 MiB/s');
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
