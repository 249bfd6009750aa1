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

function specOf<T extends MetricType>(type: T) {
  return <const L extends readonly string[]>(
    name: string,
    labels: L,
    help: string,
    buckets: readonly number[] = [],
  ): MetricSpec<T, L[number]> => ({ name: metricPrefix + name, type, help, labels, buckets });
}

/** A counter; `name` without prefix, with `_total`. */
export const counter = specOf('counter');
/** A gauge; `name` without prefix. */
export const gauge = specOf('gauge');
/** A histogram; `name` without prefix, its upper bounds without +Inf. */
export const histogram = specOf('histogram');
