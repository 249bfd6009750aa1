import { type MetricKey, type MetricKeyOf, metricSpecs } from '../../src/publish/metrics/metric-names.ts';
import { type Matchers, type Match, histogram, metric } from '../../prometheus/src/promql.ts';

/** Labels that the boards have a variable for. */
export const filterLabels = ['registry', 'path', 'client', 'workload'] as const;
export const targetFilter = 'job=~"$job", instance=~"$instance"';

/** Seconds of three runs of the slowest check in view: a range in which something happened, whatever the interval. */
export const window = '${window}s';
/** Seconds between the runs of the slowest check in view: a column of a heatmap. */
export const runInterval = '${interval}s';

function filters<K extends MetricKey>(key: K, more: Matchers<K>): Matchers<K> {
  const has: readonly string[] = metricSpecs[key].labels;
  const own = filterLabels.filter((label) => has.includes(label));
  const names: readonly string[] = ['job', 'instance', ...own];
  const chosen = Object.fromEntries(names.map((label): [string, Match] => [label, { re: `$${label}` }]));
  return { ...chosen, ...more };
}

/** A counter or gauge as far as the board's variables choose it. */
export function chosen<K extends MetricKeyOf<'counter' | 'gauge'>>(key: K, more: Matchers<K> = {}): string {
  return metric(key, filters(key, more));
}

/** Increase of a counter over the last runs. */
export function lately<K extends MetricKeyOf<'counter'>>(key: K, more: Matchers<K> = {}): string {
  return increase(chosen(key, more), window);
}

type Growth = (selector: string, range: string) => string;
const increase: Growth = (selector, range) => `increase(${selector}[${range}])`;

/**
 * As increase, of series that are there from the first thing they count and not before: one that was not there in the day before the range
 * has grown by all it says; a shorter gap is a scrape that failed.
 */
export const growth: Growth = (selector, range) =>
  `(${selector} unless present_over_time(${selector}[1d] offset ${range}) or ${increase(selector, range)})`;

/**
 * Observations by bucket and time. A scrape that converts classic histograms leaves no `_bucket`; the second half reads the
 * native histogram that is there instead.
 */
export function heat<K extends MetricKeyOf<'histogram'>>(key: K, more: Matchers<K> = {}, grown = increase): string {
  const { bucket, whole } = histogram(key, filters(key, more));
  const range = '$__rate_interval';
  return `sum by (le) (${grown(bucket, range)}) or sum (${grown(whole, range)})`;
}

/** Mean over the last runs, or over `range`, by labels; of classic histograms or of native ones. */
export function mean(key: MetricKeyOf<'histogram'>, labels: readonly string[], range = window): string {
  const { sum, count, whole } = histogram(key, filters(key, {}));
  const by = `sum by (${labels.join(', ')})`;
  const native = `${by} (increase(${whole}[${range}]))`;
  const classic = (part: string): string => `${by} (increase(${part}[${range}]))`;
  return `${classic(sum)} / (${classic(count)} > 0) or histogram_sum(${native}) / (histogram_count(${native}) > 0)`;
}

/** A quantile over the last runs, by labels; of classic histograms or of native ones. */
export function quantile<K extends MetricKeyOf<'histogram'>>(
  q: number,
  key: K,
  labels: readonly string[],
  more: Matchers<K> = {},
): string {
  const { bucket, whole } = histogram(key, filters(key, more));
  const by = (all: readonly string[], selector: string): string =>
    all.length === 0
      ? `sum (increase(${selector}[${window}]))`
      : `sum by (${all.join(', ')}) (increase(${selector}[${window}]))`;
  return `histogram_quantile(${q}, ${by(['le', ...labels], bucket)}) or histogram_quantile(${q}, ${by(labels, whole)})`;
}
