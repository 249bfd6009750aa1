import { Counter, Gauge, Histogram } from 'prom-client';
import type { MetricsFormat } from './exposition.ts';
import {
  addProcessMetrics,
  createFamilies,
  createRegistry,
  type FamilyOptions,
  render,
  settleNames,
} from './families.ts';
import { type LabelsOf, type MetricKey, type MetricKeyOf, metricSpecs } from './metric-names.ts';
import type { MetricSpec } from './metric-spec.ts';

type Labels = Readonly<Record<string, string>>;

/** Labels of an exemplar; names and values together may have 128 characters (OpenMetrics 1.0). */
export type Exemplar = Readonly<Record<string, string>>;

/** All series of one `/metrics`, typed by the table of metric names. Values that are no finite number are left out. */
export interface Series {
  add<K extends MetricKeyOf<'counter'>>(key: K, labels: LabelsOf<K>, value: number): void;
  set<K extends MetricKeyOf<'gauge'>>(key: K, labels: LabelsOf<K>, value: number): void;
  observe<K extends MetricKeyOf<'histogram'>>(key: K, labels: LabelsOf<K>, value: number, exemplar?: Exemplar): void;
  /** Creates a counter or histogram at zero; one that exists keeps its value. */
  zero<K extends MetricKeyOf<'counter' | 'histogram'>>(key: K, labels: LabelsOf<K>): void;
  /** Removes the series of `key` that have all these labels; all of `key` when none are given. */
  remove(key: MetricKey, labels: Labels): void;
  /** Removes the series of all metrics that have all these labels. */
  removeAll(labels: Labels): void;
  /** Number of series of our own, a histogram's label set counted as its buckets, sum and count. */
  count(): number;
  render(format: MetricsFormat): Promise<string>;
}

export interface SeriesOptions extends FamilyOptions {
  /** Also publish `process_*` and `nodejs_*`. */
  readonly processMetrics: boolean;
}

/** Makes the series of one `/metrics`, in a registry of its own. */
export function createSeries(options: SeriesOptions): Series {
  const registry = createRegistry();
  const metrics = createFamilies(registry, options);
  if (options.processMetrics) {
    addProcessMetrics(registry);
  }
  const registered = settleNames(registry);
  const known = new LabelSets();

  function remove(key: MetricKey, labels: Labels): void {
    for (const set of known.take(key, labels)) {
      metrics.get(key)?.remove({ ...set });
    }
  }

  return {
    ...writers(metrics, known),
    remove,
    removeAll(labels) {
      for (const key of known.keysWith(Object.keys(labels))) {
        remove(key, labels);
      }
    },
    count: () => known.countSeries(),
    render: (format) => render(registry, registered, format),
  };
}

function writers(
  metrics: ReadonlyMap<MetricKey, Counter | Gauge | Histogram>,
  known: LabelSets,
): Pick<Series, 'add' | 'set' | 'observe' | 'zero'> {
  return {
    add(key, labels, value) {
      const metric = metrics.get(key);
      if (metric instanceof Counter && Number.isFinite(value) && value >= 0) {
        known.note(key, labels);
        metric.inc(labels, value);
      }
    },
    set(key, labels, value) {
      const metric = metrics.get(key);
      if (metric instanceof Gauge && Number.isFinite(value)) {
        known.note(key, labels);
        metric.set(labels, value);
      }
    },
    observe(key, labels, value, exemplar = {}) {
      const metric = metrics.get(key);
      if (metric instanceof Histogram && Number.isFinite(value)) {
        known.note(key, labels);
        metric.observe({ labels, value, exemplarLabels: fits(exemplar) ? exemplar : {} });
      }
    },
    zero(key, labels) {
      const metric = metrics.get(key);
      if (!known.note(key, labels)) {
        return;
      }
      if (metric instanceof Histogram) {
        metric.zero(labels);
      } else if (metric instanceof Counter) {
        metric.inc(labels, 0);
      }
    },
  };
}

function fits(exemplar: Exemplar): boolean {
  return Object.entries(exemplar).flat().join('').length <= 128;
}

/** Which label sets exist: prom-client can only remove what one can name. */
class LabelSets {
  readonly #sets = new Map<MetricKey, Map<string, Labels>>();

  /** True when the label set is new. */
  note(key: MetricKey, labels: Labels): boolean {
    const sets = this.#sets.get(key) ?? new Map<string, Labels>();
    this.#sets.set(key, sets);
    const id = JSON.stringify(metricSpecs[key].labels.map((name) => labels[name]));
    const fresh = !sets.has(id);
    if (fresh) {
      sets.set(id, labels);
    }
    return fresh;
  }

  /** Forgets and returns the label sets of `key` that have all these labels. */
  take(key: MetricKey, labels: Labels): Labels[] {
    const wanted = Object.entries(labels);
    const taken: Labels[] = [];
    for (const [id, set] of this.#sets.get(key) ?? []) {
      if (wanted.every(([name, value]) => set[name] === value)) {
        this.#sets.get(key)?.delete(id);
        taken.push(set);
      }
    }
    return taken;
  }

  /** The metrics that have all these label names. */
  keysWith(names: readonly string[]): MetricKey[] {
    return [...this.#sets.keys()].filter((key) => {
      const has: readonly string[] = metricSpecs[key].labels;
      return names.every((name) => has.includes(name));
    });
  }

  countSeries(): number {
    return [...this.#sets].reduce((sum, [key, sets]) => sum + sets.size * seriesPerLabelSet(metricSpecs[key]), 0);
  }
}

/** Series that one label set of this metric has on `/metrics`: buckets, +Inf, sum and count for a histogram, else one. */
export function seriesPerLabelSet(spec: MetricSpec): number {
  return spec.type === 'histogram' ? spec.buckets.length + 3 : 1;
}
