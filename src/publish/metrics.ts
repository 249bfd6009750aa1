import { type Check, type CheckLabels, checkId, checkLabels } from '../probe/check.ts';
import { type LeftoverKind, leftoverKinds, type Run } from '../probe/outcome.ts';
import type { MetricsFormat } from './exposition.ts';
import { failureTriples, limitReasons, reachablePhases } from './failure-series.ts';
import {
  type ApiEndpoint,
  directions,
  type LimitBound,
  limitBounds,
  runOutcomes,
  type SkipCause,
  skipCauses,
  type Verdict,
  verdicts,
} from './metric-names.ts';
import { type ObserveOptions, observeRun } from './observe-run.ts';
import { createSeries, type Series } from './series.ts';

export interface MetricsOptions {
  readonly version: string;
  /** Commit the build was made from; `unknown` when it is not known. */
  readonly revision: string;
  readonly nodeVersion: string;
  /** `process_*` and `nodejs_*` too; default true. One collection per process is enough. */
  readonly processMetrics?: boolean;
  readonly eventLoopLagSeconds?: () => number;
}

/** What a search for a limit found on a path; a bound that was not reached is absent. */
export interface LimitFinding {
  readonly registry: string;
  readonly path: string;
  readonly client: string;
  readonly unit: 'bytes' | 'seconds';
  readonly bounds: Partial<Readonly<Record<LimitBound, number>>>;
}

/** What a round over all paths of a registry found. */
export interface RoundFinding {
  readonly registry: string;
  readonly client: string;
  readonly workload: string;
  readonly verdict: Verdict;
  readonly paths: readonly { readonly path: string; readonly atFault: boolean }[];
}

/** Everything on `/metrics`. Nothing in here throws because of what a registry answered. */
export interface Metrics {
  /** Creates all series of the check, at zero. A check that is registered already keeps its values. */
  register(check: Check): void;
  /** Removes all series of the check, and those of its path when no other check uses it. */
  unregister(check: Check): void;
  /** Counts a run. Runs of checks that are not registered are ignored: their series were removed while they ran. */
  observe(run: Run, options?: ObserveOptions): void;
  runStarted(check: Check): void;
  runEnded(check: Check): void;
  scheduleLag(seconds: number): void;
  runSkipped(check: Check, cause: SkipCause, slots?: number): void;
  apiUp(registry: string, path: string, endpoint: ApiEndpoint, up: boolean): void;
  limit(finding: LimitFinding): void;
  round(finding: RoundFinding): void;
  budgetRemaining(bytes: number | undefined): void;
  paused(paused: boolean): void;
  leftovers(registry: string, kind: LeftoverKind, count: number): void;
  configReloaded(ok: boolean, at?: Date): void;
  render(format: MetricsFormat): Promise<string>;
  /** Number of own series; a histogram's label set counts as its buckets, sum and count. */
  seriesCount(): number;
}

/** Makes an empty set of metrics; each call has a registry of its own. */
export function createMetrics(options: MetricsOptions): Metrics {
  const series = createSeries({
    processMetrics: options.processMetrics ?? true,
    ...(options.eventLoopLagSeconds === undefined ? {} : { eventLoopLagSeconds: options.eventLoopLagSeconds }),
  });
  series.set(
    'buildInfo',
    { version: options.version, revision: options.revision, nodeversion: options.nodeVersion },
    1,
  );
  series.zero('scheduleLag', {});
  series.set('paused', {}, 0);
  const checks = new Map<string, Check>();
  const running = new Map<string, number>();

  function changeRunning(check: Check, by: number): void {
    const id = checkId(check);
    const count = Math.max(0, (running.get(id) ?? 0) + by);
    running.set(id, count);
    if (checks.has(id)) {
      series.set('runsInFlight', checkLabels(check), count);
    }
  }

  return {
    register(check) {
      checks.set(checkId(check), check);
      createCheckSeries(series, check);
      series.set('runsInFlight', checkLabels(check), running.get(checkId(check)) ?? 0);
    },
    unregister(check) {
      checks.delete(checkId(check));
      removeCheckSeries(series, check, [...checks.values()].map(checkLabels));
    },
    observe(run, observeOptions) {
      if (checks.has(checkId(run.check))) {
        observeRun(series, run, observeOptions);
      }
    },
    runStarted: (check) => changeRunning(check, 1),
    runEnded: (check) => changeRunning(check, -1),
    scheduleLag: (seconds) => series.observe('scheduleLag', {}, seconds),
    runSkipped(check, cause, slots = 1) {
      if (checks.has(checkId(check))) {
        series.add('runsSkipped', { ...checkLabels(check), cause }, slots);
      }
    },
    ...pathAndProcess(series),
    render: (format) => series.render(format),
    seriesCount: () => series.count(),
  };
}

function pathAndProcess(
  series: Series,
): Pick<Metrics, 'apiUp' | 'limit' | 'round' | 'budgetRemaining' | 'paused' | 'leftovers' | 'configReloaded'> {
  return {
    apiUp: (registry, path, endpoint, up) => series.set('apiUp', { registry, path, endpoint }, up ? 1 : 0),
    limit({ registry, path, client, unit, bounds }) {
      const key = unit === 'bytes' ? 'limitBytes' : 'limitSeconds';
      for (const bound of limitBounds) {
        const labels = { registry, path, client, bound };
        const value = bounds[bound];
        if (value === undefined) {
          series.remove(key, labels);
        } else {
          series.set(key, labels, value);
        }
      }
    },
    round({ registry, client, workload, verdict, paths }) {
      for (const { path, atFault } of paths) {
        series.set('pathAtFault', { registry, path, client, workload }, atFault ? 1 : 0);
      }
      for (const state of verdicts) {
        series.set('roundVerdict', { registry, client, workload, verdict: state }, state === verdict ? 1 : 0);
      }
    },
    budgetRemaining(bytes) {
      if (bytes === undefined) {
        series.remove('budgetRemaining', {});
      } else {
        series.set('budgetRemaining', {}, bytes);
      }
    },
    paused: (paused) => series.set('paused', {}, paused ? 1 : 0),
    leftovers: (registry, kind, count) => series.set('leftoverObjects', { registry, kind }, count),
    configReloaded(ok, at = new Date()) {
      series.set('configLastReloadSuccessful', {}, ok ? 1 : 0);
      if (ok) {
        series.set('configLastReloadSuccessTimestamp', {}, at.getTime() / 1000);
      }
    },
  };
}

const countersOfCheck = [
  'runs',
  'runFailures',
  'runsCancelled',
  'runsTainted',
  'firstAttemptFailures',
  'attempts',
  'retries',
  'resends',
  'sentBytes',
  'acknowledgedBytes',
  'pulledBytes',
] as const;

function createCheckSeries(series: Series, check: Check): void {
  const base = checkLabels(check);
  series.set('checkInterval', base, check.intervalMs / 1000);
  for (const key of countersOfCheck) {
    series.zero(key, base);
  }
  series.zero('runAttempts', base);
  runOutcomes.forEach((outcome) => series.zero('runDuration', { ...base, outcome }));
  skipCauses.forEach((cause) => series.zero('runsSkipped', { ...base, cause }));
  leftoverKinds.forEach((kind) => series.zero('cleanupFailures', { ...base, kind }));
  reachablePhases(check).forEach((phase) => series.zero('phaseDuration', { ...base, phase }));
  directions
    .filter((direction) => direction === 'push' || check.workload.pull)
    .forEach((direction) => series.zero('throughput', { ...base, direction }));
  for (const { phase, reason, answeredBy } of failureTriples(check)) {
    series.zero('attemptFailures', { ...base, phase, reason, answered_by: answeredBy });
  }
  for (const reason of limitReasons) {
    series.zero('failureSentBytes', { ...base, reason });
    series.zero('failureElapsed', { ...base, reason });
  }
}

/** Series that checks share go with the last check that has their labels. */
function removeCheckSeries(series: Series, check: Check, remaining: readonly CheckLabels[]): void {
  const { registry, path, client, workload } = checkLabels(check);
  const goesWith = (labels: Partial<CheckLabels>): boolean => {
    const wanted = Object.entries(labels) as [keyof CheckLabels, string][];
    return !remaining.some((other) => wanted.every(([name, value]) => other[name] === value));
  };
  series.removeAll({ registry, path, client, workload });
  for (const shared of [{ registry, path, client }, { registry, client, workload }, { registry, path }, { registry }]) {
    if (goesWith(shared)) {
      series.removeAll(shared);
    }
  }
}
