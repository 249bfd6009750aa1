import type { Config } from '../config/config.ts';
import type { ApiReport } from '../probe/diagnose/api-check.ts';
import type { PathLimit } from '../probe/limits/limit.ts';
import type { ByteBudget } from '../schedule/byte-budget.ts';
import type { ScheduleObserver } from '../schedule/task-loop.ts';
import type { Engine } from './engine.ts';
import { ScheduledApiChecks } from './scheduled-api-checks.ts';
import { ScheduledChecks, type ScheduledChecksDeps } from './scheduled-checks.ts';
import { ScheduledLimits } from './scheduled-limits.ts';
import type { Tasks } from './schedules.ts';

interface ScheduledTasksDeps extends ScheduledChecksDeps {
  /** For searches, API checks and the limit on bandwidth. */
  readonly engine: Engine;
  readonly budget: ByteBudget;
}

/**
 * What the daemon does by the clock, as a configuration says: rounds of checks (`ScheduledChecks`), searches for limits (`ScheduledLimits`)
 * and looks at the API (`ScheduledApiChecks`), each turned into tasks. When they run is a matter of `Schedules`.
 */
export class ScheduledTasks {
  readonly #deps: ScheduledTasksDeps;
  readonly #checks: ScheduledChecks;
  readonly #limits: ScheduledLimits;
  readonly #apis: ScheduledApiChecks;

  constructor(deps: ScheduledTasksDeps) {
    this.#deps = deps;
    this.#checks = new ScheduledChecks(deps);
    this.#limits = new ScheduledLimits(deps);
    this.#apis = new ScheduledApiChecks(deps);
  }

  get observer(): ScheduleObserver {
    return this.#checks.observer;
  }

  /** Puts a configuration in force. */
  update({ budget, checks, limits, excludeTainted, histograms }: Config): Tasks {
    this.#deps.metrics.chooseHistograms(histograms);
    this.#deps.budget.limitTo(budget.bytesPerDay);
    this.#deps.engine.limitBandwidth(budget.bandwidthBitsPerSecond);
    const rounds = this.#checks.update(checks, { excludeTainted });
    const searches = this.#limits.update(limits);
    return { pushes: [...rounds, ...searches.pushes], light: [...this.#apis.update(checks), ...searches.light] };
  }

  /** What the last searches for limits found. */
  limits(): readonly PathLimit[] {
    return this.#limits.findings();
  }

  /** What each path's API did when it was last asked. */
  apis(): readonly ApiReport[] {
    return this.#apis.reports();
  }
}
