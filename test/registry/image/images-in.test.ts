import { expect, test } from 'vitest';
import { imagesIn } from '../../../src/registry/image/images-in.ts';
import type { MeasuredBlob } from '../../../src/registry/image/measure-blob.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const gzip = 'application/vnd.oci.image.layer.v1.tar+gzip';
const plain = 'application/vnd.oci.image.layer.v1.tar';
const measured: MeasuredBlob = { sizeBytes: 9, compression: 'none', gzipBytes: 4 };
const named = (digit: string, more: object = {}): object => ({ digest: digest(digit), size: 5, ...more });

/** Reads what these files hold; blobs are all the same, but for those that are not there. */
function read(texts: Readonly<Record<string, unknown>>, blobs: readonly string[] = []) {
  return imagesIn({
    text: async (name) => (name in texts ? JSON.stringify(texts[name]) : undefined),
    blob: async (name) => (blobs.includes(name) ? measured : undefined),
  });
}
const fileOf = (digit: string): string => `blobs/sha256/${digit.repeat(64)}`;

test('of docker save each entry is an image, under its first tag or its place', async () => {
  const saved = [{ RepoTags: ['a:1', 'a:2'], Layers: ['x'] }, { Layers: [] }, { RepoTags: [5], Layers: [] }];
  expect(await read({ 'manifest.json': saved, 'index.json': {} }, ['x'])).toEqual([
    { name: 'a:1', layers: [{ storedBytes: 9, compression: 'none', gzipBytes: 4 }] },
    { name: 'image 2 without a tag', layers: [] },
    { name: 'image 3 without a tag', layers: [] },
  ]);
});

test('of an OCI layout each manifest is one, named by reference and platform, else by digest', async () => {
  const platform = { os: 'linux', architecture: 'arm64' };
  const index = {
    manifests: [
      named('1', { annotations: { 'org.opencontainers.image.ref.name': 'v1' }, platform }),
      named('2'),
      named('3', { annotations: { 'org.opencontainers.image.ref.name': 'v3' } }),
    ],
  };
  const layers = [named('a', { mediaType: gzip }), named('b', { mediaType: plain }), named('c', { mediaType: 'x' })];
  const texts = {
    'index.json': index,
    [fileOf('1')]: { layers },
    [fileOf('2')]: { layers: [] },
    [fileOf('3')]: { manifests: [named('2'), named('4', { platform })] },
    [fileOf('4')]: { layers: [named('d', { mediaType: `${plain}+zstd` })] },
  };
  const read5 = { storedBytes: 9, compression: 'none', gzipBytes: 4 };
  expect(await read(texts, [fileOf('b'), fileOf('c')])).toEqual([
    { name: 'v1 linux/arm64', layers: [{ storedBytes: 5, compression: 'gzip' }, read5, read5] },
    { name: digest('2').slice(0, 19), layers: [] },
    { name: 'v3', layers: [] },
    { name: 'v3 linux/arm64', layers: [{ storedBytes: 5, compression: 'zstd' }] },
  ]);
});

/** Indexes that name one another, so deep, and an image at the end. */
function nested(depth: number): Record<string, unknown> {
  const digits = Array.from({ length: depth }, (_, index) => String(index));
  const entries = digits.map((digit, index) => [
    index === 0 ? 'index.json' : fileOf(String(index - 1)),
    { manifests: [named(digit)] },
  ]);
  return { ...Object.fromEntries(entries), [fileOf(String(depth - 1))]: { layers: [] } };
}
const many = (count: number, entry: unknown): unknown[] => Array.from({ length: count }, () => entry);
const inIndex = (count: number) => ({
  'index.json': { manifests: many(count, named('1')) },
  [fileOf('1')]: { layers: [] },
});

test('as deep and as many as an image may be', async () => {
  expect(await read(nested(4))).toHaveLength(1);
  expect(await read({ 'manifest.json': many(1000, { Layers: [] }) })).toHaveLength(1000);
  expect(await read(inIndex(1000))).toHaveLength(1000);
});

test.each<[string, Readonly<Record<string, unknown>>, string]>([
  ['indexes nested too deep', nested(5), 'nests its indexes deeper than any image does'],
  ['too many saved images', { 'manifest.json': many(1001, { Layers: [] }) }, 'has more than 1000 images in it'],
  ['too many manifests', inIndex(1001), 'has more than 1000 images in it'],
  ['no saved image', { 'manifest.json': [] }, 'has no image in it'],
  ['an empty index', { 'index.json': { manifests: [] } }, 'has no image in it'],
  [
    'an image manifest for an index',
    { 'index.json': { layers: [] } },
    'has neither the manifest.json of docker save nor the index.json of an OCI layout',
  ],
  ['a saved image without layers', { 'manifest.json': [{ RepoTags: [] }] }, 'has a manifest.json that names no layers'],
  ['a saved image that is none', { 'manifest.json': ['x'] }, 'has a manifest.json that names no layers'],
  ['a layer that is no name', { 'manifest.json': [{ Layers: ['x', 5] }] }, 'has a manifest.json that names no layers'],
  [
    'a long name of a lost layer',
    { 'manifest.json': [{ Layers: ['x'.repeat(90)] }] },
    `lacks the layer ${'x'.repeat(80)}`,
  ],
  [
    'a lost manifest',
    { 'index.json': { manifests: [named('1')] } },
    `lacks the manifest ${digest('1').slice(0, 19)}, or it is none`,
  ],
])('refused: %s', async (_what, texts, message) => {
  const error: unknown = await read(texts).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'ImageError', message });
});
