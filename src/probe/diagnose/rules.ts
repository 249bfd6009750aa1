import type { AnsweredBy, Failure, FailureReason } from '../failure.ts';
import type { CauseName } from './causes.ts';
import { isCut } from '../held-bytes.ts';
import { type Arrived, type Contrast, isDown } from './contrast.ts';
import type { Confidence } from './finding.ts';

export interface Rule {
  readonly cause: CauseName;
  readonly confidence: Confidence | ((failure: Failure, contrast: Contrast) => Confidence);
  readonly matches: (failure: Failure, contrast: Contrast) => boolean;
}

type Match = (failure: Failure, contrast: Contrast) => boolean;

const is =
  (reason: FailureReason, by?: AnsweredBy, also: Match = () => true): Match =>
  (f, x) =>
    f.reason === reason && (by === undefined || f.answeredBy === by) && also(f, x);
const rule = (cause: CauseName, confidence: Rule['confidence'], matches: Match): Rule => ({
  cause,
  confidence,
  matches,
});
const crossedCloudflare: Match = (f) => f.evidence.rayId !== undefined || f.answeredBy === 'cloudflare';
const status =
  (...values: readonly number[]): Match =>
  (f) =>
    f.status !== undefined && values.includes(f.status);

/** The answer's own words. */
const says =
  (words: RegExp): Match =>
  (f) =>
    words.test(f.evidence.body ?? '');

/** Cut without a word here and not on another path, and so much of the body is at the registry. */
const isCutWith =
  (arrived: Arrived, also: Match = () => true): Match =>
  (f, x) =>
    isCut(f) && x.arrived === arrived && x.smallPassed && x.direct !== 'same' && also(f, x);

/** A body that passes with a length and not without one is lost for want of that length. */
const ifDeclaredPasses = (_: Failure, x: Contrast): Confidence => (x.declaredPassed === true ? 'certain' : 'likely');
/** Another path tells whose fault it is. */
const ifDirectPasses = (_: Failure, x: Contrast): Confidence => (x.direct === 'none' ? 'likely' : 'certain');
const atLimitOfTime: Match = (f, x) =>
  x.endedAfterMs !== undefined && f.elapsedMs >= 0.9 * x.endedAfterMs && f.phase !== 'start' && f.phase !== 'auth';
/** Unless slow bodies get through for as long as was tried, and nobody says otherwise. */
const mayBeSlow: Match = (f, x) => f.answeredBy !== 'none' || !x.slowPassed || x.endedAfterMs !== undefined;
const nearAMinute: Match = (f) => Math.abs(f.elapsedMs - 60_000) <= 2_000;
/** Cut when nothing had moved for about as long as a small body was allowed to rest; an end of our own making is none. */
const cutInSilence: Match = (f, x) =>
  isCut(f) && f.evidence.timer === undefined && x.idleEndedAfterMs !== undefined && !atLimitOfTime(f, x);
/** Small bodies that are slow and never rest get through: it is the rest that is ended. */
const ifSlowPasses = (_: Failure, x: Contrast): Confidence => (x.slowPassed ? 'certain' : 'likely');

/** First match wins; the most specific rules come first. A failure that none matches stays unexplained. */
export const rules: readonly Rule[] = [
  // Cloudflare and the tunnel.
  rule('origin_name_unknown', 'certain', (f) => f.status === 530 && /\b1016\b/.test(f.evidence.body ?? '')),
  rule('tunnel_down', 'certain', status(530)),
  rule('cloudflare_origin_tls', 'certain', status(525, 526)),
  rule('cloudflare_write_timeout', 'certain', (f) => f.status === 524 && f.phase === 'send'),
  rule('cloudflare_read_timeout', 'certain', status(524)),
  rule('cloudflare_origin_unreachable', 'certain', (f) => f.answeredBy === 'cloudflare' && (f.status ?? 0) >= 520),
  rule('cloudflared_quic', ifDeclaredPasses, is('body_dropped', undefined, crossedCloudflare)),
  rule('streamed_body_dropped', ifDeclaredPasses, is('body_dropped')),
  // Sizes.
  rule('cloudflare_body_limit', 'certain', is('body_too_large', 'cloudflare')),
  rule('nginx_body_limit', 'certain', is('body_too_large', 'nginx')),
  rule('traefik_body_limit', 'certain', is('body_too_large', 'traefik')),
  rule('envoy_body_limit', 'certain', is('body_too_large', 'envoy')),
  rule('haproxy_body_limit', 'certain', is('body_too_large', 'haproxy')),
  rule('caddy_body_limit', 'certain', is('body_too_large', 'caddy')),
  rule('registry_body_limit', 'certain', is('body_too_large', 'registry')),
  rule('proxy_body_limit', 'likely', is('body_too_large')),
  // Time while the body comes.
  rule('traefik_read_timeout', 'certain', is('request_timeout', 'traefik')),
  rule('nginx_client_body_timeout', 'certain', is('request_timeout', 'nginx')),
  rule('alb_idle_timeout', 'certain', is('request_timeout', 'alb')),
  rule('haproxy_client_timeout', 'certain', is('request_timeout', 'haproxy')),
  rule('envoy_idle_timeout', 'certain', is('request_timeout', 'envoy')),
  rule('idle_time_limit', ifSlowPasses, cutInSilence),
  rule(
    'traefik_read_timeout',
    'possible',
    is('request_timeout', 'none', (f, x) => nearAMinute(f, x) && mayBeSlow(f, x)),
  ),
  rule('request_time_limit', 'likely', is('request_timeout', undefined, mayBeSlow)),
  rule('request_time_limit', 'likely', is('connection_reset', 'none', atLimitOfTime)),
  // Ended twice, not at the same time: neither a limit nor nothing.
  rule('request_time_limit', 'possible', (f, x) => x.isSlowBody && isCut(f)),
  // Time after the body.
  rule('nginx_read_timeout', 'certain', is('response_timeout', 'nginx')),
  rule('haproxy_server_timeout', 'certain', is('response_timeout', 'haproxy')),
  rule('alb_response_timeout', 'certain', is('response_timeout', 'alb')),
  rule('envoy_route_timeout', 'certain', is('response_timeout', 'envoy')),
  rule('traefik_gateway_timeout', 'certain', is('response_timeout', 'traefik')),
  rule('cloudfront_response_timeout', 'certain', is('response_timeout', 'cloudfront')),
  rule(
    'slow_commit',
    ifDirectPasses,
    is('response_timeout', 'none', (_, x) => x.direct === 'same' || x.direct === 'slow'),
  ),
  rule('slow_commit', 'likely', is('response_timeout', 'registry')),
  rule('slow_commit', 'possible', is('response_timeout', 'none')),
  rule('gateway_timeout', 'likely', is('response_timeout')),
  // Rules on the way.
  rule('cloudflare_waf', 'certain', is('blocked_by_policy', 'cloudflare')),
  rule('cloudfront_methods', 'likely', is('blocked_by_policy', 'cloudfront')),
  rule('policy_block', 'likely', is('blocked_by_policy')),
  // AWS: 501 is for a Transfer-Encoding that it does not know, 463 for more than 30 addresses in X-Forwarded-For.
  rule('length_wanted', 'likely', (f) => f.answeredBy === 'alb' && f.status === 501),
  rule('alb_forwarding_loop', 'certain', (f) => f.answeredBy === 'alb' && f.status === 463),
  rule('method_blocked', 'certain', is('method_not_allowed')),
  rule('method_blocked', 'certain', says(/request verb is (?:invalid|not allowed)/i)),
  rule('length_wanted', 'certain', is('length_required')),
  // Answers that were changed on the way, or that send clients elsewhere.
  rule('head_length_stripped', 'certain', is('verify_failed', undefined, lengthMissing)),
  rule('not_stored', 'likely', is('verify_failed')),
  rule('forwarded_proto_missing', 'certain', is('location_invalid', undefined, leavesTls)),
  rule('location_elsewhere', 'likely', is('location_invalid')),
  rule('redirected', 'certain', is('unexpected_redirect')),
  rule(
    'plain_http_to_tls',
    'certain',
    says(/plain HTTP request was sent to HTTPS port|HTTP request to an HTTPS server/i),
  ),
  rule('body_truncated', 'certain', is('body_truncated')),
  rule('body_corrupted', 'likely', is('body_corrupted')),
  rule('http2_broken', 'likely', is('http2_error')),
  rule('stale_keep_alive', (_, x) => (x.freshPassed === true ? 'certain' : 'likely'), is('stale_connection')),
  rule('stale_keep_alive', 'likely', is('connection_reset', 'none', reusedAndFreshPasses)),
  // Login.
  rule('token_service_down', 'certain', (f) => f.reason === 'auth_rejected' && (f.status ?? 0) >= 500),
  rule(
    'token_service_down',
    'likely',
    is('auth_challenge_bad', 'none', (f) => !namesNobody(f) && f.evidence.code !== undefined),
  ),
  rule('realm_wrong', 'likely', is('auth_challenge_bad')),
  // Credentials are looked at before the body: a refusal after it is about what was sent.
  rule(
    'quota',
    'possible',
    is('auth_rejected', 'registry', (f) => f.status === 403 && f.sentBytes > 0),
  ),
  // A small push with the same credentials got through: it is the time that this body took, before a proxy passed it on.
  rule(
    'token_expired',
    'likely',
    is('auth_rejected', 'registry', (f, x) => f.status === 401 && f.sentBytes > 0 && x.smallPassed),
  ),
  rule('credentials_rejected', 'likely', is('auth_rejected')),
  rule('token_expired', 'certain', is('auth_expired')),
  rule('rate_limited', 'certain', is('rate_limited')),
  // The registry and its storage.
  rule('storage_full', 'certain', (f) => f.reason === 'quota_exceeded' && f.status === 507),
  rule('quota', 'certain', is('quota_exceeded')),
  rule('upload_state_not_shared', 'likely', is('session_lost')),
  rule(
    'upload_state_not_shared',
    'possible',
    (f) => f.reason === 'range_conflict' && (f.registryCode ?? '').startsWith('BLOB_UPLOAD_') && f.status !== 416,
  ),
  rule('range_refused', 'likely', is('range_conflict')),
  rule('nginx_temp_full', 'likely', (f) => f.answeredBy === 'nginx' && f.status === 500),
  rule(
    'registry_failing',
    'likely',
    is('registry_error', undefined, (f) => f.phase === 'start' || f.phase === 'auth'),
  ),
  rule('storage_failing', 'likely', is('registry_error')),
  // Nobody there. Without another path nothing says whether it is the registry or the way.
  rule('registry_down', 'certain', (f, x) => isDown(f) && x.direct === 'same'),
  rule('unreachable', 'possible', (f, x) => isDown(f) && x.direct === 'none'),
  rule(
    'tunnel_origin_unreachable',
    'certain',
    is('origin_unreachable', undefined, says(/unable to reach the origin service/i)),
  ),
  rule('cloudfront_origin_unreachable', 'certain', is('origin_unreachable', 'cloudfront')),
  rule('hop_cannot_reach_registry', 'certain', is('origin_unreachable')),
  rule('nothing_listens', 'certain', is('connect_refused')),
  rule('no_way_there', 'likely', is('connect_timeout')),
  rule('name_not_resolved', 'certain', is('dns_failure')),
  rule('tls_not_trusted', 'certain', is('tls_failure')),
  // Cuts without a word.
  rule('stalled', 'likely', is('upload_stalled')),
  rule('answer_lost', 'likely', isCutWith('whole')),
  // Cloudflare's `full` buffering looks like this, and so does a hop behind it.
  rule(
    'cloudflare_body_buffering',
    'possible',
    isCutWith('nothing', (_, x) => x.crossedCloudflare),
  ),
  // Some registries forget the bytes of a PATCH that broke off (Gitea counts them only at its end), so nothing proves little.
  rule('cut_while_collecting', 'possible', isCutWith('nothing')),
  rule('cut_while_collecting', (_, x) => (x.direct === 'ok' ? 'likely' : 'possible'), isCutWith('part')),
  rule(
    'size_cut',
    'possible',
    (f, x) =>
      f.reason === 'connection_reset' && f.sentBytes > 0 && x.smallPassed && x.slowPassed && x.direct !== 'same',
  ),
];

/** Bytes that get through on fresh connections and not on used ones. */
function reusedAndFreshPasses(failure: Failure, contrast: Contrast): boolean {
  return failure.evidence.socketReused === true && failure.sentBytes === 0 && contrast.freshPassed === true;
}

/** The host of the realm does not resolve: it is wrong rather than away. */
function namesNobody({ evidence }: Failure): boolean {
  return /^(?:ENOTFOUND|ENODATA|EAI_)/.test(evidence.code ?? '');
}

function lengthMissing({ status, evidence }: Failure): boolean {
  return status === 200 && evidence.headers !== undefined && evidence.headers['content-length'] === undefined;
}

function leavesTls({ evidence }: Failure): boolean {
  return evidence.url?.startsWith('https:') === true && evidence.location?.startsWith('http:') === true;
}
