import { Counter, Gauge, Histogram } from 'prom-client';
import type { ChosenHistograms } from './chosen-histograms.ts';
import { type AnyMetric, createMetric, createRegistry, familyName, renderFamily } from './families.ts';
import { baseLabelsOf, type LabelsOf, type MetricKey, type MetricKeyOf, metricSpecs } from './metric-names.ts';

/** Labels of an exemplar; names and values together may have 128 characters (OpenMetrics 1.0). */
export type Exemplar = Readonly<Record<string, string>>;

/** Values of gauges that are asked for at each rendering. */
export type Collectors = Partial<Record<MetricKey, () => number>>;

/**
 * The series that share one set of base labels: those of a check, of a path, of a registry, or those without. They are
 * kept in a prom-client registry of their own, because prom-client can render a family only as a whole: so one check is
 * rendered, or removed, without a look at the others. Values that are no finite number are left out.
 */
export class Partition {
  readonly #registry = createRegistry();
  readonly #metrics = new Map<MetricKey, AnyMetric>();
  readonly #zeroed = new Set<string>();
  readonly #collectors: Collectors;
  #histograms: ChosenHistograms;
  /** Nobody shows it any more. */
  isDropped = false;
  /** Families written since they were last rendered. */
  readonly #touched = new Set<MetricKey>();

  constructor(histograms: ChosenHistograms, collectors: Collectors = {}) {
    this.#histograms = histograms;
    this.#collectors = collectors;
    for (const key of Object.keys(collectors) as MetricKey[]) this.#metric(key);
  }

  /** Counters only go up: negative values are left out, too. */
  add<K extends MetricKeyOf<'counter'>>(key: K, labels: LabelsOf<K>, value: number): void {
    const metric = this.#metric(key);
    if (metric instanceof Counter && Number.isFinite(value) && value >= 0) metric.inc(labels, value);
  }

  /** Adds one to a gauge; one that is absent counts as 0. */
  increment<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>): void {
    const metric = this.#metric(key);
    if (metric instanceof Gauge) metric.inc(labels);
  }

  set<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>, value: number): void {
    const metric = this.#metric(key);
    if (metric instanceof Gauge && Number.isFinite(value)) metric.set(labels, value);
  }

  observe<K extends MetricKeyOf<'histogram'>>(
    key: K,
    labels: LabelsOf<K>,
    value: number,
    exemplar: Exemplar = {},
  ): void {
    const metric = this.#metric(key);
    if (metric instanceof Histogram && Number.isFinite(value)) {
      this.#zeroed.add(idOf(key, labels));
      metric.observe({ labels, value, exemplarLabels: fits(exemplar) ? exemplar : {} });
    }
  }

  /** Creates a counter or histogram at zero; one that exists keeps its value. */
  zero<K extends MetricKeyOf<'counter' | 'histogram'>>(key: K, labels: LabelsOf<K>): void {
    const metric = this.#metric(key);
    if (metric instanceof Counter) {
      metric.inc(labels, 0);
    } else if (metric instanceof Histogram && !this.#zeroed.has(idOf(key, labels))) {
      this.#zeroed.add(idOf(key, labels));
      metric.zero(labels);
    }
  }

  remove<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>): void {
    this.#metric(key).remove({ ...labels });
  }

  /** Removes all series of the gauge in this partition. */
  clear(key: MetricKeyOf<'gauge'>): void {
    if (this.#metrics.has(key)) this.#metric(key).reset();
  }

  /** Removes these histograms, and gives them the edges of this choice when they are written to again. */
  renew(keys: Iterable<MetricKey>, histograms: ChosenHistograms): void {
    this.#histograms = histograms;
    for (const key of keys) {
      if (!this.#metrics.delete(key)) continue;
      this.#registry.removeSingleMetric(familyName(metricSpecs[key]));
      this.#touched.add(key);
    }
    for (const id of this.#zeroed) if (!this.#metrics.has(keyOf(id))) this.#zeroed.delete(id);
  }

  /**
   * The lines of each family that was written since the last call, as OpenMetrics has them. Of one moment, unless somebody
   * writes meanwhile: counters are read when their family's turn comes, microtasks later. Then ask again.
   */
  async takeChanges(): Promise<Map<MetricKey, string>> {
    const touched = [...this.#touched];
    this.#touched.clear();
    return new Map(await Promise.all(touched.map(async (key) => [key, await this.#lines(key)] as const)));
  }

  /** Has the families rendered again whose values are asked for, not written. */
  touchCollected(): void {
    for (const key of Object.keys(this.#collectors) as MetricKey[]) this.#touched.add(key);
  }

  async #lines(key: MetricKey): Promise<string> {
    if (!this.#metrics.has(key)) return '';
    return (await renderFamily(this.#registry, familyName(metricSpecs[key]))).series;
  }

  #metric(key: MetricKey): AnyMetric {
    this.#touched.add(key);
    const known = this.#metrics.get(key);
    if (known !== undefined) return known;
    const metric = createMetric(this.#registry, key, this.#histograms, this.#collectors[key]);
    this.#metrics.set(key, metric);
    return metric;
  }
}

function idOf(key: MetricKey, labels: Readonly<Record<string, string>>): string {
  const others = metricSpecs[key].labels.slice(baseLabelsOf(key).length);
  return [key, ...others.map((name) => labels[name])].join(' ');
}

function keyOf(id: string): MetricKey {
  return id.split(' ', 1)[0] as MetricKey;
}

function fits(exemplar: Exemplar): boolean {
  return Object.entries(exemplar).flat().join('').length <= 128;
}
