import { createHash } from 'node:crypto';
import {
  type ClientRequestArgs,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as httpRequest,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

export interface WireRequest {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
  /** true: Transfer-Encoding: chunked; else Content-Length. */
  readonly chunked?: boolean;
  /** Pauses once so many bytes are written. */
  readonly pause?: { readonly afterBytes: number; readonly ms: number };
  /** Destroys the request once so many bytes are written. */
  readonly abortAfterBytes?: number;
  /** Goes on sending after an answer that came early. */
  readonly sendsAll?: boolean;
  readonly ca?: string;
  readonly agent?: ClientRequestArgs['agent'];
  /** Gives up after this time; the outcome's code is then `gave-up`. */
  readonly patienceMs?: number;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Record<string, string | undefined>;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Outcome {
  readonly response: WireResponse | undefined;
  /** Code of the first error of the socket or the response. */
  readonly code: string | undefined;
  readonly elapsedMs: number;
  readonly reusedSocket: boolean;
}

/** One request with node:http alone; whatever happens is in the outcome. */
export async function observe(url: string, wire: WireRequest = {}): Promise<Outcome> {
  const { method = 'GET', body = Buffer.alloc(0), chunked = false } = wire;
  const headers: Record<string, string> = { ...wire.headers };
  if (!chunked && !['GET', 'HEAD', 'DELETE'].includes(method)) headers['content-length'] ??= String(body.length);
  if (chunked) headers['transfer-encoding'] = 'chunked';
  const startedAtMs = performance.now();
  const open = url.startsWith('https:') ? httpsRequest : httpRequest;
  const request = open(url, { method, headers, agent: wire.agent ?? false, ...(wire.ca ? { ca: wire.ca } : {}) });
  let code: string | undefined;
  const note = (error: NodeJS.ErrnoException) => {
    code ??= error.code ?? error.message;
  };
  const patience = setTimeout(() => {
    code ??= 'gave-up';
    request.destroy();
  }, wire.patienceMs ?? 10_000);
  const closed = new Promise((resolve) => request.once('close', resolve));
  const response = new Promise<WireResponse | undefined>((resolve) => {
    let answered = false;
    request.on('error', note);
    request.on('close', () => {
      if (!answered) resolve(undefined);
    });
    request.on('response', (incoming) => {
      answered = true;
      void collect(incoming, note).then(resolve);
    });
  });
  const written = write(request, body, wire);
  const seen = await response;
  // The answer ends the observation, whether or not the body is all written by then.
  if (wire.sendsAll === true) {
    await written;
    await closed;
  }
  clearTimeout(patience);
  request.destroy();
  return { response: seen, code, elapsedMs: performance.now() - startedAtMs, reusedSocket: request.reusedSocket };
}

/** As `observe`, for requests that must be answered. */
export async function send(url: string, wire: WireRequest = {}): Promise<WireResponse> {
  const outcome = await observe(url, wire);
  if (!outcome.response) throw Object.assign(new Error(`no answer: ${outcome.code}`), { code: outcome.code });
  return outcome.response;
}

async function write(request: ReturnType<typeof httpRequest>, body: Buffer, wire: WireRequest): Promise<void> {
  let pause = wire.pause;
  for (let offset = 0; offset < body.length && !request.destroyed; offset += 32_768) {
    if (wire.abortAfterBytes !== undefined && offset >= wire.abortAfterBytes) {
      // What was written before shall arrive.
      await delay(20);
      request.destroy();
      return;
    }
    if (pause && offset >= pause.afterBytes) {
      await delay(pause.ms);
      pause = undefined;
    }
    if (!request.write(body.subarray(offset, offset + 32_768))) await drainedOrClosed(request);
  }
  request.end();
}

async function drainedOrClosed(request: ReturnType<typeof httpRequest>): Promise<void> {
  // Asked of the socket: after an early answer node:http forgets to tell the request that its socket has drained.
  while ((request.socket ?? request).writableNeedDrain && !request.destroyed) await delay(1);
}

function collect(incoming: IncomingMessage, note: (error: NodeJS.ErrnoException) => void): Promise<WireResponse> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const done = () =>
      resolve({
        status: incoming.statusCode ?? 0,
        headers: flat(incoming.headers),
        rawHeaders: incoming.rawHeaders,
        body: Buffer.concat(chunks),
      });
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', note);
    incoming.on('close', done);
    incoming.on('end', done);
  });
}

function flat(headers: IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

export function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Polls until the condition holds; fails with `what` after two seconds. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (condition()) return;
    await delay(10);
  }
  throw new Error(`not within 2 s: ${what}`);
}
