import { expect, test } from 'vitest';
import { boundWords } from '../../src/publish/limit-words.ts';
import { failure } from '../support/run-fixtures.ts';

const MiB = 1024 ** 2;
const nginx = failure({ answeredBy: 'nginx' });
const cloudflare = failure({ answeredBy: 'cloudflare' });

test.each([
  [10 * MiB, nginx, '10 MiB (10m)'],
  [1024 * MiB, nginx, '1 GiB (1g)'],
  [512 * 1024, nginx, '512 KiB (512k)'],
  [1_000_000, nginx, '977 KiB (1 MB)'],
  [100_000_000, cloudflare, '95.4 MiB (100 MB)'],
  [100 * MiB, cloudflare, '100 MiB'],
  [100 * MiB, undefined, '100 MiB'],
  [65_000, undefined, '63.5 KiB (65 kB)'],
  [1_234_567, undefined, '1.18 MiB'],
  [0, nginx, '0 B'],
])('%d bytes, refused by that hop: %#', (bytes, rejection, words) => {
  expect(boundWords(bytes, { unit: 'bytes', rejection })).toBe(words);
});

test('times are times', () => {
  expect(boundWords(100, { unit: 'seconds', rejection: nginx })).toBe('1 m 40 s');
});
