import type { Config } from '../config/config.ts';
import type { ApiReport } from '../probe/api-check.ts';
import type { RunCheck } from '../probe/outcome.ts';
import type { VerdictOptions } from '../probe/verdict.ts';
import type { History } from '../publish/history.ts';
import type { LimitFinding, Metrics } from '../publish/metrics.ts';
import { createVerdicts, type Verdicts } from '../publish/verdicts.ts';
import { type ByteBudget, createByteBudget } from '../schedule/byte-budget.ts';
import { type Schedule, startSchedule } from '../schedule/schedule.ts';
import type { ScheduleObserver, Task } from '../schedule/task-loop.ts';
import type { TransferLimit } from '../schedule/transfer-limit.ts';
import type { Engine } from './engine.ts';
import type { Logger } from './log.ts';
import { createScheduledApiChecks } from './scheduled-api-checks.ts';
import { createScheduledChecks } from './scheduled-checks.ts';
import { createScheduledLimits } from './scheduled-limits.ts';

export interface DaemonDeps {
  readonly run: RunCheck;
  /** For searches, API checks and the limit on bandwidth; absent: none of these. */
  readonly engine?: Engine | undefined;
  readonly metrics: Metrics;
  readonly history: History;
  readonly log: Logger;
  /** Shared with what is run on demand, as `budget` is. */
  readonly limit?: TransferLimit | undefined;
  /** Gets the configured bytes a day. Default: one of its own, which feeds the gauge. */
  readonly budget?: ByteBudget | undefined;
  readonly verdicts?: Verdicts | undefined;
  /** Names the remedy for a path's fault. */
  readonly remedy?: VerdictOptions['remedy'];
  /** Reads the configuration anew. Throws with all its errors, one a line. */
  readonly readConfig: () => Config;
}

/** A configuration in force and the schedule that runs its checks. */
export interface Daemon {
  readonly config: Config;
  /** The schedule is running. */
  readonly ready: boolean;
  /** Bytes of the day: whoever pushes besides the schedule takes them here. */
  readonly budget: ByteBudget;
  /** What the last rounds said. */
  readonly verdicts: Verdicts;
  /** What the last searches for limits found. */
  limits(): readonly LimitFinding[];
  /** What each path's API did when it was last asked. */
  apis(): readonly ApiReport[];
  start(): void;
  /** Reads the configuration anew and puts it in force; when it is wrong the old one stays, and the errors are returned. */
  reload(): readonly string[];
  /** Aborts running pushes; resolves when they have cleaned up, or after `boundMs`. */
  stop(boundMs: number): Promise<void>;
}

/** Looks and slow searches at the same time; they move next to nothing, so that they disturb no measurement. */
const lightTasksAtOnce = 4;

/** Puts a configuration in force: all its series exist from now on, and its checks run from `start` on. */
export function createDaemon(initial: Config, deps: DaemonDeps): Daemon {
  const { metrics, log } = deps;
  const parts = createParts(deps);
  let config = initial;
  let tasks = parts.update(config);
  let schedules: { readonly pushes: Schedule; readonly light: Schedule } | undefined;
  metrics.configReloaded(true);
  warnOfInsecurePaths(config, log);

  return {
    get config() {
      return config;
    },
    get ready() {
      return schedules?.pushes.active === true;
    },
    budget: parts.budget,
    verdicts: parts.verdicts,
    limits: parts.limits,
    apis: parts.apis,
    start() {
      schedules ??= startSchedules(tasks, config, parts.observer, deps);
    },
    reload() {
      try {
        config = deps.readConfig();
      } catch (error) {
        const errors = (error instanceof Error ? error.message : String(error)).split('\n');
        metrics.configReloaded(false);
        errors.forEach((line) => log.error('configuration not loaded', { error: line }));
        return errors;
      }
      tasks = parts.update(config);
      schedules?.pushes.update(tasks.pushes, config.budget.transfers);
      schedules?.light.update(tasks.light);
      metrics.configReloaded(true);
      log.info('configuration loaded', { checks: config.checks.length });
      warnOfInsecurePaths(config, log);
      return [];
    },
    async stop(boundMs) {
      const running = schedules === undefined ? [] : [schedules.pushes, schedules.light];
      const late = await Promise.all(running.map((schedule) => schedule.stop(boundMs)));
      for (const task of late.flat()) {
        log.error('push did not end in time', { task });
      }
    },
  };
}

/** What queues for a transfer, and what does not. */
interface Tasks {
  readonly pushes: readonly Task[];
  readonly light: readonly Task[];
}

/** The parts that turn a configuration into tasks. */
interface Parts {
  readonly observer: ScheduleObserver;
  readonly budget: ByteBudget;
  readonly verdicts: Verdicts;
  readonly limits: () => readonly LimitFinding[];
  readonly apis: () => readonly ApiReport[];
  update(config: Config): Tasks;
}

function createParts(deps: DaemonDeps): Parts {
  const { metrics, engine, log } = deps;
  const verdicts = deps.verdicts ?? createVerdicts();
  const onChange = (remaining: number | undefined): void => metrics.budgetRemaining(remaining);
  const budget = deps.budget ?? createByteBudget({ nowMs: () => performance.now(), onChange });
  const checks = createScheduledChecks({ ...deps, budget, verdicts });
  const limits = engine && createScheduledLimits({ engine, metrics, budget, log });
  const api =
    engine &&
    createScheduledApiChecks({ checkApi: (target, options) => engine.checkApi(target, options), metrics, log });
  return {
    observer: checks.observer,
    budget,
    verdicts,
    limits: () => limits?.findings() ?? [],
    apis: () => api?.reports() ?? [],
    update(config) {
      budget.limitTo(config.budget.bytesPerDay);
      engine?.limitBandwidth(config.budget.bandwidthBitsPerSecond);
      const rounds = checks.update(config.checks);
      const searches = limits?.update(config.limits) ?? { sizes: [], durations: [] };
      return {
        pushes: [...rounds, ...searches.sizes],
        light: [...(api?.update(config.checks) ?? []), ...searches.durations],
      };
    },
  };
}

function startSchedules(
  tasks: Tasks,
  config: Config,
  observer: ScheduleObserver,
  { limit, log }: DaemonDeps,
): { readonly pushes: Schedule; readonly light: Schedule } {
  const { transfers } = config.budget;
  const lightObserver: ScheduleObserver = {
    started: () => {},
    skipped: ({ id, cause, slots }) => log.debug('task skipped', { task: id, cause, slots }),
    misbehaved: ({ id, error }) => log.error('task broke its contract', { task: id, error: String(error) }),
  };
  return {
    pushes: startSchedule({ tasks: tasks.pushes, observer, transfers, ...(limit === undefined ? {} : { limit }) }),
    light: startSchedule({ tasks: tasks.light, observer: lightObserver, transfers: lightTasksAtOnce }),
  };
}

function warnOfInsecurePaths(config: Config, log: Logger): void {
  for (const { name, paths } of config.registries) {
    for (const path of paths.filter(({ tls }) => tls.insecure)) {
      log.warn('certificates are not verified, credentials can be read on the way', {
        registry: name,
        path: path.name,
      });
    }
  }
}
