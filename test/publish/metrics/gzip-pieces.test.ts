import { buffer } from 'node:stream/consumers';
import { crc32, gunzipSync } from 'node:zlib';
import { array, assert, asyncProperty, nat, oneof, property, string, tuple, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gzipStream, plainStream } from '../../../src/publish/metrics/answer-streams.ts';
import { crcShift, joinCrc } from '../../../src/publish/metrics/crc32.ts';
import { type Fragment, joinPieces, pieceOf, textOf } from '../../../src/publish/metrics/gzip-pieces.ts';

const texts = oneof(
  string({ unit: 'binary' }),
  tuple(string({ minLength: 1 }), nat({ max: 3000 })).map(([text, times]) => text.repeat(times)),
);

async function* each(fragments: readonly Fragment[]): AsyncGenerator<Fragment> {
  yield* fragments;
}

test('the CRC-32 of two texts is joined from those of each', () => {
  assert(
    property(uint8Array({ maxLength: 5000 }), uint8Array({ maxLength: 5000 }), (first, second) => {
      expect(joinCrc(crc32(first), crc32(second), crcShift(second.length))).toBe(crc32(Buffer.concat([first, second])));
    }),
  );
});

test('a length beyond 32 bits shifts as its two halves do', () => {
  const half = crcShift(3 * 2 ** 31);
  expect(joinCrc(joinCrc(0x12345678, 0, half), 0, half)).toBe(joinCrc(0x12345678, 0, crcShift(3 * 2 ** 32)));
});

test('whatever the pieces and however they are joined, gzip and plain give the text, in a single member', async () => {
  await assert(
    asyncProperty(array(array(texts, { maxLength: 6 }), { maxLength: 6 }), async (groups) => {
      const wanted = Buffer.from(groups.flat().join(''));
      const fragments = groups.map((group) => joinPieces(group.map((text) => pieceOf(text))));
      const gzip = await buffer(gzipStream(each(fragments)));
      expect(gunzipSync(gzip).equals(wanted)).toBe(true);
      // The decoder ends with the member's trailer: nothing follows it that a client could leave unread.
      expect(gzip.readUInt32LE(gzip.length - 8)).toBe(crc32(wanted));
      expect(gzip.readUInt32LE(gzip.length - 4)).toBe(wanted.length);
      expect((await buffer(plainStream(each(fragments)))).equals(wanted)).toBe(true);
    }),
  );
});

test('the trailer of more than 4 GiB states the length modulo 2^32 (RFC 1952)', async () => {
  const { bytes, crc } = joinPieces(['x 1\n']);
  const large = [2 ** 32 - 1, 5].map((textBytes) => ({ bytes, crc, textBytes, crcShift: crcShift(textBytes) }));
  const gzip = await buffer(gzipStream(each(large)));
  expect(gzip.readUInt32LE(gzip.length - 4)).toBe(4);
});

test('a piece gives back its text, and a long one is kept compressed only', () => {
  const long = 'blobprobe_x{a="b"} 1\n'.repeat(500);
  const piece = pieceOf(long);
  expect(typeof piece === 'string' ? undefined : piece.bytes.buffer.byteLength).toBeLessThan(long.length / 10);
  expect(textOf(piece)).toBe(long);
  expect(textOf(pieceOf('short é'))).toBe('short é');
});

describe('an answer', () => {
  function counted(text: string): { answer: AsyncGenerator<Fragment>; made: () => number; ended: () => boolean } {
    let made = 0;
    let ended = false;
    async function* answer(): AsyncGenerator<Fragment> {
      try {
        while (made < 1000) {
          made += 1;
          yield joinPieces([text]);
        }
      } finally {
        ended = true;
      }
    }
    return { answer: answer(), made: () => made, ended: () => ended };
  }
  const incompressible = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * at * 31) % 251)).toString('hex');

  test.each([
    ['gzip', gzipStream],
    ['plain', plainStream],
  ] as const)('as %s is made no faster than it is read, and no further when nobody reads', async (_name, stream) => {
    const { answer, made, ended } = counted(incompressible);
    const body = stream(answer);
    const chunks = body[Symbol.asyncIterator]();
    await chunks.next();
    await chunks.next();
    await new Promise((resolve) => {
      setTimeout(resolve, 100);
    });
    expect(made()).toBeGreaterThan(0);
    expect(made()).toBeLessThan(20);
    body.destroy();
    await expect.poll(ended).toBe(true);
  });

  test.each([
    ['gzip', gzipStream],
    ['plain', plainStream],
  ] as const)('as %s that fails on the way breaks off with the error', async (_name, stream) => {
    async function* failing(): AsyncGenerator<Fragment> {
      yield joinPieces(['x 1\n']);
      throw new Error('no more');
    }
    await expect(buffer(stream(failing()))).rejects.toThrow('no more');
  });
});
