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
import { type Answer, Series } from './series.ts';

interface MetricsOptions extends BuildInfo {
  /** `process_*` and `nodejs_*` too; default true. One collection per process is enough. */
  readonly processMetrics?: boolean;
  readonly eventLoopLagSeconds?: () => number;
}

/** What a round over all paths of a registry found. */
interface RoundFinding {
  readonly registry: string;
  readonly client: string;
  readonly workload: string;
  readonly verdict: VerdictKind;
  readonly paths: readonly { readonly path: string; readonly atFault: boolean }[];
}

/** Everything on `/metrics`; each has a registry of its own. Nothing in here throws because of what a registry answered. */
export class Metrics {
  readonly #series: Series;
  readonly #checks = new Map<string, Check>();
  readonly #ofChecks: CheckSeries;
  readonly #running = new Map<string, number>();
  /** The last run of each check that says something of its path. */
  readonly #last = new Map<string, Run>();

  constructor({ version, revision, nodeVersion, processMetrics = true, eventLoopLagSeconds }: MetricsOptions) {
    this.#series = new Series({ processMetrics, eventLoopLagSeconds });
    this.#ofChecks = new CheckSeries(this.#series);
    this.#series.set('buildInfo', { version, revision, nodeversion: nodeVersion }, 1);
    this.#series.zero('scheduleLag', {});
    this.#series.zero('runsExhausted', {});
    this.paused(false);
  }

  /** Creates all series of the check, at zero. A check that is registered already keeps its values. */
  register(check: Check): void {
    this.#checks.set(checkId(check), check);
    this.#ofChecks.create(check, this.#running.get(checkId(check)) ?? 0);
  }

  /** Removes all series of the check, and those of its path when no other check uses it. */
  unregister(check: Check): void {
    this.#checks.delete(checkId(check));
    this.#last.delete(checkId(check));
    this.#ofChecks.remove(check);
  }

  /** Which histograms have their edges; before, those that the boards draw. Those whose edges change begin anew. */
  chooseHistograms(histograms: ChosenHistograms): void {
    this.#ofChecks.choose(histograms, this.#checks.values());
  }

  /** Counts a run. Runs of checks that are not registered are ignored: their series were removed while they ran. */
  observe(run: Run, options?: ObserveOptions): void {
    const id = checkId(run.check);
    if (!this.#checks.has(id)) return;
    // Only a failing run is compared.
    const others = run.ok ? [] : [...this.#last.values()];
    observeRun(this.#series, run, { ...options, others });
    if (isOutcome(run)) this.#last.set(id, run);
  }

  runStarted(check: Check): void {
    this.#changeRunning(check, 1);
  }

  runEnded(check: Check): void {
    this.#changeRunning(check, -1);
  }

  scheduleLag(seconds: number): void {
    this.#series.observe('scheduleLag', {}, seconds);
  }

  runSkipped(check: Check, cause: SkipCause, slots = 1): void {
    if (this.#checks.has(checkId(check))) this.#series.add('runsSkipped', { ...checkLabels(check), cause }, slots);
  }

  apiUp(registry: string, path: string, endpoint: ApiCheckEndpoint, up: boolean): void {
    this.#series.set('apiUp', { registry, path, endpoint }, up ? 1 : 0);
  }

  /** A side of the limit that is absent has no series. */
  limit({ registry, path, client, unit, direction, largestAccepted, smallestRejected }: Bounds): void {
    const bounds = { largest_accepted: largestAccepted, smallest_rejected: smallestRejected };
    const key = unit === 'bytes' ? 'limitBytes' : 'limitSeconds';
    for (const bound of limitBounds)
      this.#series.setOrRemove(key, { registry, path, client, direction, bound }, bounds[bound]);
  }

  /** A round of which no path is configured any more leaves nothing. */
  round({ registry, client, workload, verdict, paths }: RoundFinding): void {
    if (paths.length === 0) return;
    for (const { path, atFault } of paths)
      this.#series.set('pathAtFault', { registry, path, client, workload }, atFault ? 1 : 0);
    for (const state of verdictKinds)
      this.#series.set('roundVerdict', { registry, client, workload, verdict: state }, state === verdict ? 1 : 0);
  }

  budgetRemaining(bytes: number | undefined): void {
    this.#series.setOrRemove('budgetRemaining', {}, bytes);
  }

  paused(paused: boolean): void {
    this.#series.set('paused', {}, paused ? 1 : 0);
  }

  leftovers(registry: string, kind: LeftoverKind, count: number): void {
    this.#series.set('leftoverObjects', { registry, kind }, count);
  }

  /** `unreadableLines`: of the file when it was opened. */
  ledger(writable: boolean, unreadableLines: number): void {
    this.#series.set('ledgerWritable', {}, writable ? 1 : 0);
    this.#series.set('ledgerUnreadableLines', {}, unreadableLines);
  }

  configReloaded(ok: boolean, at = new Date()): void {
    this.#series.set('configLastReloadSuccessful', {}, ok ? 1 : 0);
    if (ok) this.#series.set('configLastReloadSuccessTimestamp', {}, at.getTime() / 1000);
  }

  render(format: MetricsFormat): Promise<Answer> {
    return this.#series.render(format);
  }

  #changeRunning(check: Check, by: number): void {
    const id = checkId(check);
    const count = Math.max(0, (this.#running.get(id) ?? 0) + by);
    this.#running.set(id, count);
    if (this.#checks.has(id)) this.#series.set('runsInFlight', checkLabels(check), count);
  }
}

type Bounds = Pick<
  PathLimit,
  'registry' | 'path' | 'client' | 'unit' | 'direction' | 'largestAccepted' | 'smallestRejected'
>;
