import { setTimeout as delay } from 'node:timers/promises';
import { framingOf } from '../loopback-server.ts';
import { type RegistryCall, locationOf, readBody, sendEmpty, sendError, sendJson } from './call.ts';
import { type Upload, digestAlgorithm } from './store.ts';

/** POST /v2/NAME/blobs/uploads/: mount, single-request upload or a new session (end-4a, end-4b, end-4c, end-11). */
export async function startUpload(call: RegistryCall, repository: string): Promise<void> {
  const { store, url, settings } = call;
  const mount = url.searchParams.get('mount');
  if (mount !== null && mountBlob(call, repository, mount)) return;
  const digest = url.searchParams.get('digest');
  const algorithm = url.searchParams.get('digest-algorithm') ?? 'sha256';
  if (algorithm !== 'sha256' && algorithm !== 'sha512') return sendError(call, 400, 'DIGEST_INVALID', { algorithm });
  if (digest !== null && settings.quirks.singlePost) {
    const wanted = digestAlgorithm(digest);
    if (!wanted) return sendError(call, 400, 'DIGEST_INVALID', { digest });
    const upload = store.openUpload(repository, wanted);
    if ((await receive(call, upload)) !== 'complete') return store.closeUpload(upload);
    await finish(call, upload, digest);
    // There is no session the client could know of: a refused single POST leaves nothing.
    return store.closeUpload(upload);
  }
  const upload = store.openUpload(repository, algorithm);
  sendEmpty(call, 202, {
    ...sessionHeaders(call, upload),
    ...(settings.quirks.postRange === 'absent' ? {} : { Range: '0-0' }),
    ...(settings.chunkMinBytes === undefined ? {} : { 'OCI-Chunk-Min-Length': String(settings.chunkMinBytes) }),
  });
}

/** PATCH on a session (end-5), streamed or with Content-Range. */
export async function patchUpload(call: RegistryCall, upload: Upload): Promise<void> {
  const { quirks } = call.settings;
  const type = call.request.headers['content-type'] ?? '';
  if (quirks.checksPatchContentType && type !== '' && type !== 'application/octet-stream')
    return sendError(call, 500, 'UNKNOWN', { contentType: type });
  const contentRange = call.request.headers['content-range'];
  if (contentRange === undefined && upload.streamed && quirks.secondStreamedPatch === 'refused') {
    const message = 'Stream uploads after first write are not allowed';
    return sendJson(call, 400, { errors: [{ code: 'BLOB_UPLOAD_INVALID', message }] });
  }
  if (!rangeAccepted(call, upload, contentRange)) return;
  const received = await receive(call, upload);
  if (contentRange === undefined && upload.sizeBytes > 0) upload.streamed = true;
  if (received !== 'complete') return;
  sendEmpty(call, 202, { ...sessionHeaders(call, upload), ...rangeHeader(call, upload.sizeBytes) });
}

/** PUT on a session (end-6): optional last bytes, then the commit. */
export async function putUpload(call: RegistryCall, upload: Upload): Promise<void> {
  const digest = call.url.searchParams.get('digest') ?? '';
  if (digestAlgorithm(digest) !== upload.algorithm) {
    if (call.settings.quirks.afterBadDigest === 'removed') call.store.closeUpload(upload);
    return sendError(call, 400, 'DIGEST_INVALID', { digest });
  }
  if (!rangeAccepted(call, upload, call.request.headers['content-range'])) return;
  const ignored = call.settings.quirks.chunkedPutBody === 'ignored' && framingOf(call.request) === 'chunked';
  const received = ignored ? await readBody(call, () => true) : await receive(call, upload);
  if (received === 'complete') await finish(call, upload, digest);
}

/** GET on a session (end-13). */
export function uploadStatus(call: RegistryCall, upload: Upload): void {
  if (call.settings.quirks.statusRange === 'off-by-one')
    return sendEmpty(call, 204, { Range: `0-${upload.sizeBytes}` });
  sendEmpty(call, 204, { ...sessionHeaders(call, upload), ...rangeHeader(call, upload.sizeBytes) });
}

/** DELETE on a session (end-14). */
export function cancelUpload(call: RegistryCall, upload: Upload): void {
  call.store.closeUpload(upload);
  sendEmpty(call, 204);
}

/** The session a URL names, after the checks every request on it goes through; undefined: already answered. */
export function findUpload(call: RegistryCall, repository: string, id: string): Upload | undefined {
  const { uploadState } = call.settings;
  const upload = call.store.uploads.get(id);
  if (uploadState?.refuses(call, id, upload) === true) return undefined;
  if (!upload || upload.repository !== repository) {
    sendError(call, 404, 'BLOB_UPLOAD_UNKNOWN');
    return undefined;
  }
  upload.touchedAtMs = performance.now();
  if (upload.poisoned && call.request.method !== 'GET' && call.request.method !== 'DELETE') {
    sendError(call, 500, 'UNKNOWN', 'offset mismatch between file and model');
    return undefined;
  }
  return upload;
}

function mountBlob(call: RegistryCall, repository: string, digest: string): boolean {
  const from = call.url.searchParams.get('from');
  const blob = call.store.blobs.get(digest);
  if (!blob || (from === null && call.settings.quirks.mount === 'from-required')) return false;
  const sources = from === null ? [...blob.repositories] : [from].filter((name) => blob.repositories.has(name));
  if (!sources.some((name) => call.mayPull(name))) return false;
  blob.repositories.add(repository);
  created(call, repository, digest);
  return true;
}

function created(call: RegistryCall, repository: string, digest: string): void {
  const location = locationOf(call, `/v2/${repository}/blobs/${digest}`);
  sendEmpty(call, 201, { Location: location, 'Docker-Content-Digest': digest });
}

async function receive(call: RegistryCall, upload: Upload): Promise<'complete' | 'broken' | 'refused'> {
  const received = await readBody(call, (chunk) => call.store.append(upload, chunk));
  if (received === 'refused') sendError(call, 500, 'UNKNOWN', 'no space left on device');
  if (received !== 'complete') {
    const { afterBrokenPatch } = call.settings.quirks;
    if (afterBrokenPatch === 'removed') call.store.closeUpload(upload);
    if (afterBrokenPatch === 'poisoned') upload.poisoned = true;
  }
  return received;
}

async function finish(call: RegistryCall, upload: Upload, digest: string): Promise<void> {
  const { quirks, commitDelayMs, commitBytesPerSecond, quotaBytes, blobLimitBytes } = call.settings;
  const commitMs = commitDelayMs + (commitBytesPerSecond ? (upload.sizeBytes / commitBytesPerSecond) * 1000 : 0);
  if (commitMs > 0) await delay(commitMs);
  const actual = `${upload.algorithm}:${upload.hash.copy().digest('hex')}`;
  if (actual !== digest) {
    if (quirks.afterBadDigest === 'removed') call.store.closeUpload(upload);
    return sendError(call, 400, 'DIGEST_INVALID', { digest });
  }
  const used = call.store.committedBytes;
  if (quotaBytes !== undefined && used + upload.sizeBytes > quotaBytes) {
    const detail = `adding ${upload.sizeBytes} B of storage resource, which when updated to current usage of ${used} B will exceed the configured upper limit of ${quotaBytes} B`;
    return sendError(call, 403, 'DENIED', detail);
  }
  if (blobLimitBytes !== undefined && upload.sizeBytes > blobLimitBytes)
    return sendError(call, 403, 'DENIED', `${upload.sizeBytes} B are above the limit of ${blobLimitBytes} B`);
  // Only a session that is still open may become a blob: it can have been cancelled while the commit was under way.
  if (!call.store.uploads.has(upload.id)) return sendError(call, 404, 'BLOB_UPLOAD_UNKNOWN');
  call.store.commit(upload, digest);
  created(call, upload.repository, digest);
}

/** Answers 416 (or 400 for a wrong length) when the Content-Range does not continue the session. */
function rangeAccepted(call: RegistryCall, upload: Upload, contentRange: string | undefined): boolean {
  const { quirks } = call.settings;
  const declared = call.request.headers['content-length'];
  if (contentRange === undefined || quirks.contentRange === 'ignored') return true;
  if (quirks.contentRange === 'with-length' && declared === undefined) return true;
  const match = /^([0-9]+)-([0-9]+)$/.exec(contentRange);
  const start = Number(match?.[1]);
  const end = Number(match?.[2]);
  const lengthWrong = declared !== undefined && end - start + 1 !== Number(declared);
  if (!match && quirks.contentRange === 'start-only') {
    sendError(call, 400, 'BLOB_UPLOAD_INVALID');
    return false;
  }
  if (!match || start !== upload.sizeBytes) {
    const { status, code, saysWhere } = quirks.outOfOrder;
    sendError(call, status, code, { contentRange }, saysWhere ? statusOf(call, upload) : {});
    return false;
  }
  if (quirks.contentRange !== 'start-only' && lengthWrong) {
    sendError(call, 400, 'SIZE_INVALID', { contentRange });
    return false;
  }
  return true;
}

/** Where a session stands, as headers. */
export function statusOf(call: RegistryCall, upload: Upload): Record<string, string> {
  return { ...sessionHeaders(call, upload), ...rangeHeader(call, upload.sizeBytes) };
}

function rangeHeader(call: RegistryCall, sizeBytes: number): Record<string, string> {
  if (sizeBytes > 0) return { Range: `0-${sizeBytes - 1}` };
  const { emptyRange } = call.settings.quirks;
  return emptyRange === 'absent' ? {} : { Range: emptyRange };
}

function sessionHeaders(call: RegistryCall, upload: Upload): Record<string, string> {
  const { quirks, uploadState } = call.settings;
  const path = `/v2/${upload.repository}/blobs/uploads/${upload.id}`;
  const query = uploadState === undefined ? '' : `?_state=${uploadState.of(upload)}`;
  return { Location: locationOf(call, path + query), [quirks.sessionHeader]: upload.id };
}
