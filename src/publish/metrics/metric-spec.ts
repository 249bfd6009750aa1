export type MetricType = 'counter' | 'gauge' | 'histogram';

/** One metric family as scraped: `name` is the full name, with `_total` for counters. */
export interface MetricSpec<T extends MetricType = MetricType, L extends string = string> {
  readonly name: string;
  readonly type: T;
  readonly help: string;
  readonly labels: readonly L[];
  /** Upper bounds of a histogram, without +Inf; empty for the other types. */
  readonly buckets: readonly number[];
}

/** Prefix of every metric of our own. */
export const metricPrefix = 'blobprobe_';

/** Labels that say what a series is about. In each metric they come first. */
export const checkLabelNames = ['registry', 'path', 'client', 'workload'] as const;

/** A counter; `name` without prefix, with `_total`. */
export function counter<const L extends readonly string[]>(
  name: string,
  labels: L,
  help: string,
): MetricSpec<'counter', L[number]> {
  return { name: metricPrefix + name, type: 'counter', help, labels, buckets: [] };
}

/** A gauge; `name` without prefix. */
export function gauge<const L extends readonly string[]>(
  name: string,
  labels: L,
  help: string,
): MetricSpec<'gauge', L[number]> {
  return { name: metricPrefix + name, type: 'gauge', help, labels, buckets: [] };
}

/** A histogram; `name` without prefix, `bounds` without +Inf. */
export function histogram<const L extends readonly string[]>(
  name: string,
  labels: L,
  bounds: readonly number[],
  help: string,
): MetricSpec<'histogram', L[number]> {
  return { name: metricPrefix + name, type: 'histogram', help, labels, buckets: bounds };
}
