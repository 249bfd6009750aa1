import { expect, test } from 'vitest';
import { growingWrites } from '../../src/network/write-sizes.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

function sizesOf(firstBytes: number, totalBytes: number): Map<number, number> {
  const next = growingWrites(firstBytes);
  const firstAt = new Map<number, number>();
  for (let gone = 0; gone < totalBytes; ) {
    const bytes = next(gone);
    if (!firstAt.has(bytes)) firstAt.set(bytes, gone);
    expect(bytes === firstBytes || bytes <= gone / 32).toBe(true);
    gone += bytes;
  }
  return firstAt;
}

test('writes double once 64 MiB went out, up to 2 MiB', () => {
  expect([...sizesOf(256 * KiB, 1024 * MiB)]).toEqual([
    [256 * KiB, 0],
    [512 * KiB, 64 * MiB],
    [MiB, 64.5 * MiB],
    [2 * MiB, 65.5 * MiB],
  ]);
});

test('what begins larger stays as it is', () => {
  expect([...sizesOf(5_000_000, 100 * MiB)]).toEqual([[5_000_000, 0]]);
});

test('each body begins anew', () => {
  growingWrites(256 * KiB)(1024 * MiB);
  expect(growingWrites(256 * KiB)(0)).toBe(256 * KiB);
});
