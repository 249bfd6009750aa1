import type { TlsProblem } from '../network/tls-problem.ts';
import type { AuthProblem } from '../registry/auth/auth-error.ts';

/** Where time goes and where failures happen, in the order of one attempt. */
export const phases = [
  'dns',
  'connect',
  'tls',
  'auth',
  'start',
  'send',
  'wait',
  'commit',
  'verify',
  'pull',
  'cleanup',
] as const;
export type Phase = (typeof phases)[number];

/** The closed set of failure reasons, in the order in which they are tried; `judge/reason-table.ts` says all of each. */
export const failureReasons = [
  'cancelled',
  'deadline',
  'prober_exhausted',
  'client_refused_realm',
  'client_refused_location',
  'auth_challenge_bad',
  'dns_failure',
  'connect_refused',
  'connect_timeout',
  'tls_failure',
  'stale_connection',
  'auth_rejected',
  'auth_expired',
  'blocked_by_policy',
  'method_not_allowed',
  'length_required',
  'body_too_large',
  'rate_limited',
  'quota_exceeded',
  'manifest_refused',
  'location_invalid',
  'unexpected_redirect',
  'body_dropped',
  'body_truncated',
  'body_corrupted',
  'session_lost',
  'resume_refused',
  'range_conflict',
  'request_timeout',
  'upload_stalled',
  'response_timeout',
  'http2_error',
  'connection_reset',
  'origin_unreachable',
  'registry_error',
  'verify_failed',
  'unexpected_response',
  'internal',
] as const;
export type FailureReason = (typeof failureReasons)[number];

export const blames = [
  'prober',
  'client_network',
  'dns',
  'edge',
  'edge_to_origin',
  'tunnel',
  'ingress',
  'auth_server',
  'registry_app',
  'registry_storage',
  'unknown',
] as const;
export type Blame = (typeof blames)[number];

/** Who can have produced the response that ended the attempt, and the part of the way it stands for; `none`: nobody answered. */
export const partOfAnswerer = {
  registry: 'registry_app',
  cloudflare: 'edge',
  nginx: 'ingress',
  traefik: 'ingress',
  haproxy: 'ingress',
  envoy: 'ingress',
  alb: 'ingress',
  cloudfront: 'edge',
  caddy: 'ingress',
  apache: 'ingress',
  varnish: 'ingress',
  squid: 'ingress',
  other: 'unknown',
  none: 'unknown',
} as const satisfies Readonly<Record<string, Blame>>;
export type AnsweredBy = keyof typeof partOfAnswerer;
export const answerers = Object.keys(partOfAnswerer) as [AnsweredBy, ...AnsweredBy[]];

/** What this host's kernel knew of a body that did not get through. Absent parts: it does not tell. */
export interface StuckBody {
  /** Acknowledged by the next host's kernel, head and framing included. */
  readonly ackedBytes?: number;
  readonly unackedSegments?: number;
  /** Retransmission timeouts in a row without an acknowledgement. */
  readonly timeoutsInRow?: number;
  /** Probes of a closed window without an answer. */
  readonly probes?: number;
  /** The window that the next host announced last; 0: it takes nothing. */
  readonly windowBytes?: number;
  readonly mssBytes?: number;
  readonly pathMtuBytes?: number;
  readonly viaProxy: boolean;
}

/** What was on the wire when it failed. Bounded, free of secrets; shown, never used as labels. */
export interface Evidence {
  readonly message: string;
  readonly method?: string;
  /** Query values and userinfo removed. */
  readonly url?: string;
  /** The URL whose answer led to this one; same form as `url`. */
  readonly redirectedFrom?: string;
  /** Network or TLS error code. */
  readonly code?: string;
  /** Which of our own timers fired. */
  readonly timer?: string;
  /** Why TLS did not come about (`expired`, `client_certificate_wanted`), or does not go on. */
  readonly tlsProblem?: TlsProblem;
  /** Why a login did not come about, where more than the answer says it. */
  readonly authProblem?: AuthProblem;
  /** Status with which a proxy refused the tunnel; `headers` and `body` are its own then. */
  readonly proxyStatus?: number;
  /** Addresses tried for the connection, when one of them failed. Without a code it took the connection. */
  readonly tried?: readonly { readonly address: string; readonly ms: number; readonly code?: string }[];
  /** Answers 1xx that came before the answer. */
  readonly informational?: number;
  /** In what the answer departs from the standard, though clients read it. */
  readonly oddities?: readonly string[];
  /** Response headers that identify a hop: server, via, cf-ray, x-request-id … */
  readonly headers?: Readonly<Record<string, string>>;
  /** Scheme, realm, service, scope and error of a 401's challenge. */
  readonly challenge?: string;
  /** Times that the token of a request tells of itself, where a 401 answered it. */
  readonly tokenTimes?: string;
  /** First characters of the response body, control characters removed. */
  readonly body?: string;
  readonly range?: string;
  /** Which part of a blob the request asked for, to go on where an answer had been cut. */
  readonly askedRange?: string;
  readonly location?: string;
  readonly early?: boolean;
  readonly socketReused?: boolean;
  readonly httpVersion?: string;
  readonly rayId?: string;
  /** Where the body stood in the kernel when it ended. */
  readonly kernel?: StuckBody;
  /** Milliseconds since the last body byte was accepted by the kernel. */
  readonly sinceLastByteMs?: number;
  /** Body bytes of a pull that came before it ended. */
  readonly pulledBytes?: number;
  /** Milliseconds since the last of them; not while we do not read, to keep to the bandwidth. */
  readonly silentMs?: number;
  /** What a hop says that it did to the bytes of a pull: `gzip`. */
  readonly coding?: string;
}

export interface Failure {
  readonly reason: FailureReason;
  readonly phase: Phase;
  readonly answeredBy: AnsweredBy;
  readonly blame: Blame;
  readonly status?: number;
  /** Code of the registry's JSON error (`DIGEST_INVALID`). */
  readonly registryCode?: string;
  /** Body bytes of the failing blob that were sent in the failing attempt. */
  readonly sentBytes: number;
  /** From the first byte of the failing request to the failure; of an opening that failed, the time of the step that did. */
  readonly elapsedMs: number;
  /** Name of the blob that failed (`blob`, `layer2`, `config`, `manifest`). */
  readonly blob: string;
  readonly evidence: Evidence;
}
