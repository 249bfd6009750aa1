import { dateTimeFormat, type DisplayValue, formattedValueToString, getFieldDisplayName } from '@grafana/data';
import { LegendDisplayMode, VizLegend } from '@grafana/ui';
import type { ReactElement } from 'react';
import { Marks } from './marks.tsx';
import type { BodyProps } from './panel-body.tsx';

const axisPx = 20;
const legendPx = 30;
const ticks = [0.1, 0.3, 0.5, 0.7, 0.9];

interface Bar {
  readonly row: number;
  readonly from: number;
  readonly to: number;
  readonly shown: DisplayValue;
}

/** A stand-in for Grafana's state timeline, which is not in its library: a row a series, a bar for each time without change. */
export function Timeline(props: BodyProps): ReactElement {
  const { panel, data, width, height, theme, timeRange } = props;
  const [from, to] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const names = data.map((frame) => getFieldDisplayName(frame.fields[1]!, frame, data));
  const labelPx = Math.min(width * 0.3, 8 + 6.6 * Math.max(...names.map(({ length }) => length)));
  const rowPx = (height - legendPx - axisPx) / names.length;
  const barPx = rowPx * (Number((panel.options as Record<string, unknown>)?.['rowHeight']) || 0.9);
  const x = (time: number): number => labelPx + ((time - from) / (to - from)) * (width - labelPx - 10);
  const bars = data.flatMap((frame, row) => barsOf(frame.fields[0]!.values, frame.fields[1]!, row, to));
  const legend = [...new Map(bars.map(({ shown }) => [formattedValueToString(shown), shown.color ?? 'grey']))];
  // A name that does not fit is left out, as on Grafana's axis.
  const every = Math.max(1, Math.ceil(14 / rowPx));
  return (
    <div>
      <svg width={width} height={height - legendPx} style={{ fontSize: 12, fill: theme.colors.text.primary }}>
        {bars.map(({ row, from: start, to: end, shown }) => (
          <rect
            key={`${row}.${start}`}
            x={Math.max(labelPx, x(start))}
            y={row * rowPx + (rowPx - barPx) / 2}
            width={Math.max(1, x(end) - Math.max(labelPx, x(start)))}
            height={barPx}
            fill={shown.color}
            fillOpacity={0.7}
          />
        ))}
        <Marks {...props} x={x} height={height - legendPx - axisPx} />
        {names.map((name, row) =>
          row % every === 0 ? (
            <text key={name} x={labelPx - 6} y={row * rowPx + rowPx / 2 + 4} textAnchor="end">
              {name}
            </text>
          ) : null,
        )}
        {ticks.map((share) => (
          <text key={share} x={labelPx + share * (width - labelPx)} y={height - legendPx - 4} textAnchor="middle">
            {dateTimeFormat(from + share * (to - from), { format: 'HH:mm', timeZone: 'utc' })}
          </text>
        ))}
      </svg>
      <VizLegend
        placement="bottom"
        displayMode={LegendDisplayMode.List}
        items={legend.map(([label, color]) => ({ label, color, yAxis: 1 }))}
      />
    </div>
  );
}

function barsOf(
  times: number[],
  { values, display }: { values: (number | null)[]; display?: (value: unknown) => DisplayValue },
  row: number,
  end: number,
): Bar[] {
  const bars: Bar[] = [];
  for (let start = 0; start < values.length; start += 1) {
    if (values[start] === null || display === undefined) continue;
    let last = start;
    while (last + 1 < values.length && values[last + 1] === values[start]) last += 1;
    bars.push({ row, from: times[start]!, to: times[last + 1] ?? end, shown: display(values[start]) });
    start = last;
  }
  return bars;
}
