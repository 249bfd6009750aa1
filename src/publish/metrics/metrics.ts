import type { PathLimit } from '../../probe/limits/limit.ts';
import { type VerdictKind, verdictKinds } from '../../probe/compare/verdict.ts';
import type { ApiCheckEndpoint } from '../../probe/diagnose/api-check.ts';
import type { BuildInfo } from '../build-info.ts';
import { type Check, checkId, checkLabels } from '../../probe/check.ts';
import type { LeftoverKind, Run } from '../../probe/outcome.ts';
import { CheckSeries } from './check-series.ts';
import type { ChosenHistograms } from './chosen-histograms.ts';
import type { MetricsFormat } from './exposition.ts';
import { limitBounds, type SkipCause } from './metric-names.ts';
import { isOutcome, type ObserveOptions, observeRun } from './observe-run.ts';
import { type Answer, createSeries, type Series, setOrRemove } from './series.ts';

export interface MetricsOptions extends BuildInfo {
  /** `process_*` and `nodejs_*` too; default true. One collection per process is enough. */
  readonly processMetrics?: boolean;
  readonly eventLoopLagSeconds?: () => number;
}

/** What a round over all paths of a registry found. */
export interface RoundFinding {
  readonly registry: string;
  readonly client: string;
  readonly workload: string;
  readonly verdict: VerdictKind;
  readonly paths: readonly { readonly path: string; readonly atFault: boolean }[];
}

/** Everything on `/metrics`. Nothing in here throws because of what a registry answered. */
export interface Metrics {
  /** Creates all series of the check, at zero. A check that is registered already keeps its values. */
  register(check: Check): void;
  /** Removes all series of the check, and those of its path when no other check uses it. */
  unregister(check: Check): void;
  /** Which histograms have their edges; before, those that the boards draw. Those whose edges change begin anew. */
  chooseHistograms(histograms: ChosenHistograms): void;
  /** Counts a run. Runs of checks that are not registered are ignored: their series were removed while they ran. */
  observe(run: Run, options?: ObserveOptions): void;
  runStarted(check: Check): void;
  runEnded(check: Check): void;
  scheduleLag(seconds: number): void;
  runSkipped(check: Check, cause: SkipCause, slots?: number): void;
  apiUp(registry: string, path: string, endpoint: ApiCheckEndpoint, up: boolean): void;
  /** A side of the limit that is absent has no series. */
  limit(limit: Pick<PathLimit, 'registry' | 'path' | 'client' | 'unit' | 'largestAccepted' | 'smallestRejected'>): void;
  /** A round of which no path is configured any more leaves nothing. */
  round(finding: RoundFinding): void;
  budgetRemaining(bytes: number | undefined): void;
  paused(paused: boolean): void;
  leftovers(registry: string, kind: LeftoverKind, count: number): void;
  /** `unreadableLines`: of the file when it was opened. */
  ledger(writable: boolean, unreadableLines: number): void;
  configReloaded(ok: boolean, at?: Date): void;
  render(format: MetricsFormat): Promise<Answer>;
}

/** Makes an empty set of metrics; each call has a registry of its own. */
export function createMetrics(options: MetricsOptions): Metrics {
  const series = createSeries({
    processMetrics: options.processMetrics ?? true,
    eventLoopLagSeconds: options.eventLoopLagSeconds,
  });
  series.set(
    'buildInfo',
    { version: options.version, revision: options.revision, nodeversion: options.nodeVersion },
    1,
  );
  series.zero('scheduleLag', {});
  series.zero('runsExhausted', {});
  series.set('paused', {}, 0);
  const checks = new Map<string, Check>();
  const ofChecks = new CheckSeries(series);
  const running = new Map<string, number>();
  const succeeded = new Set<string>();

  function changeRunning(check: Check, by: number): void {
    const id = checkId(check);
    const count = Math.max(0, (running.get(id) ?? 0) + by);
    running.set(id, count);
    if (checks.has(id)) series.set('runsInFlight', checkLabels(check), count);
  }

  return {
    register(check) {
      checks.set(checkId(check), check);
      ofChecks.create(check, running.get(checkId(check)) ?? 0);
    },
    unregister(check) {
      checks.delete(checkId(check));
      succeeded.delete(checkId(check));
      ofChecks.remove(check);
    },
    chooseHistograms: (histograms) => ofChecks.choose(histograms, checks.values()),
    observe(run, observeOptions) {
      if (!checks.has(checkId(run.check))) return;
      observeRun(series, run, { ...observeOptions, worksElsewhere: worksElsewhere(run.check, checks, succeeded) });
      if (run.ok) succeeded.add(checkId(run.check));
      else if (isOutcome(run)) succeeded.delete(checkId(run.check));
    },
    runStarted: (check) => changeRunning(check, 1),
    runEnded: (check) => changeRunning(check, -1),
    scheduleLag: (seconds) => series.observe('scheduleLag', {}, seconds),
    runSkipped(check, cause, slots = 1) {
      if (checks.has(checkId(check))) series.add('runsSkipped', { ...checkLabels(check), cause }, slots);
    },
    ...pathAndProcess(series),
    render: (format) => series.render(format),
  };
}

/** Whether the last run of the same push over another path succeeded. */
function worksElsewhere(check: Check, checks: ReadonlyMap<string, Check>, succeeded: ReadonlySet<string>): boolean {
  const { registry, path, client, workload } = checkLabels(check);
  return [...checks].some(([id, other]) => {
    const labels = checkLabels(other);
    const same = labels.registry === registry && labels.client === client && labels.workload === workload;
    return same && labels.path !== path && succeeded.has(id);
  });
}

function pathAndProcess(
  series: Series,
): Pick<
  Metrics,
  'apiUp' | 'limit' | 'round' | 'budgetRemaining' | 'paused' | 'leftovers' | 'ledger' | 'configReloaded'
> {
  return {
    apiUp: (registry, path, endpoint, up) => series.set('apiUp', { registry, path, endpoint }, up ? 1 : 0),
    limit({ registry, path, client, unit, largestAccepted, smallestRejected }) {
      const bounds = { largest_accepted: largestAccepted, smallest_rejected: smallestRejected };
      const key = unit === 'bytes' ? 'limitBytes' : 'limitSeconds';
      for (const bound of limitBounds) setOrRemove(series, key, { registry, path, client, bound }, bounds[bound]);
    },
    round({ registry, client, workload, verdict, paths }) {
      if (paths.length === 0) return;
      for (const { path, atFault } of paths)
        series.set('pathAtFault', { registry, path, client, workload }, atFault ? 1 : 0);
      for (const state of verdictKinds)
        series.set('roundVerdict', { registry, client, workload, verdict: state }, state === verdict ? 1 : 0);
    },
    budgetRemaining: (bytes) => setOrRemove(series, 'budgetRemaining', {}, bytes),
    paused: (paused) => series.set('paused', {}, paused ? 1 : 0),
    leftovers: (registry, kind, count) => series.set('leftoverObjects', { registry, kind }, count),
    ledger(writable, unreadableLines) {
      series.set('ledgerWritable', {}, writable ? 1 : 0);
      series.set('ledgerUnreadableLines', {}, unreadableLines);
    },
    configReloaded(ok, at = new Date()) {
      series.set('configLastReloadSuccessful', {}, ok ? 1 : 0);
      if (ok) series.set('configLastReloadSuccessTimestamp', {}, at.getTime() / 1000);
    },
  };
}
