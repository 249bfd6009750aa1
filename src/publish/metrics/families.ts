import { Counter, collectDefaultMetrics, Gauge, Histogram, type OpenMetricsContentType, Registry } from 'prom-client';
import { canonicalLines } from './exposition.ts';
import { bucketsOf, type ChosenHistograms } from './chosen-histograms.ts';
import { type MetricKey, metricSpecs } from './metric-names.ts';
import type { MetricSpec } from './metric-spec.ts';

type OpenMetricsRegistry = Registry<OpenMetricsContentType>;
export type AnyMetric = Counter | Gauge | Histogram;

/** Gauges with a counter's suffix, which `promtool check metrics` refuses; the same facts stay under names without it. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

/** A registry that renders OpenMetrics and never anything else. */
export function createRegistry(): OpenMetricsRegistry {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  return registry;
}

/** Name of the family in OpenMetrics: without `_total`, which the rendering appends to the samples of counters. */
export function familyName({ name }: Pick<MetricSpec, 'name'>): string {
  return name.replace(/_total$/, '');
}

/** `# HELP` and `# TYPE` as OpenMetrics has them. Our help texts need no escaping, see `metricSpecs`. */
export function headOf(spec: MetricSpec): string {
  return `# HELP ${familyName(spec)} ${spec.help}\n# TYPE ${familyName(spec)} ${spec.type}\n`;
}

/** Creates one metric of the table, empty. `collect` gives the value of a gauge without labels at each rendering. */
export function createMetric(
  registry: OpenMetricsRegistry,
  key: MetricKey,
  histograms: ChosenHistograms,
  collect?: () => number,
): AnyMetric {
  const spec: MetricSpec = metricSpecs[key];
  const common = { name: familyName(spec), help: spec.help, labelNames: spec.labels, registers: [registry] };
  if (spec.type === 'counter') return new Counter(common);
  if (spec.type === 'histogram')
    return new Histogram({ ...common, buckets: [...bucketsOf(key, histograms)], enableExemplars: true });
  if (collect !== undefined) {
    return new Gauge({
      ...common,
      collect() {
        this.set(collect());
      },
    });
  }
  const gauge = new Gauge(common);
  // prom-client starts gauges without labels at 0; ours are absent until something is known.
  gauge.remove({});
  return gauge;
}

/** `# HELP` and `# TYPE` of a family, and the lines of its series as OpenMetrics has them; each line with its end. */
export interface FamilyLines {
  readonly head: string;
  readonly series: string;
}

/** Renders what a registry has of one family. Waits for microtasks only. */
export async function renderFamily(registry: OpenMetricsRegistry, name: string): Promise<FamilyLines> {
  const family = await registry.getSingleMetricAsString(name);
  const headEnd = family.indexOf('\n', family.indexOf('\n') + 1);
  if (headEnd < 0) return { head: `${family}\n`, series: '' };
  return { head: family.slice(0, headEnd + 1), series: `${canonicalLines(family.slice(headEnd + 1))}\n` };
}

/** `process_*` and `nodejs_*`, rendered anew at each call. */
export function createProcessMetrics(): () => Promise<FamilyLines[]> {
  const registry = createRegistry();
  collectDefaultMetrics({ register: registry });
  misnamed.forEach((name) => registry.removeSingleMetric(name));
  const metrics = registry.getMetricsAsArray();
  const registered = metrics.map(({ name }) => name);
  // Once and for all, as prom-client does at its first rendering of a whole registry.
  for (const metric of metrics) metric.name = familyName(metric);
  return () => Promise.all(registered.map((name) => renderFamily(registry, name)));
}
