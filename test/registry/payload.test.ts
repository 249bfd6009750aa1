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
  const [endless, ended, kept] = [
    ours.prepare(2 ** 50, undefined, impatient.signal),
    ours.prepare(sizeBytes, undefined, impatient.signal),
    ours.prepare(sizeBytes, undefined, patient.signal),
  ];
  const reason = new Error('enough');
  impatient.abort(reason);
  await expect(endless).rejects.toBe(reason);
  await expect(ended).rejects.toBe(reason);
  expect((await kept).sizeBytes).toBe(sizeBytes);
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
