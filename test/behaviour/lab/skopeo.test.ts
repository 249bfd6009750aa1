import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createAuthority } from '../../../src/lab/certificates.ts';
import { startEdge } from '../../support/lab/edge.ts';
import type { RegistryAuth } from '../../support/lab/auth.ts';
import { quirksNames } from '../../support/lab/quirks.ts';
import { type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';
import { describeWithComponents, findComponent } from '../../support/component.ts';
import { sha256 } from '../../support/wire.ts';

const run = promisify(execFile);

describeWithComponents(['skopeo'], 'skopeo against the embedded registry', () => {
  const skopeo = findComponent('skopeo') ?? 'skopeo';
  let folder: string;
  let layer: string;
  const authority = createAuthority('skopeo test CA');
  const tls = authority.issue({ names: ['127.0.0.1'] });

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'blobprobe-skopeo-'));
    layer = writeImage(join(folder, 'image'), 3_000_000);
    mkdirSync(join(folder, 'certificates'));
    writeFileSync(join(folder, 'certificates', 'ca.crt'), authority.cert);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Copies the image in and out again; the layer's digest is looked for on both sides. */
  async function copyThrough(origin: string, options: readonly string[], direction: 'both' | 'in' = 'both') {
    const remote = `docker://${new URL(origin).host}/team/image:v1`;
    const named = (side: string) => options.map((option) => option.replace('--side', `--${side}`));
    const env = { PATH: '/usr/bin:/bin', HOME: folder, TMPDIR: folder };
    const copy = (...args: string[]) => run(skopeo, ['--insecure-policy', 'copy', '--quiet', ...args], { env });
    await copy(...named('dest'), `oci:${join(folder, 'image')}:v1`, remote);
    if (direction === 'in') return undefined;
    const out = join(folder, `out-${randomBytes(4).toString('hex')}`);
    await copy(...named('src'), remote, `oci:${out}:v1`);
    return existsSync(join(out, 'blobs', 'sha256', layer.replace('sha256:', '')));
  }

  const plain = ['--side-tls-verify=false'];
  const credentials = ['--side-creds', 'user:pass'];
  const users = [{ name: 'user', password: 'pass' }];
  const bearer: RegistryAuth = { kind: 'bearer', users };
  const ways: [string, RegistryOptions, readonly string[]][] = [
    ...quirksNames.map((quirks): [string, RegistryOptions, readonly string[]] => [quirks, { quirks }, plain]),
    ['basic', { auth: { kind: 'basic', users } }, [...plain, ...credentials]],
    ['bearer', { auth: bearer }, [...plain, ...credentials]],
    ['bearer of gitea', { auth: bearer, quirks: 'gitea' }, [...plain, ...credentials]],
    ['bearer of harbor', { auth: bearer, quirks: 'harbor-quota' }, [...plain, ...credentials]],
    ['TLS', { tls }, ['--side-cert-dir', 'CERTIFICATES']],
    ['TLS and bearer', { tls, auth: bearer }, ['--side-cert-dir', 'CERTIFICATES', ...credentials]],
  ];
  test.each(ways)('%s: an image goes in and comes out', async (_, options, args) => {
    const registry = await startRegistry(options);
    try {
      const paths = args.map((arg) => arg.replace('CERTIFICATES', join(folder, 'certificates')));
      expect(await copyThrough(registry.url, paths)).toBe(true);
      expect(registry.blobs.get(layer)).toBeGreaterThan(3_000_000);
      expect([...registry.manifests.keys()]).toContain('team/image:v1');
      expect(registry.openSessions).toEqual([]);
    } finally {
      await registry.close();
    }
  });

  test('wrong credentials and wrong authorities are refused', async () => {
    const registry = await startRegistry({ auth: bearer });
    const secure = await startRegistry({ tls });
    try {
      const wrong = copyThrough(registry.url, [...plain, '--side-creds', 'user:wrong']);
      await expect(wrong).rejects.toThrow(/unauthorized|authentication required|invalid username/);
      await expect(copyThrough(secure.url, [])).rejects.toThrow(/certificate signed by unknown authority/);
    } finally {
      await Promise.all([registry.close(), secure.close()]);
    }
  });

  test('behind an edge with a body limit skopeo meets the page of nginx', async () => {
    const registry = await startRegistry();
    const edge = await startEdge({
      upstream: registry.url,
      faults: [{ kind: 'body-limit', limitBytes: 1_000_000, ending: 'linger' }],
    });
    try {
      await expect(copyThrough(edge.url, plain, 'in')).rejects.toThrow('413');
    } finally {
      await Promise.all([edge.close(), registry.close()]);
    }
  });
});

/** An OCI image layout with one layer of random bytes; returns the layer's digest. */
function writeImage(folder: string, layerBytes: number): string {
  const blobs = join(folder, 'blobs', 'sha256');
  mkdirSync(blobs, { recursive: true });
  const add = (mediaType: string, bytes: Buffer) => {
    const digest = sha256(bytes);
    writeFileSync(join(blobs, digest.replace('sha256:', '')), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const content = tarOf('random', randomBytes(layerBytes));
  const layer = add('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(content, { level: 1 }));
  const rootfs = { type: 'layers', diff_ids: [sha256(content)] };
  const configJson = JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs });
  const config = add('application/vnd.oci.image.config.v1+json', Buffer.from(configJson));
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [layer] });
  const entry = {
    ...add(mediaType, Buffer.from(manifest)),
    annotations: { 'org.opencontainers.image.ref.name': 'v1' },
  };
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  writeFileSync(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return layer.digest;
}

/** A tar archive of one file (POSIX ustar). */
function tarOf(name: string, bytes: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number) => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(bytes.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        0', 148);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 7)} `, 148);
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512);
  return Buffer.concat([header, bytes, padding, Buffer.alloc(1024)]);
}
