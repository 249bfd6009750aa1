import { createHash } from 'node:crypto';
import { digestOf, type ImageDocument, imageConfig, imageManifest } from '../../registry/manifest.ts';
import type { Payload } from '../../registry/payload.ts';
import type { Blob } from './blobs.ts';
import { type Check, checkId } from '../check.ts';

/** What turns layers into an image: its configuration as a blob, its manifest and the tag it is pushed under. */
export interface Image {
  readonly config: Blob;
  readonly manifest: ImageDocument;
  readonly tag: string;
}

/** The image over these layers, in the media types of the check's client. */
export function imageOf(check: Check, layers: readonly Blob[], now: Date): Image {
  const descriptors = layers.map((layer) => layer.payload);
  const config = { name: 'config', payload: payloadOf(imageConfig(descriptors, now)) };
  return { config, manifest: imageManifest(check.client.manifest, config.payload, descriptors), tag: tagOf(check) };
}

/** One tag a check: it moves from run to run, so that tags do not pile up, and no two checks fight over one. */
function tagOf(check: Check): string {
  return `blobprobe-${createHash('sha256').update(checkId(check)).digest('hex').slice(0, 12)}`;
}

function payloadOf(bytes: Uint8Array): Payload {
  return {
    digest: digestOf(bytes),
    sizeBytes: bytes.byteLength,
    *chunks(writeBytes, from = 0, to = bytes.byteLength) {
      const step = typeof writeBytes === 'number' ? writeBytes : writeBytes(0);
      for (let offset = from; offset < to; offset += step) yield bytes.subarray(offset, Math.min(offset + step, to));
    },
  };
}
