import type { NetworkError } from './errors.ts';

/** What a request carries after its headers. */
export type RequestBody =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'stream';
      readonly sizeBytes: number;
      /** true: `Content-Length`; false: `Transfer-Encoding: chunked`. */
      readonly declareLength: boolean;
      /** A fresh iteration over the bytes. Each chunk is one write and, when chunked, one chunk frame. `paced`: they go out at a set rate. */
      readonly chunks: (paced: boolean) => Iterable<Uint8Array>;
    };

/** One HTTP request as the registry layer asks for it. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  /** Longest wait for response headers once the last byte is sent; undefined: only the run's deadline ends it. */
  readonly responseHeaderTimeoutMs?: number;
  /** Longest time without a byte accepted by the socket while sending; undefined: no limit. */
  readonly stallTimeoutMs?: number;
  /** Receives the response body of a 2xx instead of `Exchange.response.body`, which then stays empty. */
  readonly onResponseChunk?: (chunk: Uint8Array) => void;
  /** Ends the exchange (`BODY_TOO_LONG`) when more than this came to `onResponseChunk`; undefined: no bound. */
  readonly responseLimitBytes?: number;
  readonly signal: AbortSignal;
}

/** How the connection that carried an exchange came about. Times are milliseconds; absent: that step did not happen. */
export interface ConnectionFacts {
  /** Counts the connections of one transport, from 1. */
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly family: 4 | 6;
  readonly httpVersion: '1.1' | '2';
  readonly viaProxy: boolean;
  readonly tls?: {
    readonly version: string;
    readonly issuer: string;
    readonly expiresAt: Date;
    readonly authorized: boolean;
  };
  readonly dnsMs?: number;
  readonly connectMs: number;
  readonly tlsMs?: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; one entry for each time the header was sent. */
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** The first bytes of the body, at most `maxBodyBytes` of the transport. */
  readonly body: Uint8Array;
  readonly bodyBytes: number;
  /** false: the connection ended before the body did. */
  readonly complete: boolean;
}

/** The facts of one request on the wire, finished or not. All times come from the monotonic clock, in milliseconds. */
export interface Exchange {
  readonly method: string;
  readonly url: URL;
  readonly requestHeaders: Readonly<Record<string, string>>;
  /** The body had a Content-Length; false: chunked, or no body. */
  readonly declaredLength: boolean;
  /** Body bytes the request was to carry. */
  readonly plannedBytes: number;
  /** Body bytes handed to the kernel; framing not counted. What the peer took may be less (see docs/architecture.md). */
  readonly sentBytes: number;
  /**
   * Body bytes given to the HTTP client: no more than these can have gone out. More than `sentBytes` when a connection broke
   * before it was known what the kernel had taken, or in TLS before the last record was reported as written.
   */
  readonly offeredBytes: number;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Steps of opening a connection for this request, when it needed one; reached steps only, also when one failed. */
  readonly opening?: { readonly dnsMs?: number; readonly connectMs?: number; readonly tlsMs?: number };
  readonly connection?: ConnectionFacts;
  /** An earlier exchange of the same transport used this connection. */
  readonly socketReused: boolean;
  /** First byte of the request to last byte accepted by the kernel. */
  readonly sendMs?: number;
  /** Last byte accepted to response headers; absent when the response came first or never. */
  readonly waitMs?: number;
  /** Response headers to end of the body. */
  readonly receiveMs?: number;
  /** The response headers came while the body was still being sent. */
  readonly early: boolean;
  readonly response?: HttpResponse;
  readonly error?: NetworkError;
}

/** First value of a response header, or undefined. `name` in lower case. */
export function header(exchange: Pick<Exchange, 'response'>, name: string): string | undefined {
  return exchange.response?.headers[name]?.[0];
}
