import { expect, test } from 'vitest';
import { compressionOf, type ManifestDocument, readManifest } from '../../../src/registry/image/manifest-document.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const layer = { digest, size: 5, mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip' };
const named = { digest, sizeBytes: 5, mediaType: layer.mediaType };
const image = (...layers: readonly unknown[]): unknown => ({ layers });
const index = (changes: object): unknown => ({ manifests: [{ ...layer, ...changes }] });
const inIndex = (platform: string | undefined, refName?: string): ManifestDocument => ({
  kind: 'index',
  manifests: [{ ...named, platform, refName }],
});
const many = (count: number): unknown => ({ layers: Array.from({ length: count }, () => layer) });

test.each<[string, unknown, ManifestDocument | undefined]>([
  ['an image', image(layer), { kind: 'image', layers: [named] }],
  ['an image of nothing', image(), { kind: 'image', layers: [] }],
  [
    'a layer without a type',
    image({ ...layer, mediaType: undefined }),
    { kind: 'image', layers: [{ ...named, mediaType: '' }] },
  ],
  ['a layer of no size', image({ ...layer, size: 0 }), { kind: 'image', layers: [{ ...named, sizeBytes: 0 }] }],
  [
    'a foreign layer',
    image({ ...layer, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' }),
    { kind: 'image', layers: [] },
  ],
  [
    'one that stays away',
    image({ ...layer, mediaType: 'application/vnd.oci.image.layer.nondistributable.v1.tar' }),
    { kind: 'image', layers: [] },
  ],
  ['an index', index({}), inIndex(undefined)],
  ['an index before layers', { ...(index({}) as object), layers: [] }, inIndex(undefined)],
  ['a platform', index({ platform: { os: 'linux', architecture: 'arm', variant: 'v7' } }), inIndex('linux/arm/v7')],
  [
    'a platform without a variant',
    index({ platform: { os: 'linux', architecture: 'amd64', variant: 5 } }),
    inIndex('linux/amd64'),
  ],
  ['a platform that is none', index({ platform: 'linux' }), inIndex(undefined)],
  ['an attestation', index({ platform: { os: 'unknown', architecture: 'unknown' } }), { kind: 'index', manifests: [] }],
  ['a name', index({ annotations: { 'org.opencontainers.image.ref.name': 'v1' } }), inIndex(undefined, 'v1')],
  [
    "containerd's name",
    index({ annotations: { 'org.opencontainers.image.ref.name': 'v1', 'io.containerd.image.name': 'r/a:v1' } }),
    inIndex(undefined, 'r/a:v1'),
  ],
  ['a name that is none', index({ annotations: { 'org.opencontainers.image.ref.name': 5 } }), inIndex(undefined)],
  ['annotations that are none', index({ annotations: 'v1' }), inIndex(undefined)],
  ['a list', [], undefined],
  ['neither', {}, undefined],
  ['layers that are no list', { layers: {} }, undefined],
  ['a layer that is none', image(layer, 'x'), undefined],
  ['a manifest that is none', { manifests: [layer, null] }, undefined],
  ['a manifest without a digest', { manifests: [layer, { size: 5 }] }, undefined],
  ['no digest', image({ ...layer, digest: undefined }), undefined],
  ['a short digest', image({ ...layer, digest: `sha256:${'a'.repeat(31)}` }), undefined],
  ['a long digest', image({ ...layer, digest: `sha256:${'a'.repeat(257)}` }), undefined],
  ['a digest in a list', image({ ...layer, digest: [digest] }), undefined],
  ['a digest with a path', image({ ...layer, digest: `../${digest}` }), undefined],
  ['a size in words', image({ ...layer, size: '5' }), undefined],
  ['a part of a byte', image({ ...layer, size: 1.5 }), undefined],
  ['less than nothing', image({ ...layer, size: -1 }), undefined],
  ['a type that is none', image({ ...layer, mediaType: 5 }), undefined],
  ['more than any registry takes', many(10_001), undefined],
])('%s', (_what, document, expected) => {
  expect(readManifest(JSON.stringify(document))).toEqual(expected);
});

test('as many layers as are read', () => {
  const read = readManifest(JSON.stringify(many(10_000)));
  expect(read?.kind === 'image' && read.layers.length).toBe(10_000);
  const manifests = (count: number) =>
    readManifest(JSON.stringify({ manifests: Array.from({ length: count }, () => layer) }));
  const index = manifests(10_000);
  expect(index?.kind === 'index' && index.manifests.length).toBe(10_000);
  expect(manifests(10_001)).toBeUndefined();
  expect(readManifest('no JSON')).toBeUndefined();
});

test.each([
  ['application/vnd.oci.image.layer.v1.tar+gzip', 'gzip'],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', 'gzip'],
  ['application/vnd.oci.image.layer.v1.tar+zstd', 'zstd'],
  ['application/vnd.oci.image.layer.v1.tar', 'none'],
  ['application/vnd.oci.image.layer.v1.tar+gzip.encrypted', 'unknown'],
  ['application/vnd.oci.image.layer.v1.tar+zstd.encrypted', 'unknown'],
  ['application/notgzip', 'unknown'],
  ['application/tar', 'unknown'],
  ['application/x.tar+encrypted', 'unknown'],
  ['', 'unknown'],
])('%s is stored as %s', (mediaType, compression) => {
  expect(compressionOf(mediaType)).toBe(compression);
});
