import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { createPayloadSource } from '../../src/registry/payload.ts';

const source = createPayloadSource('payload test');

test('whatever the size, write size and range: the pieces are the bytes, and the bytes have the digest', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 4_194_000, max: 9_000_000 })),
      fc.constantFrom(1 << 15, 1 << 18, 1 << 20, 1000, 31, 5_000_000),
      fc.integer({ min: 0, max: 100 }),
      async (sizeBytes, write, percent) => {
        const writeBytes = Math.max(write, Math.ceil(sizeBytes / 2000), 1);
        const payload = await source.prepare(sizeBytes);
        const whole = Buffer.concat([...payload.chunks(writeBytes)]);
        expect(whole.byteLength).toBe(sizeBytes);
        expect(`sha256:${createHash('sha256').update(whole).digest('hex')}`).toBe(payload.digest);
        const from = Math.floor((sizeBytes * percent) / 100);
        expect(Buffer.concat([...payload.chunks(writeBytes, from)]).equals(whole.subarray(from))).toBe(true);
        const sizes = [...payload.chunks(writeBytes)].map((piece) => piece.byteLength);
        expect(sizes.slice(0, -1).every((size) => size === writeBytes)).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});

test('hours of hashing end with the signal of who waits for them, and of nobody else', async () => {
  const ours = createPayloadSource('ended');
  const [impatient, patient] = [new AbortController(), new AbortController()];
  const sizeBytes = 64 * 1024 * 1024;
  const [endless, ended, kept, keptToo] = [
    ours.prepare(2 ** 50, undefined, impatient.signal),
    ours.prepare(sizeBytes, undefined, impatient.signal),
    ours.prepare(sizeBytes, undefined, patient.signal),
    ours.prepare(sizeBytes),
  ];
  const reason = new Error('enough');
  impatient.abort(reason);
  await expect(endless).rejects.toBe(reason);
  await expect(ended).rejects.toBe(reason);
  expect([(await kept).sizeBytes, (await keptToo).sizeBytes]).toEqual([sizeBytes, sizeBytes]);
});

test('two payloads of a size differ, one nonce gives one digest, and nothing can be compressed', async () => {
  const [one, other] = [await source.prepare(1_000_000), await source.prepare(1_000_000)];
  expect(one.digest).not.toBe(other.digest);
  const nonce = Buffer.alloc(32, 7);
  expect((await source.prepare(5000, nonce)).digest).toBe(
    (await createPayloadSource('payload test').prepare(5000, nonce)).digest,
  );
  expect((await source.prepare(5000, nonce)).digest).not.toBe(
    (await createPayloadSource('other').prepare(5000, nonce)).digest,
  );
  const bytes = Buffer.concat([...one.chunks(65_536)]);
  expect(gzipSync(bytes).byteLength).toBeGreaterThan(bytes.byteLength * 0.999);
});

const blockBytes = 4 * 1024 * 1024;

test('the bytes are those of one block, again and again, and end with the nonce, or as much of it as fits', async () => {
  const nonce = Buffer.from(Array.from({ length: 40 }, (_, index) => index + 1));
  const sizeBytes = 2 * blockBytes + 1000;
  const payload = await source.prepare(sizeBytes, nonce);
  const [block = new Uint8Array()] = payload.chunks(blockBytes);
  const rest = Buffer.concat([...payload.chunks(1 << 20, blockBytes)]);
  expect(rest.subarray(0, blockBytes).equals(block)).toBe(true);
  expect(rest.subarray(blockBytes, -32).equals(block.subarray(0, 1000 - 32))).toBe(true);
  expect(rest.subarray(-32).equals(nonce.subarray(0, 32))).toBe(true);
  for (const few of [0, 1, 31, 32])
    expect(Buffer.concat([...(await source.prepare(few, nonce)).chunks(7)])).toEqual(nonce.subarray(0, few));
});

test('the size of a write may follow from what went out before it, counted from where the range begins', async () => {
  const payload = await source.prepare(10_000);
  const whole = Buffer.concat([...payload.chunks(10_000)]);
  const gone: number[] = [];
  const growing = (goneBytes: number): number => {
    gone.push(goneBytes);
    return goneBytes + 1000;
  };
  const pieces = [...payload.chunks(growing, 500, 9_000)];
  expect(gone).toEqual([0, 1000, 3000, 7000]);
  expect(pieces.map((piece) => piece.byteLength)).toEqual([1000, 2000, 4000, 1500]);
  expect(Buffer.concat(pieces).equals(whole.subarray(500, 9_000))).toBe(true);
  expect([...payload.chunks(1000, 3000, 3000)]).toEqual([]);
});

test('writes are views that are made once, whatever the payload, for as many sizes of writes as clients have', async () => {
  const fresh = createPayloadSource('views');
  const [one, other] = [await fresh.prepare(2 * blockBytes), await fresh.prepare(blockBytes + 5000)];
  const first = (writeBytes: number) =>
    [one, other].map((payload) => [...payload.chunks(writeBytes, 0, writeBytes)][0]);
  const isKept = (writeBytes: number): boolean => {
    const [a, b] = first(writeBytes);
    expect(a?.byteLength).toBe(writeBytes);
    expect(Buffer.compare(a!, b!)).toBe(0);
    return a === b;
  };
  // Only sizes that the block is a multiple of are cut beforehand.
  expect(isKept(1000)).toBe(false);
  const sizes = Array.from({ length: 17 }, (_, power) => 2 ** (power + 6));
  expect(sizes.map(isKept)).toEqual(sizes.map((_, index) => index < 16));
  const [, second, , , , sixth] = one.chunks(2 ** 20);
  expect(sixth === second).toBe(true);
});

test('a range ends where it was to end, also within a write', async () => {
  const payload = await source.prepare(100_000);
  const [whole] = payload.chunks(100_000);
  const pieces = [...payload.chunks(32_768, 0, 40_000)];
  expect(pieces.map((piece) => piece.byteLength)).toEqual([32_768, 7_232]);
  expect(Buffer.concat(pieces).equals(whole!.subarray(0, 40_000))).toBe(true);
});

/** Whether a payload of this size is made without hashing: hashing gives the event loop a turn, what is known does not. */
async function isKnown(payloads: ReturnType<typeof createPayloadSource>, sizeBytes: number): Promise<boolean> {
  let turned = false;
  setImmediate(() => (turned = true));
  await payloads.prepare(sizeBytes);
  return !turned;
}

test('a size is hashed once, and the 64 sizes that were wanted last are known', async () => {
  const ours = createPayloadSource('known');
  const sizes = Array.from({ length: 64 }, (_, index) => 1000 + index);
  for (const size of sizes) expect(await isKnown(ours, size)).toBe(false);
  for (const size of sizes) expect(await isKnown(ours, size)).toBe(true);
  expect(await isKnown(ours, 5000)).toBe(false);
  expect(await isKnown(ours, 1001)).toBe(true);
  expect(await isKnown(ours, 1000)).toBe(false);
});

test('who gives up leaves nothing behind: the size is hashed anew for the next', async () => {
  const ours = createPayloadSource('given up');
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(ours.prepare(2 ** 21, undefined, signal)).rejects.toThrow('enough');
  const payload = await ours.prepare(2 ** 21);
  const whole = Buffer.concat([...payload.chunks(2 ** 20)]);
  expect(`sha256:${createHash('sha256').update(whole).digest('hex')}`).toBe(payload.digest);
  expect(await isKnown(ours, 2 ** 21)).toBe(true);
});
