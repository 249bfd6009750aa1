import { type MetricKey, type MetricKeyOf, metricSpecs } from '../../src/publish/metrics/metric-names.ts';

/** Labels that Prometheus puts on every scraped series. */
export const targetLabels = ['job', 'instance'] as const;
/** What identifies a check, as scraped. */
export const checkLabels = [...targetLabels, 'registry', 'path', 'client', 'workload'] as const;
/** What the paths of one comparison have in common. */
export const comparisonLabels = [...targetLabels, 'registry', 'client', 'workload'] as const;

type OwnLabel<K extends MetricKey> = (typeof metricSpecs)[K]['labels'][number];
type LabelName<K extends MetricKey> = OwnLabel<K> | (typeof targetLabels)[number];

/** A matcher: equal to a value, or matching an anchored regular expression. */
export type Match = string | { readonly re: string } | { readonly notRe: string };
export type Matchers<K extends MetricKey> = { readonly [L in LabelName<K>]?: Match };

/** Selector of a counter or gauge; a renamed metric or label no longer compiles. */
export function metric<K extends MetricKeyOf<'counter' | 'gauge'>>(key: K, matchers?: Matchers<K>): string {
  return metricSpecs[key].name + selector(matchers);
}

/** Selectors of a classic histogram's parts, and of the same histogram stored as a native one (`whole`). */
export function histogram<K extends MetricKeyOf<'histogram'>>(
  key: K,
  matchers?: Matchers<K>,
): { readonly bucket: string; readonly sum: string; readonly count: string; readonly whole: string } {
  const { name } = metricSpecs[key];
  const where = selector(matchers);
  return {
    bucket: `${name}_bucket${where}`,
    sum: `${name}_sum${where}`,
    count: `${name}_count${where}`,
    whole: `${name}${where}`,
  };
}

function selector(matchers: Readonly<Record<string, Match | undefined>> = {}): string {
  const parts = Object.entries(matchers).flatMap(([label, match]) =>
    match === undefined ? [] : [written(label, match)],
  );
  return parts.length === 0 ? '' : `{${parts.join(', ')}}`;
}

function written(label: string, match: Match): string {
  if (typeof match === 'string') return `${label}="${match}"`;
  return 're' in match ? `${label}=~"${match.re}"` : `${label}!~"${match.notRe}"`;
}

/** `on (…)`, `by (…)` with these labels. */
export function on(labels: readonly string[]): string {
  return `on (${labels.join(', ')})`;
}
export function by(labels: readonly string[]): string {
  return `by (${labels.join(', ')})`;
}

/** A duration as PromQL writes it; whole seconds from 1 on. */
export function duration(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  const units = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
  ] as const;
  const unit = units.find(([, size]) => whole % size === 0);
  return unit === undefined ? `${whole}s` : `${whole / unit[1]}${unit[0]}`;
}
