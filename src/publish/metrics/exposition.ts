import { buckets } from './buckets.ts';

export type MetricsFormat = 'openmetrics' | 'text';

export const contentTypes: Readonly<Record<MetricsFormat, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
};

/** What ends an answer. */
export const endings: Readonly<Record<MetricsFormat, string>> = { openmetrics: '# EOF\n', text: '' };

/** Quotes within label values are escaped, so that no configured text looks like an exemplar or like an edge. */
const exemplar = / # \{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)+\} \S+ \S+(?=\n|$)/g;
/** prom-client writes `le` first. */
const bucketHead = '_bucket{le="';

/** Series of a family as prom-client renders them in OpenMetrics: writes `le` the way Prometheus keeps it. */
export function canonicalLines(lines: string): string {
  const [first = '', ...others] = lines.split(bucketHead);
  return first + others.map((rest) => bucketHead + canonicalEdge(rest)).join('');
}

function canonicalEdge(rest: string): string {
  const end = rest.indexOf('"');
  const edge = rest.slice(0, end);
  return (ownEdges.get(edge) ?? formatEdge(edge)) + rest.slice(end);
}

/**
 * `1` → `1.0`, `10485760` → `1.048576e+07`: Go's shortest float with `.0` on whole numbers. Prometheus 3 rewrites edges
 * to this form and Prometheus 2 keeps what it gets (prometheus/prometheus#14485), so both store the same series, from
 * either format.
 */
export function formatEdge(edge: string): string {
  const value = Number(edge);
  if (!Number.isFinite(value)) return edge;
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 6))
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/**
 * Series of a family in text format 0.0.4, from their lines in OpenMetrics: derived instead of rendered again, because
 * prom-client renames counters for good once it has rendered OpenMetrics (prometheus/client_js#829).
 */
export function textLines(openMetricsLines: string): string {
  return openMetricsLines.replace(exemplar, '');
}

/** Written once, because they come by the thousand. */
const ownEdges: ReadonlyMap<string, string> = new Map(
  Object.values(buckets)
    .flat()
    .map((edge) => [String(edge), formatEdge(String(edge))]),
);

/** `# HELP` and `# TYPE` of a family in text format 0.0.4, from those in OpenMetrics: it names a counter with its suffix. */
export function textHead(openMetricsHead: string): string {
  const [help = '', type = ''] = openMetricsHead.split('\n');
  return type.endsWith(' counter')
    ? openMetricsHead.replace(/^(# (?:HELP|TYPE) [\w:]+)/gm, '$1_total')
    : `${help}\n${type}\n`;
}
