import type { EngineBounds } from '../../src/daemon/engine.ts';
import { type Check, checkId } from '../../src/probe/check.ts';
import type { Run, RunCheck } from '../../src/probe/outcome.ts';

/** One call of the engine as its caller saw it. Times are monotonic milliseconds. */
export interface RecordedRun {
  readonly checkId: string;
  readonly path: string;
  readonly timeoutMs: number;
  readonly startedMs: number;
  endedMs?: number;
  run?: Run;
  /** What it rejected with, as text: it must not. */
  rejection?: string;
  /** Was to end before it began: it has no transfer, and takes none. */
  readonly stillborn: boolean;
  /** Other runs under way when it began. */
  readonly beside: readonly string[];
}

/** The engine, with a record of all that it did. */
export interface Recorder {
  readonly run: RunCheck;
  readonly records: readonly RecordedRun[];
  readonly running: number;
}

export function recordRuns(run: RunCheck): Recorder {
  const records: RecordedRun[] = [];
  const live = new Set<RecordedRun>();
  return {
    records,
    get running() {
      return live.size;
    },
    async run(check: Check, options) {
      const record: RecordedRun = {
        checkId: checkId(check),
        path: check.path.name,
        timeoutMs: check.timeoutMs,
        startedMs: performance.now(),
        stillborn: options.signal.aborted,
        beside: [...live].filter(({ stillborn }) => !stillborn).map((one) => one.checkId),
      };
      records.push(record);
      live.add(record);
      try {
        record.run = await run(check, options);
        return record.run;
      } catch (error) {
        record.rejection = String(error);
        throw error;
      } finally {
        record.endedMs = performance.now();
        live.delete(record);
      }
    },
  };
}

/** Bounds that fit a world of seconds: what takes minutes in production takes less than a second here. */
export const worldBounds = { cleanupTimeoutMs: 600, stallTimeoutMs: 400 } as const satisfies EngineBounds;
