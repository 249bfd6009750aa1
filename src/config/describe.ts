import { type Check, workloadBytes } from '../probe/check.ts';
import { pullRounds } from '../probe/outcome.ts';
import type { Config } from './config.ts';
import { dayMs } from './duration.ts';

/** What a configuration will do in a day, for `--config.check`. Payload bytes; searches for limits are not counted. */
export interface ConfigFigures {
  readonly registries: number;
  readonly paths: number;
  readonly checks: number;
  readonly runsPerDay: number;
  /** Pushed and pulled when each run succeeds at the first attempt. */
  readonly bytesPerDay: number;
  /** When each run needs as many attempts as its client makes. */
  readonly worstCaseBytesPerDay: number;
  readonly workloads: readonly WorkloadFigures[];
}

interface WorkloadFigures {
  readonly workload: string;
  readonly checks: number;
  readonly runsPerDay: number;
  readonly bytesPerDay: number;
  readonly worstCaseBytesPerDay: number;
}

/** Adds up what all checks of a configuration move in 24 hours. */
export function describeConfig(config: Pick<Config, 'registries' | 'checks'>): ConfigFigures {
  const names = [...new Set(config.checks.map((check) => check.workload.name))];
  return {
    registries: config.registries.length,
    paths: config.registries.reduce((sum, registry) => sum + registry.paths.length, 0),
    ...total(config.checks),
    workloads: names.map((workload) => ({
      workload,
      ...total(config.checks.filter((check) => check.workload.name === workload)),
    })),
  };
}

/** Most attempts that a run of this check can make. */
export function maxAttempts(check: Pick<Check, 'retries' | 'client'>): number {
  if (check.retries === 'profile') return check.client.retry.maxAttempts;
  return check.retries === 'none' ? 1 : check.retries;
}

function total(checks: readonly Check[]): Omit<WorkloadFigures, 'workload'> {
  let runsPerDay = 0;
  let bytesPerDay = 0;
  let worstCaseBytesPerDay = 0;
  for (const check of checks) {
    const runs = dayMs / check.intervalMs;
    const pushed = workloadBytes(check.workload);
    const pulled = check.workload.pull ? pushed * pullRounds.length : 0;
    runsPerDay += runs;
    bytesPerDay += runs * (pushed + pulled);
    worstCaseBytesPerDay += runs * (pushed * maxAttempts(check) + pulled);
  }
  return {
    checks: checks.length,
    runsPerDay,
    bytesPerDay: Math.ceil(bytesPerDay),
    worstCaseBytesPerDay: Math.ceil(worstCaseBytesPerDay),
  };
}
