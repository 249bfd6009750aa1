import { checkId } from '../probe/check.ts';
import type { Run } from '../probe/outcome.ts';

export interface HistoryLimits {
  /** Runs of any outcome kept per check. */
  readonly runs: number;
  /** Failed runs kept per check beyond those, so that a night of successes does not push yesterday's failure out. */
  readonly failures: number;
}

/** Which runs to list. */
export interface RunFilter {
  readonly checkId?: string;
  readonly registry?: string;
  readonly failuresOnly?: boolean;
  readonly limit?: number;
}

/** The last runs of each check, in memory. */
export interface History {
  add(run: Run): void;
  /** Keeps a run that somebody asked for: listed with the others, but no part of its check's record. */
  addOnDemand(run: Run): void;
  isOnDemand(id: string): boolean;
  /** Newest first; all checks and what was run on demand when no check is named. */
  list(filter?: RunFilter): Run[];
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
  const nothing: Rings = { recent: [], failed: [] };
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
    list(filter = {}) {
      const { checkId: id } = filter;
      const rings = id === undefined ? [...checks.values(), onDemand] : [checks.get(id) ?? nothing];
      return newestOf(rings, filter, limits);
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

function newestOf(
  rings: readonly Rings[],
  { registry, failuresOnly = false, limit = Number.POSITIVE_INFINITY }: RunFilter,
  limits: HistoryLimits,
): Run[] {
  const newest = new Newest(limit);
  const wanted = (run: Run): boolean =>
    !(failuresOnly && run.ok) && (registry === undefined || run.check.registry.name === registry);
  for (const { recent, failed } of rings) {
    newest.offer(failed, wanted);
    // What failed recently is among what failed, unless fewer of those are kept.
    if (!failuresOnly || limits.failures < limits.runs) {
      newest.offer(recent, wanted);
    }
  }
  return newest.runs();
}

/**
 * The newest of many runs, newest first. Keeps no more than twice of what is asked for, so that the newest twenty failures of
 * a thousand checks are found without sorting all that they ever did.
 */
class Newest {
  readonly #limit: number;
  readonly #runs: Run[] = [];
  readonly #seen = new Set<Run>();
  #oldestMs = Number.NEGATIVE_INFINITY;

  constructor(limit: number) {
    this.#limit = limit;
  }

  offer(ring: readonly Run[], wanted: (run: Run) => boolean): void {
    for (const run of ring) {
      if (endedAtMs(run) >= this.#oldestMs && wanted(run) && !this.#seen.has(run)) {
        this.#seen.add(run);
        this.#runs.push(run);
        if (this.#runs.length >= 2 * this.#limit) {
          this.#trim();
        }
      }
    }
  }

  runs(): Run[] {
    this.#trim();
    return this.#runs;
  }

  #trim(): void {
    this.#runs.sort((a, b) => endedAtMs(b) - endedAtMs(a));
    this.#runs.length = Math.min(this.#runs.length, this.#limit);
    const oldest = this.#runs.at(-1);
    if (oldest !== undefined && this.#runs.length === this.#limit) {
      this.#oldestMs = endedAtMs(oldest);
    }
  }
}

/** When the run ended, in milliseconds since 1970. */
export function endedAtMs(run: Run): number {
  return run.startedAt.getTime() + run.durationMs;
}
