import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { gzipMember } from './gzip-pieces.ts';
import type { Answer } from './series.ts';

/** As few turns of the event loop as possible for an answer of many megabytes, while two such chunks are no burden. */
const plainChunkBytes = 256 * 1024;

/** The answer as gzip, made no faster than it is read. */
export function gzipStream(answer: Answer): Readable {
  return Readable.from(gzipMember(answer), { objectMode: false });
}

/** The answer as text: unpacked outside the event loop, because only the compressed form is kept. */
export function plainStream(answer: Answer): Readable {
  // Whoever reads is told of errors by the stream itself.
  return pipeline(gzipStream(answer), createGunzip({ chunkSize: plainChunkBytes }), () => {});
}
