import type { Socket } from 'node:net';
import { type DialedFacts, dial, type OpeningTimes } from './dial.ts';
import { NetworkError } from './errors.ts';
import type { Exchange, HttpRequest } from './exchange.ts';
import { bareHost, effectivePort } from './hosts.ts';
import { Client } from './http-client.ts';
import { openOutlet } from './outlet.ts';
import type { NetworkPath } from './path.ts';
import type { Pacer } from './pump.ts';
import { type LiveConnection, sendRequest } from './send-request.ts';
import type { WireMeter } from './wire-meter.ts';

export interface TransportOptions {
  readonly httpVersion: '1.1' | 'h2-if-offered';
  readonly connectTimeoutMs: number;
  readonly tlsTimeoutMs: number;
  /** An idle connection is not used again after this; 30 s in docker and containerd, 90 s in crane and skopeo. */
  readonly idleTimeoutMs: number;
  /** Bytes of a response body that are kept. */
  readonly maxBodyBytes: number;
  /** Longest time for a response body that nobody streams; a slow drip ends here. */
  readonly bodyTimeoutMs: number;
  readonly now: () => number;
  readonly pacer?: Pacer | undefined;
  /** Counts what all connections of this transport carry. */
  readonly wire?: WireMeter | undefined;
  /** Told of each exchange when it ends, with or without a response. */
  readonly onExchange?: ((exchange: Exchange) => void) | undefined;
  /** Told of the body bytes sent so far, many times a second. */
  readonly onProgress?: ((sentBytes: number) => void) | undefined;
}

/** The figures of a transport that no profile changes. */
export const transportDefaults = {
  connectTimeoutMs: 30_000,
  tlsTimeoutMs: 10_000,
  idleTimeoutMs: 30_000,
  maxBodyBytes: 256 * 1024,
  bodyTimeoutMs: 30_000,
} as const;

/**
 * Sends requests one after the other over one path, over connections of its own: fresh ones, never shared with another
 * attempt. No retry, no redirect and no fallback happens in here.
 */
export interface Transport {
  /**
   * One request on the wire. Resolves when a response came, even when the body was still being sent or the connection broke
   * afterwards. Throws NetworkError, with its `exchange`, when none came.
   */
  exchange(request: HttpRequest): Promise<Exchange>;
  close(): Promise<void>;
}

/** Opens nothing yet: the first exchange with a host opens the connection to it. */
export function createTransport(path: NetworkPath, options: TransportOptions): Transport {
  const lines = new Map<string, Line>();
  let connections = 0;
  return {
    async exchange(request) {
      const { origin } = request.url;
      const line = lines.get(origin) ?? createLine(path, request.url, options, () => (connections += 1));
      lines.set(origin, line);
      const exchange = await line.send(request);
      options.onExchange?.(exchange);
      if (exchange.response === undefined) {
        throw exchange.error ?? new NetworkError({ stage: 'receive', code: 'NO_RESPONSE', message: 'no response' });
      }
      return exchange;
    },
    async close() {
      await Promise.all([...lines.values()].map((line) => line.close()));
      lines.clear();
    },
  };
}

/** The connections to one origin, at most one open at a time. */
interface Line {
  send(request: HttpRequest): Promise<Exchange>;
  close(): Promise<void>;
}

function createLine(path: NetworkPath, url: URL, options: TransportOptions, nextId: () => number): Line {
  const target = { secure: url.protocol === 'https:', host: bareHost(url), port: effectivePort(url) };
  let live: LiveConnection | undefined;
  let opening: OpeningTimes | undefined;
  let dialSignal: AbortSignal = AbortSignal.abort();
  let dials = 0;

  const adopt = (socket: Socket, facts: DialedFacts): Socket => {
    live = { outlet: openOutlet(socket), facts: { ...facts, id: nextId() }, exchanges: 0 };
    return socket;
  };
  const client = new Client(url.origin, {
    // Node adds `connection: keep-alive`, Go does not: HTTP/1.1 means the same either way.
    pipelining: 1,
    allowH2: options.httpVersion === 'h2-if-offered',
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: options.idleTimeoutMs,
    keepAliveMaxTimeout: options.idleTimeoutMs,
    maxHeaderSize: 64 * 1024,
    strictContentLength: true,
    connect: (_connectOptions, done) => {
      dials += 1;
      if (dials > 1) {
        done(peerSpokeFirst(), null);
        return;
      }
      opening = {};
      dial(
        path,
        target,
        { ...options, signal: dialSignal, onSocket: (socket) => options.wire?.add(socket) },
        opening,
      ).then(
        ({ socket, facts }) => done(null, adopt(socket, facts)),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), null),
      );
    },
  });
  return {
    async send(request) {
      dialSignal = request.signal;
      opening = undefined;
      dials = 0;
      return sendRequest(client, request, options, { live: () => live, opening: () => opening });
    },
    async close() {
      await client.destroy();
    },
  };
}

/**
 * The connection opened for a request was given up before the request went out. undici would open one after the other; Go's
 * transport gives a fresh connection no second chance either (net/http, shouldRetryRequest).
 */
function peerSpokeFirst(): NetworkError {
  const message = 'the peer spoke, or hung up, before the request went out';
  return new NetworkError({ stage: 'wait', code: 'ANSWER_BEFORE_REQUEST', message });
}
