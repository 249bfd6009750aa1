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

/**
 * Which reasons in which phases and by whom are worth a series from the start: where a reason usually shows, those of the
 * network answered by nobody, those that a proxy makes up by a proxy. `cancelled` is missing on purpose: it is never
 * counted. A combination beyond this table is counted as well, only without its zero; that a run or its first attempt
 * failed has one in any case.
 */
const rows: Readonly<Record<FailureReason, readonly Row[]>> = {
  dns_failure: [[['dns'], nobody]],
  connect_refused: [[['connect'], nobody]],
  connect_timeout: [[['connect'], nobody]],
  tls_failure: [[['tls'], nobody]],
  stale_connection: [[['start', 'send'], nobody]],
  auth_challenge_bad: [[['auth'], registry]],
  auth_rejected: [[['auth', 'start'], registry]],
  auth_expired: [[['wait', 'commit'], registry]],
  blocked_by_policy: [[['start', 'send'], ['cloudflare']]],
  method_not_allowed: [[['start'], registry]],
  length_required: [[['send'], registry]],
  body_too_large: [[['send', 'wait'], anybody]],
  rate_limited: [[['start'], anybody]],
  quota_exceeded: [[['wait', 'commit'], registry]],
  location_invalid: [[['start'], registry]],
  unexpected_redirect: [[['start'], registry]],
  body_dropped: [[['wait'], registry]],
  body_truncated: [[['commit'], registry]],
  body_corrupted: [[['commit', 'pull'], registry]],
  session_lost: [[['wait', 'commit'], registry]],
  range_conflict: [[['wait'], registry]],
  request_timeout: [
    [['send'], nobody],
    [['send', 'wait'], proxies],
  ],
  upload_stalled: [[['send'], nobody]],
  response_timeout: [
    [['start', 'wait', 'commit', 'pull'], nobody],
    [['wait', 'commit'], proxies],
  ],
  connection_reset: [[['auth', ...upload, 'verify', 'pull'], nobody]],
  http2_error: [[['send', 'wait'], nobody]],
  origin_unreachable: [[['start', 'wait'], proxies]],
  registry_error: [[['auth', 'start', 'wait', 'commit', 'pull'], registry]],
  verify_failed: [[['verify'], registry]],
  unexpected_response: [[['start', 'wait', 'commit'], registry]],
  deadline: [[['send', 'wait', 'commit', 'pull'], nobody]],
  cancelled: [],
  internal: [[['send'], nobody]],
};

/**
 * Which of the two histograms of failures exist from the start for which reason: those in which a limit shows as a line.
 * A refusal shows how much was sent, a clock how long it took, a cut either. The others begin with their first failure:
 * with all 33 reasons in both a check would cost 900 series more.
 */
export const limitHistograms = {
  failureSentBytes: ['body_too_large', 'connection_reset'],
  failureElapsed: ['request_timeout', 'connection_reset'],
} as const satisfies Readonly<Record<string, readonly FailureReason[]>>;

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
