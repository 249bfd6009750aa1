export type MetricsFormat = 'openmetrics' | 'text';

export const contentTypes: Readonly<Record<MetricsFormat, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  text: 'text/plain; version=0.0.4; charset=utf-8',
};

const exemplar = / # \{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\} \S+ \S+$/;
/** prom-client writes `le` first; nothing that follows it is looked at, because it may hold configured text. */
const bucketEdge = /^([a-zA-Z_:][\w:]*_bucket\{le=")([^"]+)"/;

/** Finishes one metric family as prom-client renders it in OpenMetrics: writes `le` the way Prometheus keeps it. */
export function canonicalFamily(family: string): string {
  if (!family.includes('_bucket{le="')) {
    return `${family}\n`;
  }
  const lines = family.split('\n');
  return `${lines.map((line) => line.replace(bucketEdge, writeEdge)).join('\n')}\n`;
}

function writeEdge(_match: string, head: string, edge: string): string {
  return `${head}${formatEdge(edge)}"`;
}

/**
 * `1` → `1.0`, `10485760` → `1.048576e+07`: Go's shortest float with `.0` on whole numbers. Prometheus 3 rewrites edges
 * to this form and Prometheus 2 keeps what it gets (prometheus/prometheus#14485), so both store the same series, from
 * either format.
 */
export function formatEdge(edge: string): string {
  const value = Number(edge);
  if (!Number.isFinite(value)) {
    return edge;
  }
  const [mantissa = '0', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (value !== 0 && (power < -4 || power >= 6)) {
    return `${mantissa}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/**
 * One family of `canonicalFamily` in text format 0.0.4. Derived from the OpenMetrics rendering instead of rendered
 * again, because prom-client renames counters for good once it has rendered OpenMetrics (prometheus/client_js#829).
 */
export function toTextFormat(family: string): string {
  const lines = family.split('\n');
  const isCounter = lines[1]?.startsWith('# TYPE ') === true && lines[1].endsWith(' counter');
  return lines
    .map((line, index) => {
      if (isCounter && index < 2) {
        return line.replace(/^(# (?:HELP|TYPE) [\w:]+)/, '$1_total');
      }
      return line.startsWith('#') ? line : line.replace(exemplar, '');
    })
    .join('\n');
}
