import { type DataFrame, dateTimeFormat, formattedValueToString, getValueFormat } from '@grafana/data';
import type { ReactElement } from 'react';
import { Marks } from './marks.tsx';
import type { BodyProps } from './panel-body.tsx';

const axisPx = { width: 70, height: 20 };
const legendPx = 30;
const scheme = ['#fff5eb', '#fdd0a2', '#fd8d3c', '#d94801', '#7f2704'];
const ticks = [0.1, 0.3, 0.5, 0.7, 0.9];

interface HeatmapOptions {
  readonly color: { readonly exponent: number };
  readonly yAxis: { readonly unit: string };
}
interface Row {
  readonly edge: number;
  readonly times: number[];
  readonly counts: number[];
}

/** A stand-in for Grafana's heatmap, which is not in its library: a row a bucket, a cell for each step, darker for more. */
export function Heatmap(props: BodyProps): ReactElement {
  const { panel, data, width, height, theme, timeRange } = props;
  const { color, yAxis } = panel.options as unknown as HeatmapOptions;
  const rows = rowsOf(data);
  const most = Math.max(...rows.flatMap(({ counts }) => counts));
  if (!(most > 1e-9)) {
    return (
      <div style={{ display: 'grid', placeItems: 'center', height, color: theme.colors.text.secondary }}>none</div>
    );
  }
  const [from, to] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const plotPx = height - axisPx.height - legendPx;
  const rowPx = plotPx / rows.length;
  const x = (time: number): number => axisPx.width + ((time - from) / (to - from)) * (width - axisPx.width - 6);
  const shade = (count: number): string => mixed(Math.pow(count / most, color.exponent), theme.isDark);
  const text = (edge: number): string =>
    edge === Number.POSITIVE_INFINITY ? '+Inf' : formattedValueToString(getValueFormat(yAxis.unit)(edge));
  const every = Math.max(1, Math.ceil(16 / rowPx));
  const shades = [0.01, 0.25, 0.5, 0.75, 1].map((share) => shade(share * most)).join(',');
  return (
    <div style={{ color: theme.colors.text.primary }}>
      <svg width={width} height={height - legendPx} style={{ fontSize: 12, fill: theme.colors.text.primary }}>
        {rows.flatMap(({ times, counts }, row) => {
          const step = (times[1] ?? 0) - (times[0] ?? 0);
          return counts.map((count, index) =>
            count > 1e-9 ? (
              <rect
                key={`${row}.${index}`}
                x={Math.max(axisPx.width, x(times[index]! - step))}
                y={plotPx - (row + 1) * rowPx}
                width={Math.max(1, x(times[index]!) - x(times[index]! - step) - 1)}
                height={rowPx - 1}
                fill={shade(count)}
              />
            ) : null,
          );
        })}
        <Marks {...props} x={x} height={plotPx} />
        {rows.map(({ edge }, row) =>
          row % every === 0 ? (
            <text key={edge} x={axisPx.width - 6} y={Math.max(10, plotPx - (row + 1) * rowPx + 4)} textAnchor="end">
              {text(edge)}
            </text>
          ) : null,
        )}
        {ticks.map((share) => (
          <text
            key={share}
            x={axisPx.width + share * (width - axisPx.width)}
            y={height - legendPx - 4}
            textAnchor="middle"
          >
            {dateTimeFormat(from + share * (to - from), { format: 'HH:mm', timeZone: 'utc' })}
          </text>
        ))}
      </svg>
      <div style={{ fontSize: 12, display: 'flex', gap: 6, alignItems: 'center', height: legendPx }}>
        0 <div style={{ width: 200, height: 8, background: `linear-gradient(90deg, ${shades})` }} /> {most.toFixed(1)}
      </div>
    </div>
  );
}

/** Cumulative buckets to what lies in each, lowest first. */
function rowsOf(data: readonly DataFrame[]): Row[] {
  const cumulative = data
    .map((frame) => ({
      edge: Number(String(frame.fields[1]!.labels?.['le']).replace('+Inf', 'Infinity')),
      times: frame.fields[0]!.values as number[],
      counts: (frame.fields[1]!.values as (number | null)[]).map((value) => value ?? 0),
    }))
    .filter(({ edge }) => !Number.isNaN(edge))
    .toSorted((one, other) => one.edge - other.edge);
  return cumulative.map(({ edge, times, counts }, index) => ({
    edge,
    times,
    counts: counts.map((count, at) => Math.max(0, count - (cumulative[index - 1]?.counts[at] ?? 0))),
  }));
}

function mixed(share: number, isDark: boolean): string {
  // Grafana turns the scheme round in the dark theme.
  const at = Math.min(3.999, Math.max(0, isDark ? 1 - share : share) * 4);
  const index = Math.floor(at);
  const parts = (hex = ''): number[] => [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
  const [low, high] = [parts(scheme[index]), parts(scheme[index + 1])];
  return `rgb(${low.map((value, part) => Math.round(value + ((high[part] ?? 0) - value) * (at - index))).join(',')})`;
}
