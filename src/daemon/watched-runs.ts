import type { Check } from '../probe/check.ts';
import type { Progress, RunCheck } from '../probe/outcome.ts';
import type { LiveRun, LiveRuns } from '../publish/live-run.ts';

/** The engine, watched: what it runs right now can be looked up. Each run gets its id before it starts, from `newId` unless the caller gives one. */
export class WatchedRuns implements LiveRuns {
  readonly #run: RunCheck;
  readonly #newId: () => string;
  readonly #live = new Map<string, LiveRun>();
  readonly #announced = new Set<string>();

  constructor(run: RunCheck, newId: () => string) {
    this.#run = run;
    this.#newId = newId;
  }

  readonly run: RunCheck = async (check, options) => {
    const id = options.id ?? this.#newId();
    const base = { id, check, state: 'running', since: new Date(), onDemand: this.#announced.has(id) } as const;
    this.#live.set(id, base);
    const onProgress = (progress: Progress): void => {
      this.#live.set(id, { ...base, progress });
      options.onProgress?.(progress);
    };
    try {
      return await this.#run(check, { ...options, id, onProgress });
    } finally {
      this.#live.delete(id);
    }
  };

  list(): readonly LiveRun[] {
    return [...this.#live.values()];
  }

  get(id: string): LiveRun | undefined {
    return this.#live.get(id);
  }

  /** A run asked for by somebody that still waits; it stays until it has run, or until the returned function is called. */
  announce(id: string, check: Check): () => void {
    this.#announced.add(id);
    this.#live.set(id, { id, check, state: 'queued', since: new Date(), onDemand: true });
    return () => {
      this.#announced.delete(id);
      this.#live.delete(id);
    };
  }
}
