import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkPath } from '../../src/network/path.ts';
import type { Check } from '../../src/probe/check.ts';
import { type ClientName, clientProfiles } from '../../src/probe/clients/client-profiles.ts';
import type { RunDeps } from '../../src/probe/deps.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { createRunner } from '../../src/probe/run/run.ts';
import { createPayloadSource } from '../../src/registry/payload.ts';
import { pathTo } from './paths.ts';

/** A check of one blob of `sizeBytes` over a path to `origin`. */
export function checkOf(
  origin: string,
  options: {
    client?: ClientName;
    sizeBytes?: number;
    path?: Partial<NetworkPath>;
    registry?: Partial<Check['registry']>;
    check?: Partial<Check>;
  } = {},
): Check {
  const client = clientProfiles[options.client ?? 'docker'];
  if (client === undefined) throw new Error(`no profile ${options.client}`);
  return {
    registry: {
      name: 'lab',
      repository: 'probe/blobs',
      credentials: { kind: 'anonymous' },
      cleanup: 'delete',
      ...options.registry,
    },
    path: pathTo(origin, options.path),
    client,
    workload: { name: 'blob', kind: 'blob', layerBytes: [options.sizeBytes ?? 1_000_000], pull: false },
    intervalMs: 60_000,
    timeoutMs: 60_000,
    retries: 'none',
    retryWaitScale: 1,
    payload: { kind: 'fresh' },
    ...options.check,
  };
}

/** Dependencies of a run with the real clock; waits between attempts pass at once and are written to `waits`. */
export function runDeps(changes: Partial<RunDeps> = {}, waits?: number[]): RunDeps {
  return {
    clock: {
      nowMs: () => performance.now(),
      sleep: async (delayMs, signal) => {
        waits?.push(delayMs);
        await sleep(waits === undefined ? delayMs : 1, undefined, { signal });
      },
    },
    payloads: createPayloadSource('test'),
    random: () => 0.5,
    newId: () => crypto.randomUUID(),
    eventLoopLag: { start: () => () => 0 },
    readTcpInfo: undefined,
    taintedAboveMs: 250,
    cleanupTimeoutMs: 20_000,
    stallTimeoutMs: 20_000,
    ...changes,
  };
}

/** Executes one run and gives its outcome. */
export async function runOnce(
  check: Check,
  deps: RunDeps = runDeps(),
  signal = new AbortController().signal,
): Promise<Run> {
  return createRunner(deps)(check, { signal });
}
