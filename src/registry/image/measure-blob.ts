import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import { parseJson } from '../json.ts';
import { ByteReader } from './byte-reader.ts';
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
  const input = new ByteReader(body);
  const head = await input.upTo(magicBytes);
  const measuring = measuringFor(head);
  let sizeBytes = 0;
  for (let chunk = head; chunk.length > 0; chunk = await input.some(Number.POSITIVE_INFINITY)) {
    sizeBytes += chunk.length;
    await measuring.take(chunk);
  }
  return { sizeBytes, ...(await measuring.end()) };
}

interface Measuring {
  take(chunk: Uint8Array): Promise<void>;
  end(): Promise<Omit<MeasuredBlob, 'sizeBytes'>>;
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
    end: async () => {
      const text = Buffer.concat(kept).toString('utf8');
      return { ...(await gzip.end()), text: parseJson(text) === undefined ? undefined : text };
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
