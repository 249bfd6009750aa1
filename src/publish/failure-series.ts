import type { Check } from '../probe/check.ts';
import type { AnsweredBy, FailureReason, Phase } from '../probe/failure.ts';

/** One possible label set of `attempt_failures_total`, base labels apart. */
export interface FailureTriple {
  readonly phase: Phase;
  readonly reason: FailureReason;
  readonly answeredBy: AnsweredBy;
}

type Row = readonly [phases: readonly Phase[], answeredBy: readonly AnsweredBy[]];

const nobody = ['none'] as const;
const registry = ['registry'] as const;
const proxies = ['nginx', 'cloudflare'] as const;
const anybody = [...registry, ...proxies] as const;
const upload = ['start', 'send', 'wait', 'commit'] as const;
const requests = ['auth', ...upload, 'verify', 'pull'] as const;

/**
 * Which reasons are possible in which phases and by whom, as far as they are worth a series from the start: reasons of
 * the network are answered by nobody, those that a proxy makes up by a proxy too. `cancelled` is missing on purpose: it
 * is never counted. A combination beyond this table is counted as well, only without its zero.
 */
const rows: Readonly<Record<FailureReason, readonly Row[]>> = {
  dns_failure: [[['dns'], nobody]],
  connect_refused: [[['connect'], nobody]],
  connect_timeout: [[['connect'], nobody]],
  tls_failure: [[['tls'], nobody]],
  stale_connection: [[['start', 'send', 'commit'], nobody]],
  auth_challenge_bad: [[['auth'], registry]],
  auth_rejected: [[['auth', 'start'], registry]],
  auth_expired: [[['send', 'wait', 'commit', 'verify'], registry]],
  blocked_by_policy: [[['auth', ...upload], proxies]],
  method_not_allowed: [[upload, anybody]],
  length_required: [[['send', 'wait'], anybody]],
  body_too_large: [[['send', 'wait', 'commit'], anybody]],
  rate_limited: [[['auth', ...upload], anybody]],
  quota_exceeded: [[['start', 'wait', 'commit'], registry]],
  location_invalid: [[['start', 'wait'], registry]],
  unexpected_redirect: [[upload, anybody]],
  body_dropped: [[['send', 'wait', 'commit'], registry]],
  body_truncated: [[['send', 'wait', 'commit'], registry]],
  body_corrupted: [[['send', 'wait', 'commit', 'pull'], registry]],
  session_lost: [[['send', 'wait', 'commit'], registry]],
  range_conflict: [[['send', 'wait', 'commit'], registry]],
  request_timeout: [
    [['send'], nobody],
    [['send', 'wait'], anybody],
  ],
  upload_stalled: [[['send'], nobody]],
  response_timeout: [
    [['auth', 'start', 'wait', 'commit', 'verify', 'pull'], nobody],
    [['start', 'send', 'wait', 'commit'], proxies],
  ],
  connection_reset: [[requests, nobody]],
  http2_error: [[upload, nobody]],
  origin_unreachable: [[['auth', ...upload], proxies]],
  registry_error: [[requests, registry]],
  verify_failed: [[['verify'], registry]],
  unexpected_response: [
    [requests, registry],
    [upload, proxies],
  ],
  deadline: [[['dns', 'connect', 'tls', ...requests], nobody]],
  cancelled: [],
  internal: [[['start', 'send', 'commit'], nobody]],
};

/**
 * Reasons whose `failure_sent_bytes` and `failure_elapsed_seconds` exist from the start: the three by which a limit shows as a
 * line, a refusal, a clock and a cut. The others begin with their first failure: with all 33 a check would cost 1,500 series more.
 */
export const limitReasons = [
  'body_too_large',
  'request_timeout',
  'connection_reset',
] as const satisfies readonly FailureReason[];

/** Phases in which a body is under way, or was accepted just before: only there bytes and age at failure say something. */
export function isUploadPhase(phase: Phase): boolean {
  return phase === 'send' || phase === 'wait' || phase === 'commit';
}

/** The phases that runs of this check can reach and that count as the client's time. */
export function reachablePhases(check: Check): Phase[] {
  const phases: Phase[] = ['dns', 'connect', 'auth', 'start', 'send', 'wait', 'commit', 'verify'];
  if (check.path.origin.startsWith('https:')) {
    phases.splice(2, 0, 'tls');
  }
  return check.workload.pull ? [...phases, 'pull'] : phases;
}

/** The label sets of `attempt_failures_total` that exist from the start for this check. */
export function failureTriples(check: Check): FailureTriple[] {
  const phases = new Set(reachablePhases(check));
  const triples: FailureTriple[] = [];
  for (const [reason, alternatives] of Object.entries(rows) as [FailureReason, readonly Row[]][]) {
    if (reason === 'http2_error' && check.client.httpVersion === '1.1') {
      continue;
    }
    for (const [inPhases, answerers] of alternatives) {
      for (const phase of inPhases.filter((candidate) => phases.has(candidate))) {
        triples.push(...answerers.map((answeredBy) => ({ phase, reason, answeredBy })));
      }
    }
  }
  return triples;
}
