import { type Check, checkId, checkLabels } from '../../probe/check.ts';
import { leftoverKinds } from '../../probe/outcome.ts';
import { bucketsOf, type ChosenHistograms } from './chosen-histograms.ts';
import { directions, metricSpecs, runOutcomes, skipCauses } from './metric-names.ts';
import { reachablePhases } from './phase-series.ts';
import type { BaseLabels, Series } from './series.ts';

/** The series of checks, from the start to their end. Series that checks share go with the last check that has their labels. */
export class CheckSeries {
  readonly #series: Series;
  readonly #checks = new Set<string>();
  readonly #users = new Map<string, number>();

  constructor(series: Series) {
    this.#series = series;
  }

  /** Creates all series of a check at zero; those that are there keep their values. */
  create(check: Check, runsInFlight: number): void {
    createCheckSeries(this.#series, check, runsInFlight);
    if (!this.#checks.has(checkId(check))) {
      this.#checks.add(checkId(check));
      for (const labels of sharedLabels(check)) {
        const id = JSON.stringify(labels);
        this.#users.set(id, (this.#users.get(id) ?? 0) + 1);
      }
    }
  }

  /** Gives the histograms of these checks, which are all there are, the edges of this choice. */
  choose(histograms: ChosenHistograms, checks: Iterable<Check>): void {
    this.#series.choose(histograms);
    const zeros: Pick<Series, 'set' | 'zero'> = {
      set: () => {},
      zero: (key, labels) => this.#series.zero(key, labels),
    };
    for (const check of checks) createCheckSeries(zeros, check, 0);
  }

  /** Removes all series of a check. Nothing, when it is not there. */
  remove(check: Check): void {
    if (!this.#checks.delete(checkId(check))) return;
    this.#series.drop(checkLabels(check));
    for (const labels of sharedLabels(check)) {
      const id = JSON.stringify(labels);
      const left = (this.#users.get(id) ?? 0) - 1;
      this.#users.set(id, left);
      if (left <= 0) {
        this.#users.delete(id);
        this.#series.drop(labels);
      }
    }
  }
}

/** The sets of labels, smaller than a check's own, that metrics have. */
function sharedLabels(check: Check): BaseLabels[] {
  const { registry, path, client, workload } = checkLabels(check);
  return [{ registry, path, client }, { registry, client, workload }, { registry, path }, { registry }];
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

/** Number of series that a check has from the start; a histogram's label set counts as its buckets, +Inf, sum and count. */
export function seriesFromStart(check: Check, histograms: ChosenHistograms): number {
  let count = 0;
  const counting: Pick<Series, 'set' | 'zero'> = {
    set: () => void (count += 1),
    zero: (key) => void (count += metricSpecs[key].type === 'histogram' ? bucketsOf(key, histograms).length + 3 : 1),
  };
  createCheckSeries(counting, check, 0);
  return count;
}

function createCheckSeries(series: Pick<Series, 'set' | 'zero'>, check: Check, runsInFlight: number): void {
  const base = checkLabels(check);
  series.set('runsInFlight', base, runsInFlight);
  series.set('checkInterval', base, check.intervalMs / 1000);
  for (const key of countersOfCheck) series.zero(key, base);
  series.zero('runAttempts', base);
  runOutcomes.forEach((outcome) => series.zero('runDuration', { ...base, outcome }));
  skipCauses.forEach((cause) => series.zero('runsSkipped', { ...base, cause }));
  leftoverKinds.forEach((kind) => series.zero('cleanupFailures', { ...base, kind }));
  reachablePhases(check).forEach((phase) => series.zero('phaseDuration', { ...base, phase }));
  directions
    .filter((direction) => direction === 'push' || check.workload.pull)
    .forEach((direction) => series.zero('throughput', { ...base, direction }));
  // The one reason that a rule reads by its name: BlobprobePullCorrupted must see the first.
  if (check.workload.pull)
    series.zero('attemptFailures', { ...base, phase: 'pull', reason: 'body_corrupted', answered_by: 'registry' });
}
