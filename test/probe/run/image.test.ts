import { describe, expect, test } from 'vitest';
import type { Check } from '../../../src/probe/check.ts';
import { type Image, imageOf } from '../../../src/probe/run/image.ts';
import { digestOf } from '../../../src/registry/manifest.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { fakeCheck } from '../../support/fake-check.ts';

const check = fakeCheck('gitea', 'ingress', 'docker', 'image');

/** The image of one layer, as this check makes it on that day. */
async function imageAt(changes: Partial<Check['workload']> = {}, day = '2026-01-01', of: Check = check) {
  const layer = { name: 'layer1', payload: await createPayloadSource('x').prepare(1_024, Buffer.alloc(32)) };
  const workload = { ...of.workload, kind: 'image', ...changes } as const;
  return { layer, image: imageOf({ ...of, workload }, [layer], new Date(day)) };
}

/** The digests of the manifest over the same layer, a day apart, and what it is put under. */
async function madeTwice(workload: Partial<Check['workload']>): Promise<{ digests: Set<string>; under: string }> {
  const made = [await imageAt(workload, '2026-01-01'), await imageAt(workload, '2026-01-02')];
  return { digests: new Set(made.map(({ image }) => image.manifest.digest)), under: made[0]?.image.reference ?? '' };
}

test('an image without a tag is the same whenever it is made of the same layer', async () => {
  const { digests, under } = await madeTwice({ untagged: { timesNamed: 64 } });
  expect([...digests]).toEqual([under]);
});

test('one with a tag is another each time, as those of clients are', async () => {
  const { digests, under } = await madeTwice({});
  expect([digests.size, under]).toEqual([2, expect.stringMatching(/^blobprobe-[0-9a-f]{12}$/)]);
});

test('a check has one tag, whatever it pushes, and no other check has it', async () => {
  const checks = [check, check, fakeCheck('gitea', 'direct', 'docker', 'image')];
  const made = await Promise.all(checks.map((one, day) => imageAt({}, `2026-01-0${day + 1}`, one)));
  const [first, again, other] = made.map(({ image }) => image.reference);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test.each([
  ['a tag, once', {}, 1, '2026-01-01T00:00:00.000Z'],
  ['its digest, as often as is asked', { untagged: { timesNamed: 3 } }, 3, '1970-01-01T00:00:00.000Z'],
] as const)('under %s: manifest and config name the layer', async (_under, workload, times, created) => {
  const { layer, image } = await imageAt(workload);
  const { digest, sizeBytes } = layer.payload;
  const named = Array.from({ length: times }, () => digest);
  expect(JSON.parse(Buffer.from(image.manifest.bytes).toString())).toMatchObject({
    config: { digest: image.config.payload.digest, size: image.config.payload.sizeBytes },
    layers: named.map(() => ({ digest, size: sizeBytes })),
  });
  expect(JSON.parse(bytesOf(image, 1e6).toString())).toMatchObject({ created, rootfs: { diff_ids: named } });
});

type Chunks = Parameters<Image['config']['payload']['chunks']>;
const piecesOf = ({ config }: Image, ...asked: Chunks): Uint8Array[] => [...config.payload.chunks(...asked)];
const bytesOf = (image: Image, ...asked: Chunks): Buffer => Buffer.concat(piecesOf(image, ...asked));

describe('the config of an image', () => {
  test('has the size and digest of its bytes', async () => {
    const { config } = (await imageAt()).image;
    const bytes = Buffer.concat([...config.payload.chunks(1e6)]);
    expect([config.name, config.payload.sizeBytes, config.payload.digest]).toEqual([
      'config',
      bytes.byteLength,
      digestOf(bytes),
    ]);
  });

  test.each<readonly [what: string, asked: Chunks, lengths: readonly number[]]>([
    ['a range in one piece', [1_000, 10, 200], [190]],
    ['a range that ends with a whole piece', [50, 0, 100], [50, 50]],
    ['a range that does not', [50, 7, 108], [50, 50, 1]],
    ['as many bytes as go out in the first write', [(goneBytes) => (goneBytes === 0 ? 60 : 1), 0, 150], [60, 60, 30]],
  ])('goes out in pieces of a write: %s', async (_what, asked, lengths) => {
    const { image } = await imageAt();
    const [, from, to] = asked;
    expect(piecesOf(image, ...asked).map(({ byteLength }) => byteLength)).toEqual(lengths);
    expect(bytesOf(image, ...asked)).toEqual(bytesOf(image, 1e6).subarray(from, to));
  });

  test('goes out to its end', async () => {
    const { image } = await imageAt();
    const pieces = piecesOf(image, 100);
    expect(pieces).toHaveLength(Math.ceil(image.config.payload.sizeBytes / 100));
    expect(Buffer.concat(pieces)).toEqual(bytesOf(image, 1e6));
  });
});
