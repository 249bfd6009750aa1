import { type Check, checkId, checkLabels } from '../probe/check.ts';
import type { RunCheck } from '../probe/outcome.ts';
import type { History } from '../publish/history.ts';
import type { Metrics } from '../publish/metrics.ts';
import type { ScheduleObserver, Task } from '../schedule/task-loop.ts';
import type { Logger } from './log.ts';
import { logRun } from './run-log.ts';

export interface ScheduledChecksDeps {
  readonly run: RunCheck;
  readonly metrics: Metrics;
  readonly history: History;
  readonly log: Logger;
}

/** The checks in force, as tasks for the schedule; what the schedule tells about them goes to metrics, history and log. */
export interface ScheduledChecks {
  readonly observer: ScheduleObserver;
  /** Puts these checks in force: creates the series of new ones and removes those of checks that are gone. */
  update(checks: readonly Check[]): readonly Task[];
}

export function createScheduledChecks(deps: ScheduledChecksDeps): ScheduledChecks {
  const inForce = new Map<string, Check>();
  return {
    observer: observe(inForce, deps),
    update(checks) {
      replace(inForce, checks, deps);
      return checks.map((check) => ({
        id: checkId(check),
        intervalMs: check.intervalMs,
        timeoutMs: check.timeoutMs,
        run: (signal) => execute(check, inForce, deps, signal),
      }));
    },
  };
}

function replace(
  inForce: Map<string, Check>,
  checks: readonly Check[],
  { metrics, history }: ScheduledChecksDeps,
): void {
  const next = new Map(checks.map((check) => [checkId(check), check]));
  for (const [id, check] of inForce) {
    if (!next.has(id)) {
      inForce.delete(id);
      metrics.unregister(check);
    }
  }
  for (const [id, check] of next) {
    inForce.set(id, check);
    metrics.register(check);
  }
  history.retain(new Set(next.keys()));
}

async function execute(
  check: Check,
  inForce: ReadonlyMap<string, Check>,
  { run: runCheck, metrics, history, log }: ScheduledChecksDeps,
  signal: AbortSignal,
): Promise<void> {
  metrics.runStarted(check);
  try {
    const run = await runCheck(check, { signal });
    metrics.observe(run);
    if (inForce.has(checkId(check))) {
      history.add(run);
    }
    logRun(log, run);
  } finally {
    metrics.runEnded(check);
  }
}

function observe(inForce: ReadonlyMap<string, Check>, { metrics, log }: ScheduledChecksDeps): ScheduleObserver {
  return {
    started: ({ lagMs }) => metrics.scheduleLag(lagMs / 1_000),
    skipped({ id, cause, slots }) {
      const check = inForce.get(id);
      if (check !== undefined) {
        metrics.runSkipped(check, cause, slots);
        log.debug('run skipped', { ...checkLabels(check), cause, slots });
      }
    },
    misbehaved({ id, error }) {
      const check = inForce.get(id);
      log.error('run broke its contract', { ...(check && checkLabels(check)), check: id, error: String(error) });
    },
  };
}
