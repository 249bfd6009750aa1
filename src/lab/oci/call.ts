import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RegistryQuirks } from './quirks.ts';
import type { Store, Upload } from './store.ts';

/** A copy of the session that its Location carries as `_state`, and that comes back with it. */
interface UploadState {
  readonly of: (upload: Upload) => string;
  /** Whether a request is refused for what came back; the answer is sent then. `upload`: undefined where there is none. */
  readonly refuses: (call: RegistryCall, id: string, upload: Upload | undefined) => boolean;
}

/** How a registry behaves. */
export interface RegistrySettings {
  readonly quirks: RegistryQuirks;
  /** Bytes the registry may hold before a commit is refused; undefined: no quota. */
  readonly quotaBytes: number | undefined;
  /**
   * Size above which a blob is refused at its commit, after all bytes, as a full quota is; undefined: no limit. Gitea's and Forgejo's
   * `LIMIT_SIZE_CONTAINER`, recorded from Forgejo 8.0.2: 403 without a word.
   */
  readonly blobLimitBytes: number | undefined;
  /** Announced as OCI-Chunk-Min-Length on the answer to POST. */
  readonly chunkMinBytes: number | undefined;
  /** Time each commit takes, whatever the size. */
  readonly commitDelayMs: number;
  /** Rate of hashing and copying at commit, which makes the time grow with the size; undefined: no time at all. */
  readonly commitBytesPerSecond: number | undefined;
  /** Origin of the token service in the challenge; undefined: the origin the client asked. */
  readonly realmOrigin: string | undefined;
  /** Undefined: Locations carry none. */
  readonly uploadState: UploadState | undefined;
}

/** One request with all that its handler needs. */
export interface RegistryCall {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly settings: RegistrySettings;
  readonly store: Store;
  /** Whether the caller may do this in that repository; used for mounts, which touch a second one. */
  readonly mayPull: (repository: string) => boolean;
}

const statusTexts: Readonly<Record<string, string>> = {
  BLOB_UNKNOWN: 'blob unknown to registry',
  BLOB_UPLOAD_INVALID: 'blob upload invalid',
  BLOB_UPLOAD_UNKNOWN: 'blob upload unknown to registry',
  DENIED: 'requested access to the resource is denied',
  DIGEST_INVALID: 'provided digest did not match uploaded content',
  MANIFEST_BLOB_UNKNOWN: 'blob unknown to registry',
  MANIFEST_INVALID: 'manifest invalid',
  MANIFEST_UNKNOWN: 'manifest unknown',
  NAME_INVALID: 'invalid repository name',
  NAME_UNKNOWN: 'repository name not known to registry',
  PAGINATION_NUMBER_INVALID: 'invalid number of results requested',
  RANGE_INVALID: 'invalid content range',
  SIZE_INVALID: 'provided length did not match content length',
  UNAUTHORIZED: 'authentication required',
  UNKNOWN: 'unknown error',
  UNSUPPORTED: 'The operation is unsupported.',
};

/** Answers without a body. */
export function sendEmpty(call: RegistryCall, status: number, headers: Readonly<Record<string, string>> = {}): void {
  call.response.writeHead(status, { ...headers, ...(status === 204 ? {} : { 'Content-Length': '0' }) }).end();
}

export function sendJson(
  call: RegistryCall,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string | string[]>> = {},
): void {
  const text = JSON.stringify(body);
  const all = { 'Content-Type': 'application/json', ...headers, 'Content-Length': String(Buffer.byteLength(text)) };
  call.response.writeHead(status, all);
  call.response.end(call.request.method === 'HEAD' ? undefined : text);
}

/** Answers with the specification's error object, or with nothing where the registry imitated here does so. */
export function sendError(
  call: RegistryCall,
  status: number,
  code: string,
  detail?: unknown,
  headers: Readonly<Record<string, string | string[]>> = {},
): void {
  const { errors } = call.settings.quirks;
  if (errors === 'codes' && (status === 500 || status === 403)) {
    call.response.writeHead(status, { ...headers, 'Content-Length': '0' }).end();
    return;
  }
  const error = errors === 'codes' ? { code, message: '' } : { code, message: statusTexts[code] ?? code, detail };
  sendJson(call, status, { errors: [error] }, headers);
}

/** Refuses in a line of plain text. */
export function refuseInText(
  call: RegistryCall,
  status: 401 | 404,
  words: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const text = `${words}\n`;
  // As Gitea and Forgejo do: what refuses here is not the container code that sets this header.
  if (call.settings.quirks.plainRefusals !== 'none') call.response.removeHeader('Docker-Distribution-Api-Version');
  const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': String(text.length), ...more };
  call.response.writeHead(status, headers).end(call.request.method === 'HEAD' ? undefined : text);
}

/** The origin the client believes it talks to, as distribution finds it: X-Forwarded-Proto and -Host, else the request itself. */
export function requestOrigin(request: IncomingMessage): string {
  const first = (name: string): string | undefined => {
    const value = request.headers[name];
    return (Array.isArray(value) ? value[0] : value)?.split(',')[0]?.trim();
  };
  const scheme = first('x-forwarded-proto') ?? ('encrypted' in request.socket ? 'https' : 'http');
  return `${scheme}://${first('x-forwarded-host') ?? request.headers.host ?? 'localhost'}`;
}

/** A Location for a path of this registry, absolute or relative as the registry has it. */
export function locationOf(call: RegistryCall, path: string): string {
  return call.settings.quirks.location === 'relative' ? path : requestOrigin(call.request) + path;
}

/**
 * Hands each chunk of the request's body to `onChunk`; stops early when that returns false.
 * `broken`: the client went away, or sent fewer bytes than it had declared.
 */
export async function readBody(
  call: RegistryCall,
  onChunk: (chunk: Buffer) => boolean,
): Promise<'complete' | 'broken' | 'refused'> {
  if (call.request.headers.expect?.toLowerCase() === '100-continue') call.response.writeContinue();
  try {
    // Leaving the loop must not destroy the request: the socket would go with it, and the answer that is due.
    for await (const chunk of call.request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)
      if (!onChunk(chunk)) return 'refused';
  } catch {
    return 'broken';
  }
  return call.request.complete ? 'complete' : 'broken';
}

/** The whole body; `refused` when it is longer than `mostBytes`, `broken` as for `readBody`. */
export async function readWhole(call: RegistryCall, mostBytes: number): Promise<Buffer | 'broken' | 'refused'> {
  const chunks: Buffer[] = [];
  let size = 0;
  const received = await readBody(call, (chunk) => {
    size += chunk.length;
    chunks.push(chunk);
    return size <= mostBytes;
  });
  return received === 'complete' ? Buffer.concat(chunks) : received;
}
