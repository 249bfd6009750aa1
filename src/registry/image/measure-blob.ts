import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import { parseJson } from '../json.ts';
import type { Compression } from './stored-image.ts';

/** A blob that was read once, from its first byte to its last. */
export interface MeasuredBlob {
  readonly sizeBytes: number;
  /** By its first bytes, whatever its media type says. */
  readonly compression: Compression;
  /** Of what is not compressed. */
  readonly gzipBytes?: number;
  /** Of JSON that is short enough to be a manifest or an index: whether it is one, or a layer that reads so, says who names it. */
  readonly text?: string;
}

/** As registries bound manifests (distribution's limit). */
export const mostManifestBytes = 4 * 1024 * 1024;

/** First bytes by which a compression is known (RFC 1952, RFC 8878). */
const magics: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];
const magicBytes = 4;

/** Reads a body in constant memory. What is not compressed goes through gzip, at the level that docker's and skopeo's gzip have: 6, zlib's usual one. */
export async function measureBlob(body: AsyncIterable<Uint8Array>): Promise<MeasuredBlob> {
  let head: Uint8Array = new Uint8Array();
  let sizeBytes = 0;
  let measuring: Measuring | undefined;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (measuring !== undefined) {
      await measuring.take(chunk);
    } else {
      head = Buffer.concat([head, chunk]);
      if (head.length >= magicBytes) {
        measuring = measuringFor(head);
        await measuring.take(head);
      }
    }
  }
  if (measuring === undefined) {
    measuring = measuringFor(head);
    await measuring.take(head);
  }
  return { sizeBytes, ...(await measuring.end(sizeBytes)) };
}

interface Measuring {
  take(chunk: Uint8Array): Promise<void>;
  end(sizeBytes: number): Promise<Omit<MeasuredBlob, 'sizeBytes'>>;
}

function measuringFor(head: Uint8Array): Measuring {
  const compression = magics.find(([, magic]) => magic.every((byte, at) => head[at] === byte))?.[0];
  if (compression !== undefined) return { take: async () => {}, end: async () => ({ compression }) };
  // Manifests may stand after what they name, so what may be one is kept, and what may be a layer is compressed.
  return head[0] === 0x7b || head[0] === 0x5b ? keptText(gzipped()) : gzipped();
}

function keptText(gzip: Measuring): Measuring {
  const kept: Uint8Array[] = [];
  let keptBytes = 0;
  return {
    take: async (chunk) => {
      keptBytes += chunk.length;
      if (keptBytes <= mostManifestBytes) kept.push(Buffer.from(chunk));
      else kept.length = 0;
      await gzip.take(chunk);
    },
    end: async (sizeBytes) => {
      const text = sizeBytes <= mostManifestBytes ? Buffer.concat(kept).toString('utf8') : '';
      return { ...(await gzip.end(sizeBytes)), text: parseJson(text) === undefined ? undefined : text };
    },
  };
}

function gzipped(): Measuring {
  const gzip = createGzip();
  let gzipBytes = 0;
  gzip.on('data', (chunk: Buffer) => (gzipBytes += chunk.length));
  return {
    take: async (chunk) => {
      if (!gzip.write(chunk)) await once(gzip, 'drain');
    },
    end: async () => {
      gzip.end();
      await once(gzip, 'end');
      return { compression: 'none', gzipBytes };
    },
  };
}
