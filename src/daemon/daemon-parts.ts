import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { judgeRun } from '../probe/diagnose/judge-run.ts';
import { History } from '../publish/history.ts';
import { Metrics } from '../publish/metrics/metrics.ts';
import { Verdicts } from '../publish/verdicts.ts';
import { ByteBudget } from '../schedule/byte-budget.ts';
import { PauseSwitch, type PauseState } from '../schedule/pause.ts';
import { TransferLimit } from '../schedule/transfer-limit.ts';
import { Daemon } from './daemon.ts';
import type { Engine } from './engine.ts';
import { Gate } from './gate.ts';
import { WatchedRuns } from './watched-runs.ts';
import type { Logger } from './log.ts';
import { RateLimits } from '../schedule/rate-limits.ts';
import { Reloads } from './reloads.ts';
import { OnDemandRuns } from './on-demand/on-demand-runs.ts';
import { ScheduledTasks } from './scheduled-tasks.ts';
import type { BuildInfo } from '../publish/build-info.ts';

interface DaemonPartsOptions {
  readonly config: Config;
  readonly readConfig: () => Config;
  readonly engine: Engine;
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
  /** A run that ended is written to these three: numbers of it, itself, and what its round said. */
  readonly metrics: Metrics;
  readonly history: History;
  readonly verdicts: Verdicts;
  /** The engine's `run`, watched: all that runs goes through it, so that the pages can show it. */
  readonly runs: WatchedRuns;
  /** Bytes of the day. */
  readonly budget: ByteBudget;
  /** What is done by the clock. */
  readonly tasks: ScheduledTasks;
  /** The configuration in force, and when its tasks run. */
  readonly daemon: Daemon;
  /** What somebody asks for. */
  readonly onDemand: OnDemandRuns;
  readonly reloads: Reloads;
  /** Stops everything that sends bytes. */
  readonly pause: PauseSwitch;
  /** Who is left alone for a while. */
  readonly rateLimits: RateLimits;
}

/** Nothing runs yet: `daemon.start` and `onDemand.open` do that. */
export function createDaemonParts(options: DaemonPartsOptions): DaemonParts {
  const { build, config, eventLoopLagSeconds, engine, log, processMetrics = true, random = Math.random } = options;
  const metrics = new Metrics({ ...build, processMetrics, eventLoopLagSeconds });
  const history = new History();
  const verdicts = new Verdicts();
  const runs = new WatchedRuns(engine.run, randomUUID);
  const limit = new TransferLimit(config.budget.transfers);
  const pause = new PauseSwitch();
  const rateLimits = new RateLimits(() => Date.now());
  const budget = new ByteBudget({ nowMs: () => performance.now(), onChange: (left) => metrics.budgetRemaining(left) });
  const shared = { run: runs.run, engine, metrics, history, log, verdicts, budget, limit, pause };
  const gate = new Gate({ budget, rateLimits, log });
  const tasks = new ScheduledTasks({ ...shared, gate, judge: judgeRun, random });
  const daemon = new Daemon(config, { ...shared, tasks, readConfig: options.readConfig });
  const paused = (): PauseState | undefined => pause.state();
  const onDemand = new OnDemandRuns({ ...shared, runs, gate, config: () => daemon.config, newId: randomUUID, paused });
  pause.onChange((state) => state !== undefined && onDemand.interrupt());
  const reloads = new Reloads(daemon, log);
  return { build, metrics, history, verdicts, runs, budget, tasks, daemon, onDemand, reloads, pause, rateLimits };
}
