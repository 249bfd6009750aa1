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

/** The closed set of failure reasons; docs/failures.md explains each. Order is the order in which rules are tried. */
export const failureReasons = [
  'dns_failure',
  'connect_refused',
  'connect_timeout',
  'tls_failure',
  'stale_connection',
  'auth_challenge_bad',
  'auth_rejected',
  'auth_expired',
  'blocked_by_policy',
  'method_not_allowed',
  'length_required',
  'body_too_large',
  'rate_limited',
  'quota_exceeded',
  'location_invalid',
  'unexpected_redirect',
  'body_dropped',
  'body_truncated',
  'body_corrupted',
  'session_lost',
  'range_conflict',
  'request_timeout',
  'upload_stalled',
  'response_timeout',
  'connection_reset',
  'http2_error',
  'origin_unreachable',
  'registry_error',
  'verify_failed',
  'unexpected_response',
  'deadline',
  'cancelled',
  'internal',
] as const;
export type FailureReason = (typeof failureReasons)[number];

/** Who produced the response that ended the attempt; `none`: nobody answered. */
export const answerers = [
  'registry',
  'cloudflare',
  'nginx',
  'traefik',
  'haproxy',
  'envoy',
  'alb',
  'cloudfront',
  'caddy',
  'other',
  'none',
] as const;
export type AnsweredBy = (typeof answerers)[number];

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

/** What was on the wire when it failed. Bounded, free of secrets; shown, never used as labels. */
export interface Evidence {
  readonly message: string;
  readonly method?: string;
  /** Query values and userinfo removed. */
  readonly url?: string;
  /** Network or TLS error code. */
  readonly code?: string;
  /** Which of our own timers fired. */
  readonly timer?: string;
  /** Response headers that identify a hop: server, via, cf-ray, x-request-id … */
  readonly headers?: Readonly<Record<string, string>>;
  /** First characters of the response body, control characters removed. */
  readonly body?: string;
  readonly range?: string;
  readonly location?: string;
  readonly early?: boolean;
  readonly socketReused?: boolean;
  readonly httpVersion?: string;
  readonly rayId?: string;
  /** Milliseconds since the last body byte was accepted by the kernel. */
  readonly sinceLastByteMs?: number;
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
  /** From the first byte of the failing request to the failure. */
  readonly elapsedMs: number;
  /** Name of the blob that failed (`blob`, `layer2`, `config`, `manifest`). */
  readonly blob: string;
  readonly evidence: Evidence;
}
