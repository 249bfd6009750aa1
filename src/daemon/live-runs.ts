import type { Check } from '../probe/check.ts';
import type { Progress, RunCheck } from '../probe/outcome.ts';
import type { LiveRun, LiveRuns } from '../publish/live-run.ts';

/** The engine, watched: what it runs right now can be looked up. */
export interface WatchedRuns extends LiveRuns {
  readonly run: RunCheck;
  /** A run asked for by somebody that still waits; it stays until it has run, or until the returned function is called. */
  announce(id: string, check: Check): () => void;
}

/** Watches all runs of `run`. Each gets its id before it starts, from `newId` unless the caller gives one. */
export function watchRuns(run: RunCheck, newId: () => string): WatchedRuns {
  const live = new Map<string, LiveRun>();
  const announced = new Set<string>();

  async function watched(check: Check, options: Parameters<RunCheck>[1]): ReturnType<RunCheck> {
    const id = options.id ?? newId();
    const base = { id, check, state: 'running', since: new Date(), onDemand: announced.has(id) } as const;
    live.set(id, base);
    const onProgress = (progress: Progress): void => {
      live.set(id, { ...base, progress });
      options.onProgress?.(progress);
    };
    try {
      return await run(check, { ...options, id, onProgress });
    } finally {
      live.delete(id);
    }
  }

  return {
    run: watched,
    list: () => [...live.values()],
    get: (id) => live.get(id),
    announce(id, check) {
      announced.add(id);
      live.set(id, { id, check, state: 'queued', since: new Date(), onDemand: true });
      return () => {
        announced.delete(id);
        live.delete(id);
      };
    },
  };
}
