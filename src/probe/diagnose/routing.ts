import { type Ceiling, ceilingOf, limitsFor, type Tried } from '../limits/ceiling.ts';
import type { PathLimit } from '../limits/limit.ts';
import type { Run } from '../outcome.ts';
import { workloadBytes } from '../check.ts';

/** Up to so many bytes, these paths work. */
export interface RouteBand {
  /** undefined: the largest that was tried, and nothing shows an end. */
  readonly upToBytes: number | undefined;
  readonly paths: readonly string[];
  /** The smallest that failed over a path that ends here: between the two nobody knows. */
  readonly failedBytes: number | undefined;
  /** The end was searched for; else it is what happened to be tried. */
  readonly isSearched: boolean;
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
export function adviseRoutes(runs: readonly Run[], limits: readonly PathLimit[] = []): RoutingAdvice[] {
  const clients = unique(runs.map(({ check }) => check.client.name));
  const pushed = limits.filter(({ direction }) => direction === 'push');
  const advice = clients.map((client) => adviceFor(client, runs, pushed));
  const merged: RoutingAdvice[] = [];
  for (const one of advice) {
    const rule = ruleOf(one);
    const same = merged.findIndex((other) => ruleOf(other) === rule);
    const known = merged[same];
    if (known === undefined) merged.push(one);
    else merged[same] = { ...known, clients: [...known.clients, ...one.clients] };
  }
  return merged;
}

function ruleOf({ bands, neverPaths, unsteadyPaths, triedUpToBytes }: RoutingAdvice): string {
  return JSON.stringify([bands, neverPaths, unsteadyPaths, triedUpToBytes]);
}

function adviceFor(client: string, runs: readonly Run[], limits: readonly PathLimit[]): RoutingAdvice {
  const own = runs.filter(({ check }) => check.client.name === client);
  const over = (path: string): Run[] => own.filter(({ check }) => check.path.name === path);
  // In the order of all, so that clients with the same rule are known as such.
  const paths = unique(runs.map(({ check }) => check.path.name)).filter((path) => over(path).length > 0);
  const ceiling = (path: string): Ceiling => {
    const tried = over(path).map(triedBy);
    return ceilingOf(tried, limitsFor({ path, client, tried }, limits));
  };
  const ceilings = paths.map((path) => ({ path, ...ceiling(path) }));
  const closed = ceilings.filter(({ upToBytes }) => upToBytes === 0).map(({ path }) => path);
  const passes = (path: string): boolean => over(path).some(({ ok }) => ok);
  const ends = unique(ceilings.map(({ upToBytes }) => upToBytes).filter((end) => end > 0)).sort((a, b) => a - b);
  return {
    clients: [client],
    bands: ends.map((end) => bandOf(end, ceilings)),
    neverPaths: closed.filter((path) => !passes(path)),
    unsteadyPaths: closed.filter(passes),
    triedUpToBytes: Math.max(0, ...own.map(sizeOf)),
  };
}

function bandOf(end: number, ceilings: readonly (Ceiling & { readonly path: string })[]): RouteBand {
  const ending = ceilings.filter(({ upToBytes }) => upToBytes === end);
  const failedBytes = Math.min(...ending.map((ceiling) => ceiling.failedBytes));
  return {
    upToBytes: Number.isFinite(end) ? end : undefined,
    paths: ceilings.filter(({ upToBytes }) => upToBytes >= end).map(({ path }) => path),
    failedBytes: Number.isFinite(failedBytes) ? failedBytes : undefined,
    isSearched: ending.some(({ isSearched }) => isSearched),
  };
}

function triedBy(run: Run): Tried {
  return { sizeBytes: sizeOf(run), ok: run.ok, reason: run.failure?.reason };
}

function sizeOf({ check }: Run): number {
  return workloadBytes(check.workload);
}

function unique<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}
