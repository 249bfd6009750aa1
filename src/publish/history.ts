import { type CheckLabels, checkId, checkLabels } from '../probe/check.ts';
import { endedAtMs, type Run } from '../probe/outcome.ts';

interface HistoryLimits {
  /** Runs of any outcome kept per check. */
  readonly runs: number;
  /** Failed runs kept per check beyond those, so that a night of successes does not push yesterday's failure out. */
  readonly failures: number;
  /** Runs kept of all checks together, default 2500: where there are many checks each keeps fewer, three of each kind at least. */
  readonly all?: number;
}

const mostRuns = 2_500;
const fewestPerCheck = 3;

/** Which runs to list. */
interface RunFilter {
  readonly checkId?: string;
  /** Runs of checks with these names only. */
  readonly about?: Partial<CheckLabels>;
  readonly failuresOnly?: boolean;
  readonly limit?: number;
}

interface Rings {
  /** Oldest first, as they ended. */
  readonly recent: Run[];
  readonly failed: Run[];
}

/** The last runs of each check, in memory. A run is kept while either of its check's two rings holds it. */
export class History {
  readonly #limits: HistoryLimits;
  readonly #checks = new Map<string, Rings>();
  readonly #onDemand: Rings = { recent: [], failed: [] };
  readonly #byId = new Map<string, Run>();

  constructor(limits: HistoryLimits = { runs: 50, failures: 50 }) {
    this.#limits = limits;
  }

  add(run: Run): void {
    const id = checkId(run.check);
    const rings = this.#checks.get(id) ?? { recent: [], failed: [] };
    this.#checks.set(id, rings);
    this.#keep(run, rings);
  }

  /** Keeps a run that somebody asked for: listed with the others, but no part of its check's record. */
  addOnDemand(run: Run): void {
    this.#keep(run, this.#onDemand);
  }

  isOnDemand(id: string): boolean {
    const { recent, failed } = this.#onDemand;
    return [...recent, ...failed].some((run) => run.id === id);
  }

  /** Newest first; all checks and what was run on demand when no check is named. */
  list(filter: RunFilter = {}): Run[] {
    const { checkId: id } = filter;
    const rings = id === undefined ? [...this.#checks.values(), this.#onDemand] : [this.#checks.get(id) ?? nothing];
    return newestOf(rings, filter, this.#limits);
  }

  get(id: string): Run | undefined {
    return this.#byId.get(id);
  }

  /** The newest run of the check that we did not cancel ourselves. */
  last(id: string): Run | undefined {
    return this.#checks.get(id)?.recent.findLast((run) => run.failure?.reason !== 'cancelled');
  }

  /** Forgets checks that are not configured any more. */
  retain(checkIds: ReadonlySet<string>): void {
    for (const [id, rings] of this.#checks) {
      if (!checkIds.has(id)) {
        this.#checks.delete(id);
        [...rings.recent, ...rings.failed].forEach((run) => this.#byId.delete(run.id));
      }
    }
  }

  #keep(run: Run, rings: Rings): void {
    this.#byId.set(run.id, run);
    const { runs, failures, all = mostRuns } = this.#limits;
    const share = Math.max(fewestPerCheck, Math.floor(all / 2 / Math.max(1, this.#checks.size)));
    const dropped = pushed(rings.recent, run, Math.min(runs, share));
    if (!run.ok) dropped.push(...pushed(rings.failed, run, Math.min(failures, share)));
    for (const old of dropped)
      if (!rings.recent.includes(old) && !rings.failed.includes(old)) this.#byId.delete(old.id);
  }
}

const nothing: Rings = { recent: [], failed: [] };

/** Adds the run; gives back what no longer has a place. */
function pushed(ring: Run[], run: Run, limit: number): Run[] {
  ring.push(run);
  return ring.splice(0, Math.max(0, ring.length - limit));
}

function newestOf(
  rings: readonly Rings[],
  { about = {}, failuresOnly = false, limit = Number.POSITIVE_INFINITY }: RunFilter,
  limits: HistoryLimits,
): Run[] {
  const newest = new Newest(limit);
  const asked = Object.entries(about).filter(([, name]) => name !== undefined) as [keyof CheckLabels, string][];
  const isAbout = (run: Run): boolean => {
    const labels = checkLabels(run.check);
    return asked.every(([label, name]) => labels[label] === name);
  };
  const wanted = (run: Run): boolean => !(failuresOnly && run.ok) && isAbout(run);
  for (const { recent, failed } of rings) {
    newest.offer(failed, wanted);
    // What failed recently is among what failed, unless fewer of those are kept.
    if (!failuresOnly || limits.failures < limits.runs) newest.offer(recent, wanted);
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
        if (this.#runs.length >= 2 * this.#limit) this.#trim();
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
    if (oldest !== undefined && this.#runs.length === this.#limit) this.#oldestMs = endedAtMs(oldest);
  }
}
