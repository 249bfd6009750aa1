import { type DataFrame, dateTimeFormat, type GrafanaTheme2, type TimeRange } from '@grafana/data';
import { ErrorBoundaryAlert, PanelChrome } from '@grafana/ui';
import type { ReactElement } from 'react';
import type { AnsweredBoard, Panel } from '../board.ts';
import { replaced } from '../replace.ts';
import { PanelBody } from './panel-body.tsx';

interface Props {
  readonly answered: AnsweredBoard & { readonly width: number };
  readonly data: ReadonlyMap<number, DataFrame[]>;
  readonly theme: GrafanaTheme2;
  readonly timeRange: TimeRange;
}

/** Grafana's grid: 24 columns, 30 px a row, 8 px between. */
const rowPx = 38;
const gapPx = 8;

/** A whole board: its variables, then its panels at their places. */
export function Dashboard(props: Props): ReactElement {
  const { board } = props.answered;
  const heightPx = Math.max(...board.panels.map(({ gridPos }) => gridPos.y + gridPos.h)) * rowPx;
  return (
    <div style={{ width: props.answered.width, background: props.theme.colors.background.canvas, padding: gapPx }}>
      <Head {...props} />
      <div style={{ position: 'relative', height: heightPx }}>
        {board.panels.map((panel) => (
          <Place key={panel.id} {...props} panel={panel} />
        ))}
      </div>
    </div>
  );
}

function Head({ answered, theme }: Props): ReactElement {
  const { board, values, fromMs, toMs } = answered;
  const shown = board.templating.list.filter(({ hide }) => hide !== 2 && hide !== 'hideVariable');
  const box = { border: `1px solid ${theme.colors.border.medium}`, padding: '2px 8px', fontSize: 12 };
  return (
    <div
      style={{
        display: 'flex',
        gap: 10,
        alignItems: 'center',
        minHeight: 40,
        paddingBottom: 6,
        color: theme.colors.text.primary,
        flexWrap: 'wrap',
      }}
    >
      <b>{board.title}</b>
      {shown.map(({ name, label }) => (
        <span key={name} style={box}>
          {label}: <b>{values[name]?.text}</b>
        </span>
      ))}
      <span style={{ fontSize: 12 }}>
        {dateTimeFormat(fromMs, { timeZone: 'utc' })} to {dateTimeFormat(toMs, { timeZone: 'utc' })} UTC
      </span>
    </div>
  );
}

function Place({ answered, data, theme, timeRange, panel }: Props & { readonly panel: Panel }): ReactElement {
  const columnPx = (answered.width - 2 * gapPx + gapPx) / 24;
  const { x, y, w, h } = panel.gridPos;
  const width = w * columnPx - gapPx;
  const height = h * rowPx - gapPx;
  const place = { position: 'absolute', left: x * columnPx, top: y * rowPx, width } as const;
  const title = replaced(panel.title ?? '', answered.values);
  if (panel.type === 'row') {
    return (
      <div style={{ ...place, lineHeight: '30px', fontWeight: 500, fontSize: 16, color: theme.colors.text.primary }}>
        ▾ {title}
      </div>
    );
  }
  return (
    <div style={{ ...place, height }}>
      <PanelChrome
        title={title}
        description={panel.description}
        width={width}
        height={height}
        padding={panel.type === 'table' ? 'none' : 'md'}
      >
        {(innerWidth: number, innerHeight: number) => (
          <ErrorBoundaryAlert>
            <PanelBody
              panel={panel}
              data={data.get(panel.id) ?? []}
              width={innerWidth}
              height={innerHeight}
              theme={theme}
              timeRange={timeRange}
              answered={answered}
            />
          </ErrorBoundaryAlert>
        )}
      </PanelChrome>
    </div>
  );
}
