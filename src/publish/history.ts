import { checkId } from '../probe/check.ts';
import type { Run } from '../probe/outcome.ts';

export interface HistoryLimits {
  /** Runs of any outcome kept per check. */
  readonly runs: number;
  /** Failed runs kept per check beyond those, so that a night of successes does not push yesterday's failure out. */
  readonly failures: number;
}

/** The last runs of each check, in memory. */
export interface History {
  add(run: Run): void;
  /** Keeps a run that somebody asked for: listed with the others, but no part of its check's record. */
  addOnDemand(run: Run): void;
  isOnDemand(id: string): boolean;
  /** Newest first; all checks and what was run on demand when no check is named. */
  list(filter?: { readonly checkId?: string; readonly failuresOnly?: boolean; readonly limit?: number }): Run[];
  get(id: string): Run | undefined;
  /** The newest run of the check that we did not cancel ourselves. */
  last(checkId: string): Run | undefined;
  /** Forgets checks that are not configured any more. */
  retain(checkIds: ReadonlySet<string>): void;
}

interface Rings {
  /** Oldest first, as they ended. */
  readonly recent: Run[];
  readonly failed: Run[];
}

/** Makes an empty history. A run is kept while either of its check's two rings holds it. */
export function createHistory(limits: HistoryLimits = { runs: 50, failures: 50 }): History {
  const checks = new Map<string, Rings>();
  const onDemand: Rings = { recent: [], failed: [] };
  const byId = new Map<string, Run>();

  function push(ring: Run[], run: Run, limit: number): Run[] {
    ring.push(run);
    return ring.splice(0, Math.max(0, ring.length - limit));
  }

  function forget(run: Run, rings: Rings): void {
    if (!rings.recent.includes(run) && !rings.failed.includes(run)) {
      byId.delete(run.id);
    }
  }

  function keep(run: Run, rings: Rings): void {
    byId.set(run.id, run);
    const dropped = push(rings.recent, run, limits.runs);
    if (!run.ok) {
      dropped.push(...push(rings.failed, run, limits.failures));
    }
    dropped.forEach((old) => forget(old, rings));
  }

  return {
    add(run) {
      const id = checkId(run.check);
      const rings = checks.get(id) ?? { recent: [], failed: [] };
      checks.set(id, rings);
      keep(run, rings);
    },
    addOnDemand: (run) => keep(run, onDemand),
    isOnDemand: (id) => [...onDemand.recent, ...onDemand.failed].some((run) => run.id === id),
    list({ checkId: id, failuresOnly = false, limit = Number.POSITIVE_INFINITY } = {}) {
      const wanted = id === undefined ? [...checks.values(), onDemand] : [checks.get(id) ?? { recent: [], failed: [] }];
      const runs = new Set(wanted.flatMap((rings) => [...rings.recent, ...rings.failed]));
      return [...runs]
        .filter((run) => !failuresOnly || !run.ok)
        .sort((a, b) => endedAtMs(b) - endedAtMs(a))
        .slice(0, limit);
    },
    get: (id) => byId.get(id),
    last: (id) => checks.get(id)?.recent.findLast((run) => run.failure?.reason !== 'cancelled'),
    retain(checkIds) {
      for (const [id, rings] of checks) {
        if (!checkIds.has(id)) {
          checks.delete(id);
          [...rings.recent, ...rings.failed].forEach((run) => byId.delete(run.id));
        }
      }
    },
  };
}

/** When the run ended, in milliseconds since 1970. */
export function endedAtMs(run: Run): number {
  return run.startedAt.getTime() + run.durationMs;
}
