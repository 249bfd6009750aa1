import { setImmediate as nextTurn } from 'node:timers/promises';
import { Counter, collectDefaultMetrics, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import { canonicalFamily, type MetricsFormat, toTextFormat } from './exposition.ts';
import { type MetricKey, metricSpecs } from './metric-names.ts';
import type { MetricSpec } from './metric-spec.ts';

export type OpenMetricsRegistry = Registry<OpenMetricsContentType>;
export type AnyMetric = Counter | Gauge | Histogram;

export interface FamilyOptions {
  /** Called for `event_loop_lag_seconds` at each scrape. */
  readonly eventLoopLagSeconds?: () => number;
}

/** Gauges with a counter's suffix, which `promtool check metrics` refuses; the same facts stay under names without it. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** A registry that renders OpenMetrics and never anything else. */
export function createRegistry(): OpenMetricsRegistry {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

/** Creates every metric of the table in a registry of its own kind. */
export function createFamilies(registry: OpenMetricsRegistry, options: FamilyOptions): Map<MetricKey, AnyMetric> {
  const metrics = new Map<MetricKey, AnyMetric>();
  for (const [key, spec] of Object.entries(metricSpecs) as [MetricKey, MetricSpec][]) {
    const common = { help: spec.help, labelNames: spec.labels, registers: [registry] };
    if (spec.type === 'counter') {
      metrics.set(key, new Counter({ ...common, name: spec.name }));
    } else if (spec.type === 'gauge') {
      metrics.set(key, new Gauge({ ...common, name: spec.name, ...collectorFor(key, options) }));
    } else {
      const histogram = { ...common, name: spec.name, buckets: [...spec.buckets], enableExemplars: true };
      metrics.set(key, new Histogram(histogram));
    }
  }
  // prom-client starts gauges without labels at 0; ours are absent until something is known.
  for (const metric of metrics.values()) {
    if (metric instanceof Gauge) {
      metric.remove({});
    }
  }
  return metrics;
}

function collectorFor(key: MetricKey, options: FamilyOptions): { collect?: (this: Gauge) => void } {
  const read = options.eventLoopLagSeconds;
  if (key !== 'eventLoopLag' || read === undefined) {
    return {};
  }
  return {
    collect() {
      this.set(read());
    },
  };
}

/** Adds `process_*` and `nodejs_*`. */
export function addProcessMetrics(registry: OpenMetricsRegistry): void {
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) {
    registry.removeSingleMetric(name);
  }
}

/**
 * Takes `_total` off the names of counters, where the OpenMetrics rendering would append it again, once and for all.
 * Returns the names under which the registry knows its metrics.
 */
export function settleNames(registry: OpenMetricsRegistry): string[] {
  const metrics = registry.getMetricsAsArray();
  const registered = metrics.map((metric) => metric.name);
  for (const metric of metrics) {
    metric.name = metric.name.replace(/_total$/, '');
  }
  return registered;
}

/**
 * Counters and gauges are rendered in one go, so that one scrape never shows more failures than runs. Before each
 * histogram the event loop gets a turn: thousands of bucket lines at once would distort the timings of a push.
 */
export async function render(
  registry: OpenMetricsRegistry,
  names: readonly string[],
  format: MetricsFormat,
): Promise<string> {
  const finish = (family: string): string =>
    format === 'text' ? toTextFormat(canonicalFamily(family)) : canonicalFamily(family);
  const isHistogram = (name: string): boolean => registry.getSingleMetric(name) instanceof Histogram;
  // Microtasks only: nothing else runs in between.
  const plain = await Promise.all(
    names.filter((name) => !isHistogram(name)).map((name) => registry.getSingleMetricAsString(name)),
  );
  let text = plain.map(finish).join('');
  for (const name of names.filter(isHistogram)) {
    await nextTurn();
    text += finish(await registry.getSingleMetricAsString(name));
  }
  return format === 'openmetrics' ? `${text}# EOF\n` : text;
}
