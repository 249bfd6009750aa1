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
  /** For searches, API checks and the limit on bandwidth; undefined: none of these. */
  readonly engine: Engine | undefined;
  readonly budget: ByteBudget;
}

/** Turns a configuration into tasks for the schedules: rounds of checks, searches for limits, looks at the API. */
export class ScheduledTasks {
  readonly #deps: ScheduledTasksDeps;
  readonly #checks: ScheduledChecks;
  readonly #limits: ScheduledLimits | undefined;
  readonly #apis: ScheduledApiChecks | undefined;

  constructor(deps: ScheduledTasksDeps) {
    const { engine } = deps;
    this.#deps = deps;
    this.#checks = new ScheduledChecks(deps);
    this.#limits = engine && new ScheduledLimits({ ...deps, engine });
    this.#apis = engine && new ScheduledApiChecks({ ...deps, engine });
  }

  get observer(): ScheduleObserver {
    return this.#checks.observer;
  }

  /** Puts a configuration in force. */
  update({ budget, checks, limits, excludeTainted, histograms }: Config): Tasks {
    this.#deps.metrics.chooseHistograms(histograms);
    this.#deps.budget.limitTo(budget.bytesPerDay);
    this.#deps.engine?.limitBandwidth(budget.bandwidthBitsPerSecond);
    const rounds = this.#checks.update(checks, { excludeTainted });
    const searches = this.#limits?.update(limits) ?? { sizes: [], durations: [] };
    return {
      pushes: [...rounds, ...searches.sizes],
      light: [...(this.#apis?.update(checks) ?? []), ...searches.durations],
    };
  }

  /** What the last searches for limits found. */
  limits(): readonly PathLimit[] {
    return this.#limits?.findings() ?? [];
  }

  /** What each path's API did when it was last asked. */
  apis(): readonly ApiReport[] {
    return this.#apis?.reports() ?? [];
  }
}
