import type { PageKind } from '../pages.ts';

/**
 * How a proxy ends an exchange it answers itself.
 * - `keep-alive`: the answer is sent, the rest of the body is read and dropped, the connection stays (ALB, Cloudflare)
 * - `linger`: answer, FIN, then the body is read and dropped for a while (nginx `lingering_close`)
 * - `close-later`: the answer, which says that the connection closes; nothing more is read, and the connection is closed a second later
 *   (Envoy's `delayed_close_timeout`). What the client sends meanwhile stays unread in the buffers, and makes an RST of it
 * - `reset-after-reply`: answer, then RST at once: a client that still writes may lose the answer (nginx without lingering)
 * - `reset`: RST without an answer
 */
export type Ending = 'keep-alive' | 'linger' | 'close-later' | 'reset-after-reply' | 'reset';

/** Which requests a fault touches; all fields must hold. Absent: every request. */
export interface FaultScope {
  readonly methods?: readonly string[];
  /** The path contains this text. */
  readonly pathContains?: string;
  /** Only each n-th request that fits the rest. */
  readonly everyNth?: number;
}

/** What is wrong with an edge, as data. Sizes are bytes of the request's body, times are milliseconds. */
export type Fault = FaultKind & { readonly when?: FaultScope };

export type FaultKind =
  /** Refuses larger bodies: at once when the length is declared, else after so many bytes. `status` default 413. */
  | { readonly kind: 'body-limit'; readonly limitBytes: number; readonly ending: Ending; readonly status?: number }
  /**
   * Request headers and body must have arrived within this time, whatever the progress (Traefik's readTimeout). `status`: several are
   * answered by turns.
   */
  | {
      readonly kind: 'total-duration';
      readonly limitMs: number;
      readonly ending: Ending;
      readonly status: number | readonly number[];
      readonly page?: PageKind;
    }
  /** Response headers must come so soon after the last byte went upstream (Cloudflare 524, nginx 504). */
  | { readonly kind: 'response-timeout'; readonly limitMs: number; readonly status: number }
  /**
   * Longest pause between two reads of the body (nginx client_body_timeout, HAProxy timeout server). `whileWaiting`: silence
   * after the last byte counts, too, as at firewalls and load balancers that only see whether anything moves.
   */
  | {
      readonly kind: 'idle-cut';
      readonly limitMs: number;
      readonly ending: Ending;
      readonly status: number;
      readonly whileWaiting?: boolean;
    }
  /** The upstream sees nothing before the body is complete, then a Content-Length (nginx proxy_request_buffering on). */
  | { readonly kind: 'buffer-request' }
  /**
   * A body without Content-Length is not passed on; the upstream sees Content-Length: 0 (cloudflare/cloudflared#1485).
   * Up to `sparesBytes` (default 0) it is: an edge in front that has a small body whole knows its length.
   */
  | { readonly kind: 'drop-undeclared-body'; readonly sparesBytes?: number }
  /** Only the first bytes are passed on, as if they were all. */
  | { readonly kind: 'truncate-body'; readonly afterBytes: number }
  /** One bit of the byte at this offset is turned. */
  | { readonly kind: 'corrupt-body'; readonly atByte: number }
  | { readonly kind: 'strip-request-header'; readonly names: readonly string[] }
  /** `content-length` of a HEAD answer is lost this way (cloudflare/cloudflared#500). */
  | { readonly kind: 'strip-response-header'; readonly names: readonly string[] }
  /** Locations are made absolute with this scheme: what a registry says that does not know of the TLS in front of it. */
  | { readonly kind: 'rewrite-location'; readonly scheme: 'http' | 'https'; readonly host?: string }
  /** Answers itself: `error` page of this kind of proxy, or a page of its web application firewall. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly page?: PageKind;
      readonly headers?: Readonly<Record<string, string>>;
      /** Body bytes read before the answer; default 0. */
      readonly afterBytes?: number;
      readonly ending?: Ending;
    }
  | {
      readonly kind: 'rate-limit';
      readonly requests: number;
      readonly windowMs: number;
      readonly retryAfterSeconds?: number;
    }
  | { readonly kind: 'throttle'; readonly bytesPerSecond: number; readonly direction: 'request' | 'response' }
  /** Added before the request goes upstream. */
  | { readonly kind: 'latency'; readonly delayMs: number }
  /** `gently`: closed once what was sent is there; a reset may take some of it. */
  | {
      readonly kind: 'reset-at';
      readonly afterBytes: number;
      readonly direction: 'request' | 'response';
      readonly gently?: true;
    }
  /** Nothing more passes for a while once so many bytes have: a link that hangs. */
  | { readonly kind: 'pause-at'; readonly afterBytes: number; readonly pauseMs: number }
  /** Stops reading after so many bytes and answers nothing; the connection is reset after `holdMs`, default 60 s. */
  | { readonly kind: 'stall-at'; readonly afterBytes: number; readonly holdMs?: number }
  | { readonly kind: 'block-method'; readonly methods: readonly string[]; readonly status: 403 | 405 | 501 }
  /** `after-response`: closed right after an answer that promised to keep the connection; `on-reuse`: reset when used again. */
  | { readonly kind: 'stale-keep-alive'; readonly mode: 'after-response' | 'on-reuse' };

/** The data of one kind of fault. */
export type FaultOf<Kind extends FaultKind['kind']> = Extract<FaultKind, { kind: Kind }>;
