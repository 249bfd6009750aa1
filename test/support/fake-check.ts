import type { Check } from '../../src/probe/check.ts';
import type { ClientProfile } from '../../src/probe/clients/client-profile.ts';
import { type ClientName, clientProfiles } from '../../src/probe/clients/client-profiles.ts';

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
