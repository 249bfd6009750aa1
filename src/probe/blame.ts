import type { Facts } from './facts.ts';
import type { AnsweredBy, Blame, FailureReason } from './failure.ts';

const hopOf: Readonly<Record<AnsweredBy, Blame>> = {
  registry: 'registry_app',
  cloudflare: 'edge',
  cloudfront: 'edge',
  nginx: 'ingress',
  traefik: 'ingress',
  haproxy: 'ingress',
  envoy: 'ingress',
  alb: 'ingress',
  caddy: 'ingress',
  other: 'unknown',
  none: 'unknown',
};

type BlameRow = Blame | ((f: Facts) => Blame);

const byAnswer = (f: Facts): Blame => hopOf[f.answeredBy];
const storageAtTheEnd = (f: Facts): Blame => {
  if (f.answeredBy !== 'registry' && f.answeredBy !== 'other') {
    return byAnswer(f);
  }
  return f.step === 'start' || f.step === 'auth' ? 'registry_app' : 'registry_storage';
};
/** A proxy that answers itself has not asked the registry. */
const registryUnlessAHop = (f: Facts): Blame => (hopOf[f.answeredBy] === 'unknown' ? 'registry_app' : byAnswer(f));
/** Status codes that only Cloudflare uses, for what happens between it and the origin. */
const edgeToOrigin = (f: Facts): Blame => {
  if (f.status === 530) {
    return 'tunnel';
  }
  return f.status !== undefined && f.status >= 520 ? 'edge_to_origin' : byAnswer(f);
};

/**
 * Which hop to look at first, judged from one run alone; a round, which sees the other paths in the same minute, may know
 * better. `unknown` is an answer: a cut without a reply names nobody.
 */
const blameByReason: Readonly<Record<FailureReason, BlameRow>> = {
  dns_failure: 'dns',
  connect_refused: 'ingress',
  connect_timeout: 'client_network',
  tls_failure: (f) => (f.status === undefined ? 'ingress' : 'edge_to_origin'),
  stale_connection: 'unknown',
  auth_challenge_bad: 'auth_server',
  auth_rejected: 'auth_server',
  auth_expired: 'auth_server',
  blocked_by_policy: byAnswer,
  method_not_allowed: byAnswer,
  length_required: byAnswer,
  body_too_large: byAnswer,
  rate_limited: byAnswer,
  quota_exceeded: 'registry_app',
  location_invalid: 'ingress',
  unexpected_redirect: byAnswer,
  body_dropped: (f) => (crossedCloudflare(f) ? 'tunnel' : 'ingress'),
  body_truncated: (f) => (crossedCloudflare(f) ? 'edge_to_origin' : 'ingress'),
  body_corrupted: 'unknown',
  session_lost: registryUnlessAHop,
  range_conflict: registryUnlessAHop,
  request_timeout: (f) => (f.status === undefined ? 'ingress' : byAnswer(f)),
  upload_stalled: 'unknown',
  response_timeout: (f) => (f.status === 524 ? 'edge_to_origin' : f.status === undefined ? 'unknown' : byAnswer(f)),
  connection_reset: 'unknown',
  http2_error: 'unknown',
  origin_unreachable: edgeToOrigin,
  registry_error: storageAtTheEnd,
  verify_failed: byAnswer,
  unexpected_response: byAnswer,
  deadline: 'unknown',
  cancelled: 'prober',
  internal: 'prober',
};

export function blameFor(reason: FailureReason, facts: Facts): Blame {
  const row = blameByReason[reason];
  return typeof row === 'function' ? row(facts) : row;
}

function crossedCloudflare(f: Facts): boolean {
  return f.exchange?.response?.headers['cf-ray'] !== undefined;
}
