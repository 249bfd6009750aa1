import { createHash } from 'node:crypto';
import { digestOf, type ImageDocument, imageConfig, imageManifest } from '../../registry/manifest.ts';
import type { Payload } from '../../registry/payload.ts';
import type { Blob } from './blobs.ts';
import { type Check, checkId } from '../check.ts';

/** What turns layers into an image: its configuration as a blob, its manifest and what that is put under: a tag, or its digest. */
export interface Image {
  readonly config: Blob;
  readonly manifest: ImageDocument;
  readonly reference: string;
}

/** The image over these layers, in the media types of the check's client; an untagged one of the same layers is always the same. */
export function imageOf(check: Check, layers: readonly Blob[], now: Date): Image {
  const { untagged } = check.workload;
  const descriptors = layers.flatMap(({ payload }) => Array.from({ length: untagged?.timesNamed ?? 1 }, () => payload));
  const config = {
    name: 'config',
    payload: payloadOf(imageConfig(descriptors, untagged === undefined ? now : new Date(0))),
  };
  const manifest = imageManifest(check.client.manifest, config.payload, descriptors);
  return { config, manifest, reference: untagged === undefined ? tagOf(check) : manifest.digest };
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
