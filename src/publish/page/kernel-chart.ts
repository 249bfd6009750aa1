import type { KernelFacts, KernelPoint, LimitedMs } from '../../network/kernel/kernel-facts.ts';
import { limiters } from '../../network/kernel/kernel-facts.ts';
import type { Attempt } from '../../probe/outcome.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { html, type SafeHtml } from '../html.ts';
import { limiterWords } from '../sending-words.ts';
import { axis, chartLeft, chartWidth, nameOf, pictureWidth } from './waterfall.ts';

const top = 22;
const rowHeight = 26;
const barHeight = 20;
/** An image push has a body for each layer. */
const mostRows = 20;

/** What held each body up, over the time of the run: a row a body, the parts of each moment on top of each other. undefined: not known. */
export function heldUpOverTime(attempts: readonly Attempt[], durationMs: number): SafeHtml | undefined {
  const rows = attempts.flatMap(({ blob, number, requests }) =>
    requests.flatMap(({ kernel, startMs }) =>
      kernel === undefined ? [] : [{ label: `${blob}, attempt ${number}`, kernel, startMs }],
    ),
  );
  const shown = rows.filter(({ kernel }) => spans(kernel).length > 0).slice(0, mostRows);
  if (shown.length === 0) return undefined;
  const endMs = Math.max(1, durationMs);
  const scale = (ms: number): number => chartLeft + (Math.min(endMs, Math.max(0, ms)) / endMs) * chartWidth;
  const height = top + shown.length * rowHeight + 4;
  return html`<div class="chart" role="region" aria-label="What held the bodies up over time">
<svg class="waterfall" role="img" aria-label="What held up ${shown.length} bodies over ${formatDuration(endMs)}; the facts above have the shares" viewBox="0 0 ${pictureWidth} ${height}">
${axis(endMs, height, scale)}${shown.map(({ label, kernel }, index) => bar(label, kernel, top + index * rowHeight, scale))}</svg>
</div>
<ul class="legend">${limiters.map(
    (limiter) =>
      html`<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="by-${limiter}" width="10" height="10"/></svg> ${limiterWords[limiter]}</li>`,
  )}</ul>`;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly limited: LimitedMs;
}

/** What was added from one point to the next. */
function spans({ points }: KernelFacts): Span[] {
  return points.slice(1).flatMap((point, index) => {
    const limited = grown(points[index], point);
    return limited === undefined ? [] : [{ fromMs: points[index]?.atMs ?? 0, toMs: point.atMs, limited }];
  });
}

function grown(from: KernelPoint | undefined, to: KernelPoint): LimitedMs | undefined {
  const [before, after] = [from?.limited, to.limited];
  if (before === undefined || after === undefined) return undefined;
  const more = (limiter: keyof LimitedMs): number => Math.max(0, after[limiter] - before[limiter]);
  const limited = { receiver: more('receiver'), network: more('network'), prober: more('prober') };
  return limited.receiver + limited.network + limited.prober > 0 ? limited : undefined;
}

function bar(label: string, kernel: KernelFacts, y: number, scale: (ms: number) => number): SafeHtml {
  const all = spans(kernel);
  const startMs = all[0]?.fromMs ?? 0;
  const named = { label, startMs, durationMs: (all.at(-1)?.toMs ?? startMs) - startMs };
  return html`${all.map((span) => column(span, y, scale))}${nameOf(named, y + 14, scale)}
`;
}

/** The shares of one moment, stacked; what is missing to the whole height is time in which nothing was to be sent. */
function column({ fromMs, toMs, limited }: Span, y: number, scale: (ms: number) => number): readonly SafeHtml[] {
  const x = scale(fromMs);
  const width = Math.max(0.5, scale(toMs) - x);
  const wholeMs = Math.max(toMs - fromMs, limited.receiver + limited.network + limited.prober);
  let bottom = y + barHeight;
  return limiters.map((limiter) => {
    const height = (barHeight * limited[limiter]) / wholeMs;
    bottom -= height;
    return html`<rect class="by-${limiter}" x="${x.toFixed(1)}" y="${bottom.toFixed(1)}" width="${width.toFixed(1)}" height="${height.toFixed(1)}"/>`;
  });
}
