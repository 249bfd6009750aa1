import type { Writable } from 'node:stream';
import { type RegistryCall, sendEmpty, sendError } from './call.ts';
import { type StoredBlob, digestAlgorithm } from './store.ts';

/** GET and HEAD of a blob (end-2), whole or one byte range. */
export async function readBlob(call: RegistryCall, repository: string, digest: string): Promise<void> {
  if (!digestAlgorithm(digest)) return sendError(call, 400, 'DIGEST_INVALID', { digest });
  const blob = call.store.blobs.get(digest);
  if (!blob?.repositories.has(repository)) return sendError(call, 404, 'BLOB_UNKNOWN', { digest });
  const { ranges } = call.settings.quirks;
  const range = ranges ? rangeOf(call.request.headers.range, blob.sizeBytes) : undefined;
  if (range === 'unsatisfiable') return sendEmpty(call, 416, { 'Content-Range': `bytes */${blob.sizeBytes}` });
  const headers: Record<string, string> = {
    'Content-Type': 'application/octet-stream',
    'Docker-Content-Digest': digest,
    ...(ranges && { 'Accept-Ranges': 'bytes' }),
    ETag: `"${digest}"`,
  };
  const start = range?.start ?? 0;
  const end = range?.end ?? blob.sizeBytes - 1;
  if (range) headers['Content-Range'] = `bytes ${start}-${end}/${blob.sizeBytes}`;
  headers['Content-Length'] = String(end - start + 1);
  const bodiless = call.request.method === 'HEAD';
  if (!bodiless && !blob.chunks) return sendError(call, 500, 'UNKNOWN', 'this registry discards the bytes of blobs');
  call.response.writeHead(range ? 206 : 200, headers);
  if (!bodiless) await writeChunks(call, blob, start, end + 1);
  call.response.end();
}

/** DELETE of a blob (end-10). */
export function deleteBlob(call: RegistryCall, repository: string, digest: string): void {
  const { quirks } = call.settings;
  if (quirks.deletion === 'disabled') return sendError(call, 405, 'UNSUPPORTED');
  if (!digestAlgorithm(digest)) return sendError(call, quirks.deleteMissingBlob === 202 ? 404 : 400, 'DIGEST_INVALID');
  if (call.store.deleteBlob(repository, digest) || quirks.deleteMissingBlob === 202) return sendEmpty(call, 202);
  sendError(call, 404, 'BLOB_UNKNOWN', { digest });
}

async function writeChunks(
  { response }: RegistryCall,
  { chunks = [] }: StoredBlob,
  start: number,
  end: number,
): Promise<void> {
  let offset = 0;
  for (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, start - offset), Math.max(0, end - offset));
    offset += chunk.length;
    if (piece.length === 0) continue;
    if (response.destroyed) return;
    if (!response.write(piece)) await drained(response);
  }
}

/** Resolves when the stream takes more, or is gone. */
function drained(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    function done(): void {
      stream.off('drain', done);
      stream.off('close', done);
      stream.off('error', done);
      resolve();
    }
    if (stream.destroyed || !stream.writableNeedDrain) return resolve();
    stream.on('drain', done);
    stream.on('close', done);
    stream.on('error', done);
  });
}

/** A single `bytes=` range; anything else is ignored, as RFC 9110 §14.2 allows. */
function rangeOf(
  header: string | undefined,
  sizeBytes: number,
): { start: number; end: number } | 'unsatisfiable' | undefined {
  const match = /^bytes=([0-9]*)-([0-9]*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  if (match[1] === '') {
    const suffix = Math.min(Number(match[2]), sizeBytes);
    return suffix === 0 ? 'unsatisfiable' : { start: sizeBytes - suffix, end: sizeBytes - 1 };
  }
  const start = Number(match[1]);
  const end = match[2] === '' ? sizeBytes - 1 : Math.min(Number(match[2]), sizeBytes - 1);
  if (start >= sizeBytes) return 'unsatisfiable';
  return end < start ? undefined : { start, end };
}
