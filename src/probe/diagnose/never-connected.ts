import { parseUrl } from '../../network/parse-url.ts';
import type { ApiReport } from './api-check.ts';
import type { Failure } from '../failure.ts';
import type { Run } from '../outcome.ts';
import { symptomsOf } from './symptoms.ts';
import type { Examination, Examined } from './trial.ts';

/** So long at least some request waited for a connection: a lost packet or two are sent again by then. */
const longEnoughMs = 7_000;

/**
 * The same, where requests got no connection before our own deadline, and no push got through: those ends are connect timeouts, of the path's
 * own address or of its token service's, which an examination that is in a hurry has no time to wait for. Pure.
 */
export function withConnectTimeouts({ subject, direct, ...rest }: Examination): Examination {
  return { ...rest, subject: named(subject), direct: direct && named(direct) };
}

function named(examined: Examined): Examined {
  const { api, trials, path } = examined;
  const { origin } = path;
  const failures = symptomsOf(examined).map(({ failure }) => failure);
  const unconnected = failures.filter(isUnconnected);
  const connected = Object.values(api?.endpoints ?? {}).some(({ up }) => up);
  const isSo =
    trials.every(({ run }) => !run.ok) &&
    failures.every((one) => isUnconnected(one) || ofConnect.has(one.reason)) &&
    unconnected.some(({ elapsedMs }) => elapsedMs >= longEnoughMs) &&
    (!connected || unconnected.every((one) => leadsAway(one, origin)));
  if (!isSo) return examined;
  return {
    ...examined,
    api: api && { ...api, endpoints: ofEndpoints(api.endpoints, origin) },
    trials: trials.map((trial) => ({ ...trial, run: ofRun(trial.run, origin) })),
  };
}

/** What such an end is called when there is time to wait for it. */
const ofConnect: ReadonlySet<Failure['reason']> = new Set(['connect_timeout', 'auth_challenge_bad']);

function isUnconnected({ reason, phase }: Failure): boolean {
  return reason === 'deadline' && phase === 'connect';
}

/**
 * Before a push has begun, only a token service is asked at another address, or where a redirect leads. A URL that a secret was
 * taken out of may be none any more: then nothing is known.
 */
function leadsAway({ evidence: { url, redirectedFrom } }: Failure, origin: string): boolean {
  const asked = url === undefined || redirectedFrom !== undefined ? undefined : parseUrl(url);
  return asked !== undefined && asked.origin !== new URL(origin).origin;
}

function ofEndpoints(endpoints: ApiReport['endpoints'], origin: string): ApiReport['endpoints'] {
  const entries = Object.entries(endpoints).map(([name, state]) => [
    name,
    state.up ? state : { ...state, failure: ofFailure(state.failure, origin) },
  ]);
  return Object.fromEntries(entries) as ApiReport['endpoints'];
}

function ofRun(run: Run, origin: string): Run {
  return { ...run, failure: run.failure && ofFailure(run.failure, origin) };
}

function ofFailure(failure: Failure, origin: string): Failure {
  if (!isUnconnected(failure)) return failure;
  return leadsAway(failure, origin)
    ? { ...failure, reason: 'auth_challenge_bad', blame: 'auth_server' }
    : { ...failure, reason: 'connect_timeout', blame: 'client_network' };
}
