import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { imagesOfFile } from '../../../src/registry/image/archive.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'blobprobe-image-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** A layer that gzip makes a tenth of, and its digest. */
const layer = Buffer.concat([randomBytes(20_000), Buffer.alloc(180_000, 7)]);
const packed = gzipSync(layer);
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function put(name: string, content: string | Uint8Array): string {
  const file = join(folder, 'in', name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}

/** Of everything unless entries are named. */
function tar(flags: readonly string[] = [], entries: readonly string[] = ['.']): string {
  const file = join(folder, 'out.tar');
  const { status, stderr } = spawnSync('tar', [...flags, '-cf', file, '-C', join(folder, 'in'), ...entries], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return file;
}

const blob = (bytes: Uint8Array, mediaType: string, more: object = {}): object => ({
  mediaType,
  digest: `sha256:${sha(bytes)}`,
  size: bytes.length,
  ...more,
});

/** An OCI layout of an image with a packed and a plain layer, behind an index of two platforms. */
function layout(): void {
  const manifest = Buffer.from(
    JSON.stringify({
      layers: [
        blob(packed, 'application/vnd.oci.image.layer.v1.tar+gzip'),
        blob(layer, 'application/vnd.oci.image.layer.v1.tar'),
      ],
    }),
  );
  const inner = Buffer.from(
    JSON.stringify({
      manifests: [
        blob(manifest, 'm', { platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } }),
        blob(manifest, 'm', { platform: { os: 'unknown', architecture: 'unknown' } }),
      ],
    }),
  );
  for (const bytes of [packed, layer, manifest, inner]) put(`blobs/sha256/${sha(bytes)}`, bytes);
  const named = { annotations: { 'org.opencontainers.image.ref.name': 'v1' } };
  put('index.json', JSON.stringify({ manifests: [blob(inner, 'i', named)] }));
}

const inLayout = [
  { storedBytes: packed.length, compression: 'gzip' },
  { storedBytes: layer.length, compression: 'none', gzipBytes: packed.length },
];

describe('a plain layer whose first file name begins as JSON does', () => {
  test.each(['{{ cookiecutter.name }}/', '[id].tsx', '{}'])(
    '%s: gzip makes of it what it makes of any',
    async (name) => {
      const bytes = Buffer.concat([Buffer.from(name), Buffer.alloc(name === '{}' ? 0 : 50_000, 7)]);
      const plain = { storedBytes: bytes.length, compression: 'none', gzipBytes: gzipSync(bytes).length };
      put('one/layer.tar', bytes);
      put('manifest.json', JSON.stringify([{ RepoTags: ['team/app:1'], Layers: ['one/layer.tar'] }]));
      expect(await imagesOfFile(tar())).toEqual([{ name: 'team/app:1', layers: [plain] }]);
      rmSync(join(folder, 'in'), { recursive: true });
      const manifest = Buffer.from(JSON.stringify({ layers: [blob(bytes, 'application/vnd.oci.image.layer.v1.tar')] }));
      for (const each of [bytes, manifest]) put(`blobs/sha256/${sha(each)}`, each);
      put('index.json', JSON.stringify({ manifests: [blob(manifest, 'm')] }));
      for (const file of [tar(), join(folder, 'in')])
        expect(await imagesOfFile(file)).toMatchObject([{ layers: [plain] }]);
    },
  );
});

describe('docker save', () => {
  test.each([['--format=pax'], ['--format=gnu'], ['--format=ustar']])(
    'as tar writes it with %s: layers by name, through links, with what gzip makes of them',
    async (format) => {
      const long = `${'a'.repeat(60)}/${'b'.repeat(60)}`;
      put(`${long}/layer.tar`, layer);
      put('second/layer.tar', packed);
      mkdirSync(join(folder, 'in/third'));
      symlinkSync(`../${long}/layer.tar`.slice(0, 99 + 50), join(folder, 'in/third/layer.tar'));
      const isLong = format !== '--format=ustar';
      const Layers = [`${long}/layer.tar`, 'second/layer.tar', ...(isLong ? ['third/layer.tar'] : [])];
      if (!isLong) rmSync(join(folder, 'in/third'), { recursive: true });
      put('manifest.json', JSON.stringify([{ RepoTags: ['team/app:1'], Layers }]));
      const plain = { storedBytes: layer.length, compression: 'none', gzipBytes: packed.length };
      expect(await imagesOfFile(tar([format]))).toEqual([
        {
          name: 'team/app:1',
          layers: [plain, { storedBytes: packed.length, compression: 'gzip' }, ...(isLong ? [plain] : [])],
        },
      ]);
    },
  );

  test('in gzip', async () => {
    put('a/layer.tar', layer);
    put('manifest.json', JSON.stringify([{ RepoTags: null, Layers: ['a/layer.tar'] }]));
    const [image] = await imagesOfFile(tar(['-z']));
    expect(image).toMatchObject({ name: 'image 1 without a tag', layers: [{ storedBytes: layer.length }] });
  });
});

test('an OCI layout folder and an OCI archive: one image a platform, attestations left out', async () => {
  layout();
  const wanted = [{ name: 'v1 linux/arm64/v8', layers: inLayout }];
  expect(await imagesOfFile(join(folder, 'in'))).toEqual(wanted);
  expect(await imagesOfFile(tar())).toEqual(wanted);
});

test.each([
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
])('a layer that is not to be distributed is not pushed: %s', async (mediaType) => {
  const own = { ...blob(packed, 'application/vnd.oci.image.layer.v1.tar+gzip') };
  const far = {
    digest: `sha256:${'0'.repeat(64)}`,
    size: 2_000_000_000,
    mediaType,
    urls: ['https://example.com/layer'],
  };
  const manifest = Buffer.from(JSON.stringify({ layers: [far, own] }));
  put(`blobs/sha256/${sha(manifest)}`, manifest);
  put('index.json', JSON.stringify({ manifests: [blob(manifest, 'application/vnd.oci.image.manifest.v1+json')] }));
  const [image] = await imagesOfFile(join(folder, 'in'));
  expect(image?.layers).toEqual([{ storedBytes: packed.length, compression: 'gzip' }]);
});

describe('what is no image', () => {
  test.each<[string, () => string, string]>([
    ['text', () => put('x', 'no tar\n'.repeat(200)), 'is no tar archive'],
    ['zstd', () => put('x', Buffer.from('28b52ffd00', 'hex')), 'is compressed by zstd'],
    ['xz', () => put('x', Buffer.from('fd377a585a00', 'hex')), 'is compressed by xz'],
    ['bzip2', () => put('x', 'BZh91AY&SY'), 'is compressed by bzip2'],
    ['damaged gzip', () => put('x', packed.subarray(0, 30)), 'is gzip that cannot be read'],
    ['an empty file', () => put('x', ''), 'has neither'],
    ['an empty folder', () => dirname(put('x', '')), 'has neither'],
    ['another tar', () => (put('x', 'y'), tar()), 'has neither'],
    [
      'a manifest without its layer',
      () => (put('manifest.json', JSON.stringify([{ Layers: ['gone'] }])), tar()),
      'lacks the layer gone',
    ],
    [
      'a layout without its manifest',
      () => {
        put('index.json', JSON.stringify({ manifests: [blob(layer, 'm')] }));
        return join(folder, 'in');
      },
      'lacks the manifest',
    ],
    [
      'a digest that leads out of the blobs',
      () => {
        put('index.json', JSON.stringify({ manifests: [{ digest: `..:${'a'.repeat(64)}`, size: 1 }] }));
        put('a'.repeat(64), JSON.stringify({ layers: [] }));
        return join(folder, 'in');
      },
      'lacks the manifest',
    ],
    [
      'a digest in other letters',
      () => {
        const hex = `${'a'.repeat(63)}_`;
        put('index.json', JSON.stringify({ manifests: [{ digest: `sha256:${hex}`, size: 1 }] }));
        put(`blobs/sha256/${hex}`, JSON.stringify({ layers: [] }));
        return join(folder, 'in');
      },
      'lacks the manifest',
    ],
    ['an archive that was cut', () => cut(), 'ends too early'],
  ])('%s', async (_what, make, message) => {
    await expect(imagesOfFile(make())).rejects.toThrow(message);
  });

  function cut(): string {
    put('a/layer.tar', layer);
    const file = tar();
    truncateSync(file, readFileSync(file).indexOf(layer.subarray(0, 64)) + 1_000);
    return file;
  }
});

test('an archive has no more entries, and no more JSON, than an image may have', async () => {
  const text = JSON.stringify([{ Layers: ['layer.tar'] }]);
  put('layer.tar', packed);
  symlinkSync('layer.tar', join(folder, 'in/link'));
  put('manifest.json', text);
  const file = tar([], ['layer.tar', 'link', 'manifest.json']);
  const jsonBytes = text.length;
  expect(await imagesOfFile(file, { entries: 3, jsonBytes })).toHaveLength(1);
  await expect(imagesOfFile(file, { entries: 2, jsonBytes })).rejects.toThrow('has too many entries for an image');
  const less = { entries: 3, jsonBytes: jsonBytes - 1 };
  await expect(imagesOfFile(file, less)).rejects.toThrow('has more JSON in it than an image has');
});

describe('an OCI layout folder', () => {
  /** One image whose manifest has so many bytes; its layer is not there unless `own` is. */
  function withManifest(sizeBytes: number, own?: Uint8Array): string {
    const mediaType = 'application/vnd.oci.image.layer.v1.tar';
    const text = JSON.stringify({ layers: [blob(layer, mediaType)] });
    const manifest = Buffer.from(text.padEnd(sizeBytes));
    put(`blobs/sha256/${sha(manifest)}`, manifest);
    if (own !== undefined) put(`blobs/sha256/${sha(own)}`, own);
    put('index.json', JSON.stringify({ manifests: [blob(manifest, 'm')] }));
    return join(folder, 'in');
  }
  const most = 4 * 1024 * 1024;

  test('has manifests of up to 4 MiB', async () => {
    expect(await imagesOfFile(withManifest(most, layer))).toMatchObject([{ layers: [{ storedBytes: layer.length }] }]);
    await expect(imagesOfFile(withManifest(most + 1, layer))).rejects.toThrow('lacks the manifest');
  });

  test('lacks a layer that is not there, or is no file', async () => {
    await expect(imagesOfFile(withManifest(0))).rejects.toThrow(`lacks the layer sha256:${sha(layer)}`);
    mkdirSync(join(folder, 'in/blobs/sha256', sha(layer)));
    await expect(imagesOfFile(join(folder, 'in'))).rejects.toThrow(`lacks the layer sha256:${sha(layer)}`);
  });

  test('lacks a manifest that is no file', async () => {
    mkdirSync(join(folder, 'in/blobs/sha256', sha(layer)), { recursive: true });
    put('index.json', JSON.stringify({ manifests: [blob(layer, 'm')] }));
    await expect(imagesOfFile(join(folder, 'in'))).rejects.toThrow('lacks the manifest');
  });
});

test('a file that is not there is the system’s to name', async () => {
  await expect(imagesOfFile(join(folder, 'gone'))).rejects.toMatchObject({ code: 'ENOENT' });
});
