import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import type { RunCheck } from '../probe/outcome.ts';
import { createHistory, type History } from '../publish/history.ts';
import { createMetrics, type Metrics } from '../publish/metrics.ts';
import { createPauseSwitch, type PauseSwitch } from '../schedule/pause.ts';
import { createTransferLimit } from '../schedule/transfer-limit.ts';
import { createDaemon, type Daemon } from './daemon.ts';
import type { Engine } from './engine.ts';
import { watchRuns, type WatchedRuns } from './live-runs.ts';
import type { Logger } from './log.ts';
import { createRateLimits, type RateLimits } from './rate-limits.ts';
import { createReloads, type Reloads } from './reloads.ts';
import { createOnDemand, type OnDemandRuns } from './run-on-demand.ts';
import type { BuildInfo } from './version.ts';

export interface DaemonPartsOptions {
  readonly config: Config;
  readonly readConfig: () => Config;
  readonly run: RunCheck;
  /** What `run` is of; absent: no searches and no API checks. */
  readonly engine?: Engine | undefined;
  readonly build: BuildInfo;
  readonly eventLoopLagSeconds?: () => number;
  readonly log: Logger;
  /** In [0, 1): the order of the paths in a round. Default: chance. */
  readonly random?: () => number;
  /** `process_*` and `nodejs_*`, which the first in a process watches for good; default true. */
  readonly processMetrics?: boolean;
}

/** What schedule, pages and runs on demand work with together. */
export interface DaemonParts {
  readonly build: BuildInfo;
  readonly metrics: Metrics;
  readonly history: History;
  readonly runs: WatchedRuns;
  readonly daemon: Daemon;
  readonly onDemand: OnDemandRuns;
  readonly reloads: Reloads;
  /** Stops everything that sends bytes. */
  readonly pause: PauseSwitch;
  /** Who is left alone for a while. */
  readonly rateLimits: RateLimits;
}

/** Nothing runs yet: `daemon.start` and `onDemand.open` do that. */
export function createDaemonParts(options: DaemonPartsOptions): DaemonParts {
  const { build, config, eventLoopLagSeconds, log, processMetrics = true } = options;
  const lag = eventLoopLagSeconds === undefined ? {} : { eventLoopLagSeconds };
  const metrics = createMetrics({ ...build, processMetrics, ...lag });
  const history = createHistory();
  const runs = watchRuns(options.run, randomUUID);
  const limit = createTransferLimit(config.budget.transfers);
  const pause = createPauseSwitch();
  const rateLimits = createRateLimits();
  const shared = { ...options, run: runs.run, metrics, history, limit, pause, rateLimits };
  const daemon = createDaemon(config, shared);
  const { budget } = daemon;
  const onDemand = createOnDemand({
    ...shared,
    budget,
    config: () => daemon.config,
    runs,
    newId: randomUUID,
    paused: () => pause.state(),
  });
  pause.onChange((state) => state !== undefined && onDemand.interrupt());
  return { build, metrics, history, runs, daemon, onDemand, pause, rateLimits, reloads: createReloads(daemon, log) };
}
