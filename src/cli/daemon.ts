import type { Config } from '../config/config.ts';
import type { ApiReport } from '../probe/api-check.ts';
import type { RunCheck } from '../probe/outcome.ts';
import type { VerdictOptions } from '../probe/verdict.ts';
import type { History } from '../publish/history.ts';
import type { LimitFinding, Metrics } from '../publish/metrics.ts';
import { createVerdicts, type Verdicts } from '../publish/verdicts.ts';
import { type ByteBudget, createByteBudget } from '../schedule/byte-budget.ts';
import { createPauseSwitch, type PauseSwitch } from '../schedule/pause.ts';
import type { ScheduleObserver } from '../schedule/task-loop.ts';
import type { TransferLimit } from '../schedule/transfer-limit.ts';
import { type Schedules, startSchedules, type Tasks } from './daemon-schedules.ts';
import type { Engine } from './engine.ts';
import type { Logger } from './log.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';
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
  /** Shared with what is run on demand. */
  readonly pause?: PauseSwitch | undefined;
  /** Shared likewise. */
  readonly rateLimits?: RateLimits | undefined;
  /** Names the remedy for a path's fault. */
  readonly remedy?: VerdictOptions['remedy'];
  /** In [0, 1): the order of the paths in a round. Default: chance. */
  readonly random?: () => number;
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

/** Puts a configuration in force: all its series exist from now on, and its checks run from `start` on. */
export function createDaemon(initial: Config, deps: DaemonDeps): Daemon {
  const { metrics, log } = deps;
  const pause = deps.pause ?? createPauseSwitch();
  const isPaused = (): boolean => pause.state() !== undefined;
  const parts = createParts(deps);
  let config = initial;
  let tasks = parts.update(config);
  let schedules: Schedules | undefined;
  metrics.configReloaded(true);
  warnOfInsecurePaths(config, log);
  reportPauses(pause, deps, () => {
    schedules?.interrupt();
  });

  return {
    get config() {
      return config;
    },
    get ready() {
      return schedules?.active === true;
    },
    budget: parts.budget,
    verdicts: parts.verdicts,
    limits: parts.limits,
    apis: parts.apis,
    start() {
      const { limit } = deps;
      const { transfers } = config.budget;
      schedules ??= startSchedules(tasks, { observer: parts.observer, transfers, limit, isPaused, log });
    },
    reload() {
      const read = readAnew(deps);
      if ('errors' in read) {
        return read.errors;
      }
      config = read.config;
      tasks = parts.update(config);
      schedules?.update(tasks, config.budget.transfers);
      metrics.configReloaded(true);
      log.info('configuration loaded', { checks: config.checks.length });
      warnOfInsecurePaths(config, log);
      return [];
    },
    async stop(boundMs) {
      await schedules?.stop(boundMs);
    },
  };
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
  const rateLimits = deps.rateLimits ?? createRateLimits();
  const checks = createScheduledChecks({ ...deps, budget, verdicts, rateLimits });
  const limits = engine && createScheduledLimits({ engine, metrics, budget, log, rateLimits });
  const api =
    engine &&
    createScheduledApiChecks({
      checkApi: (target, options) => engine.checkApi(target, options),
      metrics,
      log,
      rateLimits,
      budget,
    });
  return {
    observer: checks.observer,
    budget,
    verdicts,
    limits: () => limits?.findings() ?? [],
    apis: () => api?.reports() ?? [],
    update(config) {
      budget.limitTo(config.budget.bytesPerDay);
      engine?.limitBandwidth(config.budget.bandwidthBitsPerSecond);
      const rounds = checks.update(config.checks, { excludeTainted: config.excludeTainted });
      const searches = limits?.update(config.limits) ?? { sizes: [], durations: [] };
      return {
        pushes: [...rounds, ...searches.sizes],
        light: [...(api?.update(config.checks) ?? []), ...searches.durations],
      };
    },
  };
}

/** The configuration as it is now, or all its errors, which are reported. */
function readAnew({
  readConfig,
  metrics,
  log,
}: DaemonDeps): { readonly config: Config } | { readonly errors: readonly string[] } {
  try {
    return { config: readConfig() };
  } catch (error) {
    const errors = (error instanceof Error ? error.message : String(error)).split('\n');
    metrics.configReloaded(false);
    errors.forEach((line) => log.error('configuration not loaded', { error: line }));
    return { errors };
  }
}

function reportPauses(pause: PauseSwitch, { metrics, log }: DaemonDeps, interrupt: () => void): void {
  pause.onChange((state, by) => {
    metrics.paused(state !== undefined);
    const message = state === undefined ? 'resumed' : 'paused: no run starts, and those under way are cancelled';
    log.warn(message, { by, until: state?.until?.toISOString() });
    if (state !== undefined) {
      interrupt();
    }
  });
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
