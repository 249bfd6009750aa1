import { expect, test } from 'vitest';
import { growingWrites } from '../../../src/network/body/write-sizes.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** Sizes of all writes of a body, each with where it began. */
function writesOf(firstBytes: number, totalBytes: number): [bytes: number, goneBytes: number][] {
  const sizeAt = growingWrites(firstBytes);
  const writes: [number, number][] = [];
  for (let gone = 0; gone < totalBytes; gone += sizeAt(gone)) writes.push([sizeAt(gone), gone]);
  return writes;
}

test('writes are 2 MiB once 64 MiB went out', () => {
  const writes = writesOf(256 * KiB, 128 * MiB);
  expect(writes.filter(([bytes]) => bytes === 256 * KiB)).toHaveLength(256);
  expect(writes.slice(256)).toEqual(Array.from({ length: 32 }, (_, at) => [2 * MiB, (64 + 2 * at) * MiB]));
});

test.each([100_000, 31 * KiB, MiB + 1])(
  'large writes end at a multiple of 2 MiB, after small ones of %i bytes',
  (firstBytes) => {
    const large = writesOf(firstBytes, 128 * MiB).filter(([, gone]) => gone >= 64 * MiB);
    expect(large.every(([bytes, gone]) => bytes <= 2 * MiB && (bytes + gone) % (2 * MiB) === 0)).toBe(true);
    expect(large.length).toBeGreaterThan(30);
  },
);

test('what begins larger stays as it is', () => {
  expect(new Set(writesOf(5_000_000, 100 * MiB).map(([bytes]) => bytes))).toEqual(new Set([5_000_000]));
});
