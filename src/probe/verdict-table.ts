import type { FailureReason } from './failure.ts';

/** What a failure reason means when the paths of a round are compared. */
export interface VerdictRow {
  /** Reasons by which one and the same trouble shows on different paths: a registry that is down is refused here and a 502 there. */
  readonly family: 'down' | 'auth' | 'size' | 'policy' | 'quota' | 'body' | 'session' | 'address' | 'opening' | 'other';
  /**
   * A registry that goes bad in the middle of the round looks the same: before a path is blamed, something else must have got
   * through after the failure.
   */
  readonly needsSuccessAfter: boolean;
  /** Never a path's when the registry itself said it: full storage and limits on our rate strike whichever path comes next. */
  readonly ownWords?: true;
  /** Made by whatever hop answered, before any registry had a say: that hop is to blame even when nothing else got through. */
  readonly byHop?: true;
  /** The same on all paths, it speaks of us (our resolver, clock, credentials, code) rather than of the registry. */
  readonly local?: true;
  /** A busy prober can cause it by itself: in a tainted run it says nothing. */
  readonly timed?: true;
}

/** One row for each reason; `verdict.ts` is the only reader. */
export const verdictTable: Readonly<Record<FailureReason, VerdictRow>> = {
  dns_failure: { family: 'opening', needsSuccessAfter: false, local: true, timed: true },
  connect_refused: { family: 'down', needsSuccessAfter: true },
  connect_timeout: { family: 'down', needsSuccessAfter: true, timed: true },
  tls_failure: { family: 'opening', needsSuccessAfter: false, local: true },
  stale_connection: { family: 'down', needsSuccessAfter: true, timed: true },
  auth_challenge_bad: { family: 'auth', needsSuccessAfter: true },
  auth_rejected: { family: 'auth', needsSuccessAfter: true },
  auth_expired: { family: 'auth', needsSuccessAfter: true, timed: true },
  blocked_by_policy: { family: 'policy', needsSuccessAfter: false, byHop: true },
  method_not_allowed: { family: 'policy', needsSuccessAfter: false, byHop: true },
  length_required: { family: 'policy', needsSuccessAfter: false, byHop: true },
  body_too_large: { family: 'size', needsSuccessAfter: false, byHop: true },
  rate_limited: { family: 'quota', needsSuccessAfter: true, ownWords: true, byHop: true },
  quota_exceeded: { family: 'quota', needsSuccessAfter: true, ownWords: true },
  location_invalid: { family: 'address', needsSuccessAfter: false },
  unexpected_redirect: { family: 'address', needsSuccessAfter: false },
  body_dropped: { family: 'body', needsSuccessAfter: false },
  body_truncated: { family: 'body', needsSuccessAfter: false },
  body_corrupted: { family: 'body', needsSuccessAfter: true },
  session_lost: { family: 'session', needsSuccessAfter: true },
  range_conflict: { family: 'session', needsSuccessAfter: true },
  request_timeout: { family: 'down', needsSuccessAfter: true, timed: true },
  upload_stalled: { family: 'down', needsSuccessAfter: true, timed: true },
  response_timeout: { family: 'down', needsSuccessAfter: true, timed: true },
  connection_reset: { family: 'down', needsSuccessAfter: true, timed: true },
  http2_error: { family: 'down', needsSuccessAfter: true, timed: true },
  origin_unreachable: { family: 'down', needsSuccessAfter: true },
  registry_error: { family: 'down', needsSuccessAfter: true, ownWords: true },
  verify_failed: { family: 'other', needsSuccessAfter: true },
  unexpected_response: { family: 'other', needsSuccessAfter: true },
  deadline: { family: 'other', needsSuccessAfter: true, local: true },
  cancelled: { family: 'other', needsSuccessAfter: true, local: true },
  internal: { family: 'other', needsSuccessAfter: true, local: true },
};

/** Endings that are ours: such a run says nothing about its path. */
export const ownEndings: ReadonlySet<FailureReason> = new Set(['deadline', 'cancelled', 'internal']);
