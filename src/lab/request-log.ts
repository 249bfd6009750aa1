import type { IncomingMessage, ServerResponse } from 'node:http';

/** One request as a server of the lab saw it. Mutable until the request is over: `status` and the byte counts grow. */
export interface LoggedRequest {
  /** From 1, in order of arrival, over the life of the server. */
  readonly number: number;
  /** Milliseconds on the monotonic clock. */
  readonly atMs: number;
  readonly method: string;
  /** Path with query, as sent. */
  readonly url: string;
  /** Path without query. */
  readonly path: string;
  /** Header names in lower case; of `authorization` only the scheme is kept. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names as sent, in the order sent. */
  readonly headerNames: readonly string[];
  readonly framing: 'chunked' | 'content-length' | 'none';
  /** The client's port: equal for requests on one connection. */
  readonly remotePort: number;
  /** Bytes of the request body that arrived. */
  receivedBytes: number;
  /** 0 until something was answered. */
  status: number;
  /** The client went away before the exchange was over. */
  aborted: boolean;
  done: boolean;
}

/** The last requests of a server, oldest first, bounded. */
export class RequestLog {
  readonly #capacity: number;
  readonly #ring: LoggedRequest[] = [];
  #total = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get entries(): readonly LoggedRequest[] {
    return [...this.#ring];
  }

  /** All requests since the start, also those no longer kept. */
  get total(): number {
    return this.#total;
  }

  add(request: IncomingMessage): LoggedRequest {
    this.#total += 1;
    const entry = logged(request, this.#total);
    this.#ring.push(entry);
    if (this.#ring.length > this.#capacity) this.#ring.shift();
    return entry;
  }

  clear(): void {
    this.#ring.length = 0;
  }
}

function logged(request: IncomingMessage, number: number): LoggedRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    const text = Array.isArray(value) ? value.join(', ') : (value ?? '');
    headers[name] = name === 'authorization' ? (text.split(' ')[0] ?? '') : text;
  }
  const url = request.url ?? '/';
  return {
    number,
    atMs: performance.now(),
    method: request.method ?? '',
    url,
    path: url.split('?')[0] ?? url,
    headers,
    headerNames: request.rawHeaders.filter((_, index) => index % 2 === 0),
    framing: framingOf(request),
    remotePort: request.socket.remotePort ?? 0,
    receivedBytes: 0,
    status: 0,
    aborted: false,
    done: false,
  };
}

/** How the length of a request's body is told (RFC 9112 §6). */
export function framingOf(request: IncomingMessage): 'chunked' | 'content-length' | 'none' {
  if (request.headers['transfer-encoding'] !== undefined) return 'chunked';
  return request.headers['content-length'] === undefined ? 'none' : 'content-length';
}

/** Keeps the log's entry true while the exchange goes on. */
export function watch(request: IncomingMessage, response: ServerResponse, entry: LoggedRequest): void {
  const emit = request.push.bind(request);
  // Counted where the parser hands bytes over, so that bytes nobody reads are seen too.
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
    if (chunk !== null) entry.receivedBytes += chunk.length;
    return emit(chunk, encoding);
  };
  response.once('finish', () => {
    entry.status = response.statusCode;
  });
  response.once('close', () => {
    entry.done = true;
    entry.aborted = !response.writableFinished || !request.complete;
  });
}
