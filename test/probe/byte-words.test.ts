import { expect, test } from 'vitest';
import { formatBytes } from '../../src/probe/byte-words.ts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [10 * 1024 ** 2, '10 MiB'],
  [10_000_000, '9.54 MiB'],
  [1024 ** 2 - 1, '1 MiB'],
  [100.4 * 1024 ** 2, '100 MiB'],
  [99.6, '100 B'],
  [1023.5 * 1024, '1 MiB'],
  [10.56 * 1024 ** 2, '10.6 MiB'],
  [5 * 1024 ** 5, '5 PiB'],
  [2_000 * 1024 ** 5, '2000 PiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
