import type { Run } from '../outcome.ts';
import { workloadBytes } from '../check.ts';

/** A limit on size that was found on a path. */
export interface KnownLimit {
  readonly path: string;
  readonly client: string;
  readonly largestAcceptedBytes: number;
}

/** Up to so many bytes, these paths work. */
export interface RouteBand {
  /** undefined: the largest that was tried, and nothing shows an end. */
  readonly upToBytes: number | undefined;
  readonly paths: readonly string[];
}

export interface RoutingAdvice {
  /** Clients for which the same rule holds. */
  readonly clients: readonly string[];
  /** Ascending; each band has fewer paths than the one before. Empty: nothing works. */
  readonly bands: readonly RouteBand[];
  /** Over these nothing gets through. */
  readonly neverPaths: readonly string[];
  /** Over these some pushes get through, and others of the smallest size do not. */
  readonly unsteadyPaths: readonly string[];
  readonly triedUpToBytes: number;
}

/**
 * The simplest rule by which pushes get through, as measured: small ones over any path, larger ones over those that take them.
 * `runs`: of one registry, any paths, clients and sizes. Pure.
 */
export function adviseRoutes(runs: readonly Run[], limits: readonly KnownLimit[] = []): RoutingAdvice[] {
  const clients = unique(runs.map(({ check }) => check.client.name));
  const advice = clients.map((client) => adviceFor(client, runs, limits));
  const merged: RoutingAdvice[] = [];
  for (const one of advice) {
    const rule = ruleOf(one);
    const same = merged.findIndex((other) => ruleOf(other) === rule);
    const known = merged[same];
    if (known === undefined) {
      merged.push(one);
    } else {
      merged[same] = { ...known, clients: [...known.clients, ...one.clients] };
    }
  }
  return merged;
}

function ruleOf({ bands, neverPaths, unsteadyPaths, triedUpToBytes }: RoutingAdvice): string {
  return JSON.stringify([bands, neverPaths, unsteadyPaths, triedUpToBytes]);
}

function adviceFor(client: string, runs: readonly Run[], limits: readonly KnownLimit[]): RoutingAdvice {
  const own = runs.filter(({ check }) => check.client.name === client);
  const triedUpToBytes = Math.max(0, ...own.map(sizeOf));
  const paths = unique(runs.map(({ check }) => check.path.name)).filter((path) =>
    own.some(({ check }) => check.path.name === path),
  );
  const ceilings = new Map(
    paths.map((path) => {
      const limit = limits.find((one) => one.path === path && one.client === client);
      return [
        path,
        ceilingOf(
          own.filter(({ check }) => check.path.name === path),
          limit,
        ),
      ] as const;
    }),
  );
  const closed = paths.filter((path) => ceilings.get(path) === 0);
  const passes = (path: string): boolean => own.some(({ ok, check }) => ok && check.path.name === path);
  const ends = unique([...ceilings.values()].filter((ceiling) => ceiling > 0)).sort((a, b) => a - b);
  return {
    clients: [client],
    bands: ends.map((end) => ({
      upToBytes: Number.isFinite(end) ? end : undefined,
      paths: paths.filter((path) => (ceilings.get(path) ?? 0) >= end),
    })),
    neverPaths: closed.filter((path) => !passes(path)),
    unsteadyPaths: closed.filter(passes),
    triedUpToBytes,
  };
}

/** Up to which size a path works: below the smallest failure, the largest that got through, or what the search found in between. */
function ceilingOf(runs: readonly Run[], limit: KnownLimit | undefined): number {
  const smallestFailed = Math.min(Number.POSITIVE_INFINITY, ...runs.filter(({ ok }) => !ok).map(sizeOf));
  if (smallestFailed === Number.POSITIVE_INFINITY) {
    return Number.POSITIVE_INFINITY;
  }
  const largestPassed = Math.max(0, ...runs.filter((run) => run.ok && sizeOf(run) < smallestFailed).map(sizeOf));
  const found = limit?.largestAcceptedBytes ?? 0;
  return found > largestPassed && found < smallestFailed ? found : largestPassed;
}

function sizeOf({ check }: Run): number {
  return workloadBytes(check.workload);
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
