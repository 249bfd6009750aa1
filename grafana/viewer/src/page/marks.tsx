import type { GrafanaTheme2 } from '@grafana/data';
import type { UPlotConfigBuilder } from '@grafana/ui';
import type { ReactElement } from 'react';
import type { AnsweredBoard } from '../board.ts';

type Plot = Parameters<NonNullable<Parameters<typeof UPlotConfigBuilder.prototype.addHook<'draw'>>[1]>>[0];
interface Marked {
  readonly answered: AnsweredBoard;
  readonly theme: GrafanaTheme2;
}

const dashPx = [3, 3];

/** Lines of annotations in curves: Grafana's plugin for them is not in its library. */
export function drawMarks(plot: Plot, { answered, theme }: Marked): void {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const { atMs, color } of answered.marks) {
    const x = plot.valToPos(atMs, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = ctx.fillStyle = theme.visualization.getColorByName(color);
    ctx.setLineDash(dashPx);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - 5, bbox.top + bbox.height + 5);
    ctx.lineTo(x + 5, bbox.top + bbox.height + 5);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.fill();
  }
  ctx.restore();
}

/** The same in our own stand-ins; `x` is the place of a time. */
export function Marks({
  answered,
  theme,
  x,
  height,
}: Marked & { readonly x: (atMs: number) => number; readonly height: number }): ReactElement {
  return (
    <g>
      {answered.marks.map(({ atMs, color, text }, index) => (
        <line
          key={index}
          x1={x(atMs)}
          x2={x(atMs)}
          y1={0}
          y2={height}
          stroke={theme.visualization.getColorByName(color)}
          strokeDasharray={dashPx.join(' ')}
        >
          <title>{text}</title>
        </line>
      ))}
    </g>
  );
}
