import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { type MeasuredBlob, measureBlob, mostManifestBytes } from '../../../src/registry/image/measure-blob.ts';

function measure(bytes: Uint8Array, pieceBytes = 65_536): Promise<MeasuredBlob> {
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
  return measureBlob(pieces());
}
const plain = (bytes: Uint8Array) => ({
  sizeBytes: bytes.length,
  compression: 'none',
  gzipBytes: gzipSync(bytes).length,
});

test.each([1, 3, 4, 5, 65_536])('the compression shows in the first bytes, in pieces of %d', async (pieceBytes) => {
  const gzip = gzipSync('x'.repeat(100));
  const zstd = Buffer.from('28b52ffd00010203', 'hex');
  expect(await measure(gzip, pieceBytes)).toEqual({ sizeBytes: gzip.length, compression: 'gzip' });
  expect(await measure(zstd, pieceBytes)).toEqual({ sizeBytes: 8, compression: 'zstd' });
  const text = Buffer.from('text of a layer');
  expect(await measure(text, pieceBytes)).toEqual(plain(text));
});

test.each([
  ['nothing', ''],
  ['less than a mark', '28b52f'],
  ['other bytes after the first', '1f8c0000'],
  ['a mark that stands later', '001f8b28b52ffd'],
])('not compressed: %s', async (_what, hex) => {
  const bytes = Buffer.from(hex, 'hex');
  expect(await measure(bytes)).toEqual(plain(bytes));
});

test('JSON is kept, in pieces as well; what only begins like it is not', async () => {
  for (const text of ['{"layers":[]}', '[1, 2]', '[]', '{}']) {
    const bytes = Buffer.from(text);
    expect(await measure(bytes, 2)).toEqual({ ...plain(bytes), text });
  }
  for (const text of ['{"layers":', '[x]', '"text"', '5', ' {}']) {
    const bytes = Buffer.from(text);
    expect((await measure(bytes, 2)).text).toBeUndefined();
  }
});

test('JSON is kept up to 4 MiB, and never changed by what its source does with its pieces', async () => {
  const jsonOf = (sizeBytes: number): Buffer => Buffer.from(`["${'x'.repeat(sizeBytes - 4)}"]`);
  const longest = jsonOf(mostManifestBytes);
  expect(mostManifestBytes).toBe(4 * 1024 * 1024);
  expect((await measure(longest)).text?.length).toBe(mostManifestBytes);
  const longer = jsonOf(mostManifestBytes + 1);
  const measured = await measure(longer);
  expect([measured.text, measured.sizeBytes]).toEqual([undefined, mostManifestBytes + 1]);
  const reused = Buffer.alloc(2);
  async function* pieces() {
    for (const piece of ['[1', ',2', ',3', '4]']) {
      reused.write(piece);
      yield reused;
    }
  }
  expect((await measureBlob(pieces())).text).toBe('[1,2,34]');
});
