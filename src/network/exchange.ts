import type { HeadFacts } from './answer-head.ts';
import type { KernelFacts } from './kernel/kernel-facts.ts';
import type { TlsProblem } from './tls-problem.ts';

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

/** Takes a piece of a body, with the head of the answer that it belongs to; `false`: no more is wanted, and the exchange ends well. */
export type OnResponseChunk = (chunk: Uint8Array, head: Pick<HttpResponse, 'status' | 'headers'>) => unknown;

/** One HTTP request as the registry layer asks for it. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The URL whose answer led here. */
  readonly redirectedFrom?: URL;
  readonly body?: RequestBody;
  /** The client can read a streamed body again from its beginning (Go's GetBody). */
  readonly resendBody?: boolean;
  /** Longest wait for response headers once the last byte is sent; undefined: only the run's deadline ends it. */
  readonly responseHeaderTimeoutMs?: number;
  /** Longest time without a byte accepted by the socket while sending; undefined: no limit. */
  readonly stallTimeoutMs?: number;
  /** Receives the response body of a 2xx instead of `Exchange.response.body`, which then stays empty. */
  readonly onResponseChunk?: OnResponseChunk;
  /** Ends the exchange (`BODY_TOO_LONG`) when more than this came to `onResponseChunk`; undefined: no bound. */
  readonly responseLimitBytes?: number;
  readonly signal: AbortSignal;
  /** What the caller sends it for, in the caller's own words; the exchange has it, too. */
  readonly purpose?: string;
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
    /** This side had a client certificate to show. */
    readonly showedCertificate: boolean;
  };
  readonly dnsMs?: number;
  readonly connectMs: number;
  readonly tlsMs?: number;
}

/** One address that was tried for a connection. */
export interface TriedAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly ms: number;
  /** Error code; undefined: it took the connection. `ABORTED`: another address was there first, or the request was ended. */
  readonly code?: string;
}

/** Steps of opening a connection, in milliseconds; reached steps only, a failed one with the time until it failed. */
export interface OpeningFacts {
  readonly dnsMs?: number;
  /** With a tunnel through a proxy: until the proxy had answered. */
  readonly connectMs?: number;
  readonly tlsMs?: number;
  /** In the order in which the attempts ended. */
  readonly tried?: readonly TriedAddress[];
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

/**
 * Why a request went out once more by itself: an HTTP/2 server did not look at it, or the kept connection that it was to go over
 * was closed. The try before it is an exchange of its own.
 */
export type SentAgain = (typeof sentAgainReasons)[number];
export const sentAgainReasons = ['not_processed', 'kept_connection_closed'] as const;

/** The facts of one request on the wire, finished or not. All times come from the monotonic clock, in milliseconds. */
export interface Exchange {
  readonly method: string;
  /** What the caller sent it for; undefined: it did not say. */
  readonly purpose?: string;
  readonly url: URL;
  /** The URL whose answer led here: a redirect, that the client followed. */
  readonly redirectedFrom?: URL;
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
  /** How the connection was opened, when this request needed one. */
  readonly opening?: OpeningFacts;
  readonly connection?: ConnectionFacts;
  /** An earlier exchange of the same transport used this connection. */
  readonly socketReused: boolean;
  /** Why the transport sent this request once more; undefined: it is the first try. */
  readonly sentAgain?: SentAgain;
  /** First byte of the request to last byte accepted by the kernel. */
  readonly sendMs?: number;
  /** Last byte accepted to response headers; absent when the response came first or never. */
  readonly waitMs?: number;
  /** Response headers to end of the body. */
  readonly receiveMs?: number;
  /** Last piece of the body, or response headers where none came, to the end; not while we do not read, to keep to the bandwidth. */
  readonly silentMs?: number;
  /** The response headers came while the body was still being sent. */
  readonly early: boolean;
  readonly response?: HttpResponse;
  /** HTTP/1.1: what was there before the answer, or instead of one. */
  readonly answerHead?: HeadFacts;
  /** Of a streamed body: what the kernel knows of its way to the next host, which is the proxy where there is one. */
  readonly kernel?: KernelFacts;
  readonly error?: NetworkError;
}

/** First value of a response header, or undefined. `name` in lower case. */
export function header(exchange: Pick<Exchange, 'response'>, name: string): string | undefined {
  return exchange.response?.headers[name]?.[0];
}

/** Which part of the network work failed. */
export type NetworkStage = 'dns' | 'connect' | 'proxy' | 'tls' | 'send' | 'wait' | 'receive';

/** Our own timers: a fact of its own, so that our impatience is never taken for the peer's. */
export type NetworkTimer = 'dns' | 'connect' | 'tls' | 'stall' | 'response_header' | 'body';

/**
 * What the socket layer knows of a failure; it judges nothing (that is `probe/classify.ts`).
 * `code` is Node's or undici's error code (`ECONNRESET`, `ENOTFOUND`, `CERT_HAS_EXPIRED`, `UND_ERR_SOCKET`), never text of a message.
 */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly stage: NetworkStage;
  readonly code: string;
  readonly timer: NetworkTimer | undefined;
  readonly tlsProblem: TlsProblem | undefined;
  /** What a proxy answered to CONNECT in the place of a tunnel. */
  readonly proxyAnswer: HttpResponse | undefined;
  /** The exchange during which it happened; set by the transport before the error leaves it. */
  exchange: Exchange | undefined;

  constructor(facts: {
    stage: NetworkStage;
    code: string;
    message: string;
    timer?: NetworkTimer | undefined;
    tlsProblem?: TlsProblem | undefined;
    proxyAnswer?: HttpResponse | undefined;
    cause?: unknown;
  }) {
    super(facts.message, { cause: facts.cause });
    this.stage = facts.stage;
    this.code = facts.code;
    this.timer = facts.timer;
    this.tlsProblem = facts.tlsProblem;
    this.proxyAnswer = facts.proxyAnswer;
  }
}
