import {
  type DataFrame,
  type FieldDisplay,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  type GrafanaTheme2,
  type ReduceDataOptions,
  type TimeRange,
  VizOrientation,
} from '@grafana/data';
import {
  BigValue,
  type BigValueColorMode,
  type BigValueGraphMode,
  BigValueJustifyMode,
  type BigValueTextMode,
  TimeSeries,
  VizRepeater,
} from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import type { ReactElement } from 'react';
import type { AnsweredBoard, Panel } from '../board.ts';
import { Heatmap } from './heatmap.tsx';
import { drawMarks } from './marks.tsx';
import { replacing } from './prepare.ts';
import { Timeline } from './timeline.tsx';

export interface BodyProps {
  readonly panel: Panel;
  readonly data: DataFrame[];
  readonly width: number;
  readonly height: number;
  readonly theme: GrafanaTheme2;
  readonly timeRange: TimeRange;
  readonly answered: AnsweredBoard;
}

/** A panel's inside: Grafana's own components, but for the two kinds that its library has not. */
export function PanelBody(props: BodyProps): ReactElement {
  const { panel, data, width, height, theme, timeRange } = props;
  const options = (panel.options ?? {}) as never as Record<string, never>;
  if (panel.type === 'stat') return <Stat {...props} />;
  if (data.every(({ length }) => length === 0)) {
    const text = panel.fieldConfig?.defaults.noValue ?? 'No data';
    return (
      <div style={{ display: 'grid', placeItems: 'center', height, color: theme.colors.text.secondary }}>{text}</div>
    );
  }
  if (panel.type === 'table') {
    return (
      <TableNG
        data={data[0]!}
        width={width}
        height={height}
        cellHeight={options['cellHeight']}
        timeRange={timeRange}
        fieldConfig={panel.fieldConfig}
        showTypeIcons={false}
        noHeader={false}
        sortBy={options['sortBy']}
        enableVirtualization={false}
      />
    );
  }
  if (panel.type === 'timeseries') {
    const legend = options['legend'] as never as { sortDesc?: boolean };
    return (
      <TimeSeries
        frames={data}
        width={width}
        height={height}
        timeRange={timeRange}
        timeZone="utc"
        legend={legend as never}
        options={options as never}
      >
        {(builder) => {
          builder.addHook('draw', (plot) => drawMarks(plot, props));
          return null;
        }}
      </TimeSeries>
    );
  }
  if (panel.type === 'state-timeline') return <Timeline {...props} />;
  if (panel.type === 'heatmap') return <Heatmap {...props} />;
  return <div>{panel.type}: not drawn</div>;
}

interface StatOptions {
  readonly reduceOptions: ReduceDataOptions;
  readonly colorMode: BigValueColorMode;
  readonly graphMode: BigValueGraphMode;
  readonly textMode: BigValueTextMode;
}

function Stat({ panel, data, width, height, theme, answered }: BodyProps): ReactElement {
  const options = panel.options as unknown as StatOptions;
  const list = getFieldDisplayValues({
    fieldConfig: panel.fieldConfig ?? { defaults: {}, overrides: [] },
    reduceOptions: options.reduceOptions,
    replaceVariables: replacing(answered),
    theme,
    data,
    sparkline: false,
    timeZone: 'utc',
  });
  return (
    <VizRepeater<FieldDisplay, ReturnType<typeof getDisplayValueAlignmentFactors>>
      getValues={() => list}
      width={width}
      height={height}
      source={list}
      orientation={VizOrientation.Auto}
      itemSpacing={3}
      renderCounter={1}
      getAlignmentFactors={(values) => getDisplayValueAlignmentFactors(values)}
      renderValue={({ value, alignmentFactors, width: w, height: h }) => (
        <BigValue
          value={value.display}
          count={list.length}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={BigValueJustifyMode.Auto}
          textMode={options.textMode}
          alignmentFactors={alignmentFactors}
          width={w}
          height={h}
          theme={theme}
        />
      )}
    />
  );
}
