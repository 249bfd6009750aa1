import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A tar archive of one file of so many random bytes: nobody has seen its digest before, and it does not compress. */
export function randomTar(sizeBytes: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  header.write('payload.bin', 0);
  header.write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0${octal(sizeBytes, 11)}\0${octal(0, 11)}\0`, 100);
  header.write(' '.repeat(8), 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${octal(sum, 6)}\0 `, 148);
  const padding = Buffer.alloc((512 - (sizeBytes % 512)) % 512);
  return Buffer.concat([header, randomBytes(sizeBytes), padding, Buffer.alloc(1024)]);
}

/** What was written of an image layout: digests and sizes of its blobs. */
export interface ImageLayout {
  readonly layers: readonly Descriptor[];
  readonly config: Descriptor;
  readonly manifest: Descriptor;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Writes an OCI image layout with one gzip layer into a new folder and returns the size of that layer's blob. */
export function writeOciLayout(folder: string, layerBytes: number): number {
  return writeImageLayout(folder, [layerBytes]).layers[0]?.size ?? 0;
}

/**
 * Writes an OCI image layout, tagged `latest`, with gzip layers of random bytes into a new folder. Programs that copy it as it is
 * push blobs of just these sizes.
 */
export function writeImageLayout(folder: string, layerBytes: readonly number[]): ImageLayout {
  const blobs = join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Buffer, mediaType: string): Descriptor => {
    const digest = digestOf(bytes);
    writeFileSync(join(blobs, digest.slice('sha256:'.length)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const tars = layerBytes.map(randomTar);
  const layers = tars.map((tar) => put(gzipSync(tar, { level: 1 }), 'application/vnd.oci.image.layer.v1.tar+gzip'));
  const config = put(
    json({ architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: tars.map(digestOf) } }),
    'application/vnd.oci.image.config.v1+json',
  );
  const manifest = put(
    json({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config, layers }),
    'application/vnd.oci.image.manifest.v1+json',
  );
  writeFileSync(join(folder, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  const named = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'latest' } };
  writeFileSync(join(folder, 'index.json'), json({ schemaVersion: 2, manifests: [named] }));
  return { layers, config, manifest };
}

/** `sha256:…` */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
