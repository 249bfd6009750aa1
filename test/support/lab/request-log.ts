import type { IncomingMessage, ServerResponse } from 'node:http';
import { framingOf } from '../../../src/lab/loopback-server.ts';

/** What the log of a server shows. */
export interface Logged {
  /** The last requests, oldest first. */
  readonly requests: readonly LoggedRequest[];
  /** All requests since the start, also those no longer kept. */
  readonly requestTotal: number;
  clearRequests(): void;
}

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

const seenOn = new WeakMap<object, number>();

/** Requests that were noted on a connection so far. */
export function requestsOn(socket: object): number {
  return seenOn.get(socket) ?? 0;
}

/** The last requests of a server, oldest first, bounded. */
export class RequestLog {
  readonly #capacity: number;
  readonly #ring: LoggedRequest[] = [];
  #total = 0;

  constructor(capacity = 1000) {
    this.#capacity = capacity;
  }

  /** Notes a request, and what becomes of it. */
  add(request: IncomingMessage, response: ServerResponse): LoggedRequest {
    this.#total += 1;
    seenOn.set(request.socket, requestsOn(request.socket) + 1);
    const entry = logged(request, this.#total);
    this.#ring.push(entry);
    if (this.#ring.length > this.#capacity) this.#ring.shift();
    watch(request, response, entry);
    return entry;
  }

  /** The same server, with what the log shows. */
  shownBy<Server extends object>(server: Server): Server & Logged {
    const ring = this.#ring;
    const totalOf = (): number => this.#total;
    const shown: Logged = {
      get requests() {
        return [...ring];
      },
      get requestTotal() {
        return totalOf();
      },
      clearRequests: () => void (ring.length = 0),
    };
    return Object.defineProperties(server, Object.getOwnPropertyDescriptors(shown)) as Server & Logged;
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

/** Keeps the log's entry true while the exchange goes on. */
function watch(request: IncomingMessage, response: ServerResponse, entry: LoggedRequest): void {
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
