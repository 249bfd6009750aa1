import type { Facts } from './facts.ts';
import type { FailureReason } from './failure.ts';

type Rule = readonly [reason: FailureReason, matches: (f: Facts) => boolean];

const oneOf =
  <T>(...values: readonly T[]) =>
  (value: T | undefined): boolean =>
    value !== undefined && values.includes(value);

const unreachableCodes = oneOf('ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL');
const cutCodes = oneOf('ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'ECONNABORTED', 'ETIMEDOUT', 'EHOSTUNREACH');
const badChallenges = oneOf('challenge_missing', 'challenge_unparsable', 'realm_not_allowed', 'realm_unreachable');
const locationProblems = oneOf('location_missing', 'location_unparsable', 'location_downgrade', 'location_foreign');

const registry = (f: Facts): boolean => f.answeredBy === 'registry';
const code = (f: Facts, ...codes: readonly string[]): boolean => f.registryCodes.some((one) => codes.includes(one));
/** A connection that ended before the answer did; while pulling, the answer is what is cut. */
const cut = (f: Facts): boolean =>
  (f.status === undefined || f.step === 'pull') && (cutCodes(f.network?.code) || f.network?.code === 'UND_ERR_INFO');
const bodyRefusedAtCommit = (f: Facts): boolean =>
  code(f, 'DIGEST_INVALID') || f.problem === 'range_missing' || f.problem === 'range_unparsable';

/** A reset on a used connection before the peer can have read anything: within a second and inside one socket buffer. */
const staleWithinMs = 1_000;
const staleSentBytes = 64 * 1024;

/** Traefik's default `respondingTimeouts.readTimeout` counts the whole body and only cuts the connection (traefik/traefik#10805). */
const cutAfterAMinute = (f: Facts): boolean => f.step === 'send' && f.elapsedMs >= 58_000 && f.elapsedMs <= 62_000;

/**
 * The one place that names a reason. First match wins; the order is that of `failureReasons`, but for our own endings, which
 * come first (whatever else was seen, it ended because we ended it), and for what had to move to be told apart.
 */
export const reasonRules: readonly Rule[] = [
  ['cancelled', (f) => f.aborted === 'cancelled'],
  ['deadline', (f) => f.aborted === 'deadline'],
  // Before the network's reasons: an unreachable token service is not an unreachable registry.
  ['auth_challenge_bad', (f) => badChallenges(f.authProblem)],
  ['dns_failure', (f) => f.network?.stage === 'dns'],
  ['connect_refused', (f) => opening(f) && (f.network?.code === 'ECONNREFUSED' || refusedByProxy(f))],
  ['connect_timeout', (f) => opening(f) && (f.network?.timer === 'connect' || unreachableCodes(f.network?.code))],
  ['tls_failure', (f) => f.network?.stage === 'tls' || oneOf(525, 526)(f.status)],
  ['stale_connection', (f) => cut(f) && f.socketReused && f.elapsedMs < staleWithinMs && f.sentBytes <= staleSentBytes],
  ['auth_rejected', (f) => f.authProblem !== undefined],
  ['auth_rejected', (f) => f.status === 401 && !f.uploadStarted],
  ['auth_expired', (f) => f.status === 401],
  ['quota_exceeded', (f) => f.status === 403 && registry(f) && f.uploadStarted && saysQuota(f)],
  ['auth_rejected', (f) => f.status === 403 && registry(f)],
  ['blocked_by_policy', (f) => oneOf(403, 451)(f.status) || (f.mitigated && !registry(f))],
  ['method_not_allowed', (f) => oneOf(405, 501)(f.status)],
  ['length_required', (f) => f.status === 411],
  ['body_too_large', (f) => f.status === 413 || code(f, 'REQUESTED_RANGE_NOT_SATISFIABLE')],
  ['body_too_large', (f) => cut(f) && f.step === 'send' && f.sizeRefusedBefore],
  ['rate_limited', (f) => f.status === 429],
  ['quota_exceeded', (f) => f.status === 507],
  ['location_invalid', (f) => locationProblems(f.problem)],
  ['unexpected_redirect', (f) => f.problem === 'redirected'],
  ['body_dropped', (f) => bodyRefusedAtCommit(f) && f.acknowledges && f.sentBytes > 0 && !f.acknowledgedBytes],
  ['body_truncated', (f) => bodyRefusedAtCommit(f) && f.acknowledges && (f.acknowledgedBytes ?? 0) < f.sentBytes],
  ['body_corrupted', (f) => code(f, 'DIGEST_INVALID') || f.problem === 'digest_differs'],
  ['body_truncated', (f) => f.step === 'pull' && f.problem === 'length_wrong'],
  ['session_lost', (f) => f.status === 404 && (f.step === 'send' || f.step === 'commit')],
  ['range_conflict', (f) => f.status === 416 || code(f, 'BLOB_UPLOAD_INVALID', 'SIZE_INVALID', 'RANGE_INVALID')],
  ['request_timeout', (f) => oneOf(408, 460, 499)(f.status) || (cut(f) && cutAfterAMinute(f))],
  ['upload_stalled', (f) => f.network?.timer === 'stall'],
  ['response_timeout', (f) => oneOf(504, 524)(f.status) || f.network?.timer === 'response_header'],
  ['http2_error', (f) => f.status === undefined && f.network !== undefined && (f.http2 || http2Code(f))],
  ['connection_reset', cut],
  ['connection_reset', (f) => opening(f)],
  ['origin_unreachable', (f) => oneOf(502, 503)(f.status) && !registry(f)],
  ['origin_unreachable', (f) => f.status !== undefined && f.status >= 520 && f.status <= 530],
  ['registry_error', (f) => f.status !== undefined && f.status >= 500 && (registry(f) || f.answeredBy === 'other')],
  ['verify_failed', (f) => f.step === 'verify' && f.problem !== undefined],
  ['unexpected_response', (f) => !f.unknown],
  ['internal', () => true],
];

function opening(f: Facts): boolean {
  return f.network?.stage === 'connect' || f.network?.stage === 'proxy';
}

function refusedByProxy(f: Facts): boolean {
  return f.network?.stage === 'proxy' && f.network.code.startsWith('PROXY_');
}

function http2Code(f: Facts): boolean {
  return f.network?.code.startsWith('ERR_HTTP2') ?? false;
}

/** Gitea refuses with an empty 403 after all bytes; Harbor's DENIED names the limit only in its message. */
function saysQuota(f: Facts): boolean {
  return (f.step !== 'verify' && f.bodyEmpty) || /quota|exceed/i.test(f.registryMessage);
}

/** The reason for these facts. Total: the last rule always matches. */
export function reasonFor(facts: Facts): FailureReason {
  return reasonRules.find(([, matches]) => matches(facts))?.[0] ?? 'internal';
}
