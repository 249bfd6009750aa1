import type { Config } from '../config/config.ts';
import type { Metrics } from '../publish/metrics/metrics.ts';
import type { PauseSwitch } from '../schedule/pause.ts';
import type { TransferLimit } from '../schedule/transfer-limit.ts';
import type { Logger } from './log.ts';
import type { ScheduledTasks } from './scheduled-tasks.ts';
import { type Schedules, startSchedules } from './schedules.ts';

export interface DaemonDeps {
  readonly tasks: ScheduledTasks;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Shared with what is run on demand. */
  readonly limit: TransferLimit;
  readonly pause: PauseSwitch;
  /** Reads the configuration anew. Throws with all its errors, one a line. */
  readonly readConfig: () => Config;
}

/** A configuration in force and the schedule that runs its checks. */
export interface Daemon {
  readonly config: Config;
  /** The schedule is running. */
  readonly ready: boolean;
  /** Milliseconds until the schedule next runs this round (`RoundPlan.id`); undefined: not known. */
  dueInMs(roundId: string): number | undefined;
  start(): void;
  /** Reads the configuration anew and puts it in force; when it is wrong the old one stays, and the errors are returned. */
  reload(): readonly string[];
  /** Aborts running pushes; resolves when they have cleaned up, or after `boundMs`. */
  stop(boundMs: number): Promise<void>;
}

/** Puts a configuration in force: all its series exist from now on, and its checks run from `start` on. */
export function createDaemon(initial: Config, deps: DaemonDeps): Daemon {
  const { metrics, log, limit, pause } = deps;
  const isPaused = (): boolean => pause.state() !== undefined;
  let config = initial;
  let tasks = deps.tasks.update(config);
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
    dueInMs: (roundId) => schedules?.dueInMs(roundId),
    start() {
      schedules ??= startSchedules(tasks, { observer: deps.tasks.observer, limit, isPaused, log });
    },
    reload() {
      const read = readAnew(deps);
      if ('errors' in read) return read.errors;
      config = read.config;
      tasks = deps.tasks.update(config);
      limit.resize(config.budget.transfers);
      schedules?.update(tasks);
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
    if (state !== undefined) interrupt();
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
