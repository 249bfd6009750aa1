import type { Check } from '../../src/probe/check.ts';
import type { ClientName, ClientProfile } from '../../src/probe/client-profile.ts';
import { clientProfiles } from '../../src/probe/client-profiles.ts';
import type { Failure } from '../../src/probe/failure.ts';
import type { Run } from '../../src/probe/outcome.ts';

/** A check of which only the labels and the times are looked at. */
export function fakeCheck(registry: string, path: string, client: ClientName, workload: string): Check {
  return {
    registry: { name: registry, repository: 'team/probe', credentials: { kind: 'anonymous' }, cleanup: 'delete' },
    path: {
      name: path,
      origin: 'http://127.0.0.1:1',
      kind: 'direct',
      dnsServers: [],
      headers: {},
      tls: { insecure: false, minVersion: 'TLSv1.2' },
      allowHosts: [],
      realm: 'follow',
    },
    client: fakeProfile(client),
    workload: { name: workload, kind: 'blob', layerBytes: [1_024], pull: false },
    intervalMs: 60_000,
    timeoutMs: 10_000,
    retries: 'profile',
    retryWaitScale: 1,
    payload: { kind: 'fresh' },
  };
}

function fakeProfile(name: ClientName): ClientProfile {
  return { ...clientProfiles.docker, name };
}

let runs = 0;

/** A run without attempts that failed with `failure`, or succeeded. */
export function fakeRun(check: Check, { failure }: { failure?: Failure }): Run {
  runs += 1;
  return {
    id: `run-${runs}`,
    check,
    startedAt: new Date(),
    durationMs: 5_000,
    attempts: [],
    ok: failure === undefined,
    ...(failure === undefined ? {} : { failure }),
    sentBytes: 0,
    acknowledgedBytes: 0,
    pulledBytes: 0,
    wireBytes: 0,
    cleanup: { durationMs: 0, failures: [] },
    pathFacts: {},
    eventLoopLagMs: 0,
    tainted: false,
    realWaits: true,
  };
}
