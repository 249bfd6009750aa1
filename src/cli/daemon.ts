import type { Config } from '../config/config.ts';
import type { RunCheck } from '../probe/outcome.ts';
import type { History } from '../publish/history.ts';
import type { Metrics } from '../publish/metrics.ts';
import { type Schedule, startSchedule } from '../schedule/schedule.ts';
import type { Logger } from './log.ts';
import { createScheduledChecks } from './scheduled-checks.ts';

export interface DaemonDeps {
  readonly run: RunCheck;
  readonly metrics: Metrics;
  readonly history: History;
  readonly log: Logger;
  /** Reads the configuration anew. Throws with all its errors, one a line. */
  readonly readConfig: () => Config;
}

/** A configuration in force and the schedule that runs its checks. */
export interface Daemon {
  readonly config: Config;
  /** The schedule is running. */
  readonly ready: boolean;
  start(): void;
  /** Reads the configuration anew and puts it in force; when it is wrong the old one stays, and the errors are returned. */
  reload(): readonly string[];
  /** Aborts running pushes; resolves when they have cleaned up, or after `boundMs`. */
  stop(boundMs: number): Promise<void>;
}

/** Puts a configuration in force: all its series exist from now on, and its checks run from `start` on. */
export function createDaemon(initial: Config, deps: DaemonDeps): Daemon {
  const { metrics, log } = deps;
  const checks = createScheduledChecks(deps);
  let config = initial;
  let tasks = checks.update(config.checks);
  let schedule: Schedule | undefined;
  metrics.configReloaded(true);
  warnOfInsecurePaths(config, log);

  return {
    get config() {
      return config;
    },
    get ready() {
      return schedule?.active === true;
    },
    start() {
      schedule ??= startSchedule({ tasks, observer: checks.observer, transfers: config.budget.transfers });
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
      tasks = checks.update(config.checks);
      schedule?.update(tasks, config.budget.transfers);
      metrics.configReloaded(true);
      log.info('configuration loaded', { checks: config.checks.length });
      warnOfInsecurePaths(config, log);
      return [];
    },
    async stop(boundMs) {
      for (const id of (await schedule?.stop(boundMs)) ?? []) {
        log.error('push did not end in time', { check: id });
      }
    },
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
