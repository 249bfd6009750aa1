import { html, type SafeHtml } from '../html.ts';

interface SparkPoint {
  /** undefined: nothing to draw at this place, for example no throughput of a failed run. */
  readonly value: number | undefined;
  readonly ok: boolean;
}

const width = 76;
const height = 24;
const margin = 3;

/** A small line of values, oldest left, with a mark at each failed point. `label` says in words what it shows. */
export function sparkline(points: readonly SparkPoint[], label: string): SafeHtml {
  if (points.length === 0) return html``;
  const highest = Math.max(...points.map((point) => point.value ?? 0), Number.MIN_VALUE);
  const placed = points.map(({ value, ok }, index) => ({
    ok,
    x: margin + (points.length === 1 ? 0.5 : index / (points.length - 1)) * (width - 2 * margin),
    y: height - margin - ((value ?? 0) / highest) * (height - 2 * margin),
    drawn: value !== undefined,
  }));
  const line = placed.filter((point) => point.drawn).map((point) => `${point.x.toFixed(1)},${point.y.toFixed(1)}`);
  // One path for all marks: dots are lines of no length with round ends.
  const marks = placed.filter((point) => !point.ok).map((point) => `M${point.x.toFixed(1)} ${point.y.toFixed(1)}h0`);
  const only =
    line.length === 1 &&
    html`<circle class="good" cx="${line[0]?.split(',')[0]}" cy="${line[0]?.split(',')[1]}" r="1.5"/>`;
  return html`<svg class="spark" role="img" aria-label="${label}" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"><title>${label}</title><polyline points="${line.join(' ')}"/>${only}${marks.length > 0 && html`<path class="bad" d="${marks.join('')}"/>`}</svg>`;
}
