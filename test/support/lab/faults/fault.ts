import type { Ending, Fault as ShippedFault, FaultOf as ShippedFaultOf } from '../../../../src/lab/faults/fault.ts';
import type { PageKind } from '../pages.ts';

export type { Ending } from '../../../../src/lab/faults/fault.ts';

/** Which requests a fault touches; all fields must hold. Absent: every request. */
export interface FaultScope {
  readonly methods?: readonly string[];
  /** The path contains this text. */
  readonly pathContains?: string;
  /** Only each n-th request that fits the rest. */
  readonly everyNth?: number;
}

/** What is wrong with an edge, as data: what the lab ships, and more. Sizes are bytes of the request's body, times are milliseconds. */
export type Fault = FaultKind & { readonly when?: FaultScope };

export type FaultKind =
  | Exclude<ShippedFault, { kind: 'answer' | 'total-duration' }>
  /** As shipped, also with a page of another kind. */
  | (Omit<ShippedFaultOf<'total-duration'>, 'page'> & {
      readonly page?: PageKind | ShippedFaultOf<'total-duration'>['page'];
    })
  /** Answers itself: the page of this kind of proxy for the status, or another page of the same status. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly page?: PageKind;
      readonly headers?: Readonly<Record<string, string>>;
      /** Body bytes read before the answer; default 0. */
      readonly afterBytes?: number;
      readonly ending?: Ending;
    }
  /** Only the first bytes are passed on, as if they were all. */
  | { readonly kind: 'truncate-body'; readonly afterBytes: number }
  /** One bit of the byte at this offset is turned. */
  | { readonly kind: 'corrupt-body'; readonly atByte: number }
  | { readonly kind: 'strip-request-header'; readonly names: readonly string[] }
  /** `content-length` of a HEAD answer is lost this way (cloudflare/cloudflared#500). */
  | { readonly kind: 'strip-response-header'; readonly names: readonly string[] }
  /** Locations are made absolute with this scheme: what a registry says that does not know of the TLS in front of it. */
  | { readonly kind: 'rewrite-location'; readonly scheme: 'http' | 'https'; readonly host?: string }
  | {
      readonly kind: 'rate-limit';
      readonly requests: number;
      readonly windowMs: number;
      readonly retryAfterSeconds?: number;
    }
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
