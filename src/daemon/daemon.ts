import { messageOf } from '../network/errors.ts';
import type { Config } from '../config/config.ts';
import type { Metrics } from '../publish/metrics/metrics.ts';
import type { PauseSwitch } from '../schedule/pause.ts';
import type { TransferLimit } from '../schedule/transfer-limit.ts';
import type { Logger } from './log.ts';
import type { ScheduledTasks } from './scheduled-tasks.ts';
import { Schedules, type Tasks } from './schedules.ts';

interface DaemonDeps {
  readonly tasks: ScheduledTasks;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Shared with what is run on demand. */
  readonly limit: TransferLimit;
  readonly pause: PauseSwitch;
  /** Reads the configuration anew. Throws with all its errors, one a line. */
  readonly readConfig: () => Config;
}

/** A configuration in force and the schedule that runs its checks: all its series exist from now on, and its checks run from `start` on. */
export class Daemon {
  readonly #deps: DaemonDeps;
  #config: Config;
  #tasks: Tasks;
  #schedules: Schedules | undefined;

  constructor(config: Config, deps: DaemonDeps) {
    const { tasks, pause } = deps;
    this.#deps = deps;
    this.#config = config;
    this.#tasks = tasks.update(config);
    this.#inForce();
    reportPauses(pause, deps, () => this.#schedules?.interrupt());
  }

  get config(): Config {
    return this.#config;
  }

  /** The schedule is running. */
  get ready(): boolean {
    return this.#schedules?.active === true;
  }

  /** Milliseconds until the schedule next runs this round (`RoundPlan.id`); undefined: not known. */
  dueInMs(roundId: string): number | undefined {
    return this.#schedules?.dueInMs(roundId);
  }

  start(): void {
    const { tasks, limit, pause, log } = this.#deps;
    const isPaused = (): boolean => pause.state() !== undefined;
    this.#schedules ??= new Schedules(this.#tasks, { observer: tasks.observer, limit, isPaused, log });
  }

  /** Reads the configuration anew and puts it in force; when it is wrong the old one stays, and the errors are returned. */
  reload(): readonly string[] {
    const { tasks, limit, log } = this.#deps;
    const read = readAnew(this.#deps);
    if ('errors' in read) return read.errors;
    this.#config = read.config;
    this.#tasks = tasks.update(read.config);
    limit.resize(read.config.budget.transfers);
    this.#schedules?.update(this.#tasks);
    log.info('configuration loaded', { checks: read.config.checks.length });
    this.#inForce();
    return [];
  }

  /** Aborts running pushes; resolves when they have cleaned up, or after `boundMs`. */
  async stop(boundMs: number): Promise<void> {
    await this.#schedules?.stop(boundMs);
  }

  #inForce(): void {
    this.#deps.metrics.configReloaded(true);
    warnOfInsecurePaths(this.#config, this.#deps.log);
  }
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
    const errors = messageOf(error).split('\n');
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
