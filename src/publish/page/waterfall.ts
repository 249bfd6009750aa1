import type { Attempt, RequestRecord } from '../../probe/outcome.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { html, type SafeHtml } from '../html.ts';

/** Parts of a request in the order in which they happen; also the CSS classes of their colours. */
const requestParts = ['dns', 'connect', 'tls', 'send', 'wait', 'receive'] as const;
type RequestPart = (typeof requestParts)[number];

/** An image push may have hundreds of requests; the table below the picture has them all. */
const mostRows = 120;
const rowHeight = 18;
const timeWidth = 90;
/** Where time 0 of the run is in a picture, and how far its end is from there: equal in all pictures of a run. */
export const chartLeft = 190;
export const chartWidth = 660;
export const pictureWidth = chartLeft + chartWidth + timeWidth;
const axisHeight = 22;

/** One bar per request, one pale bar per wait between attempts, on the time of the whole run. */
export function waterfall(attempts: readonly Attempt[], durationMs: number): SafeHtml {
  const rows = attempts.flatMap(rowsOf);
  const shown = rows.slice(0, mostRows);
  const endMs = Math.max(durationMs, 1, ...rows.map((row) => row.startMs + row.durationMs));
  const scale = (ms: number): number => chartLeft + (Math.max(0, ms) / endMs) * chartWidth;
  const height = axisHeight + shown.length * rowHeight + 4;
  const bars = shown.map((row, index) => bar(row, axisHeight + index * rowHeight, scale));
  return html`<div class="chart" role="region" aria-label="Requests over time">
<svg class="waterfall" role="img" aria-label="${rows.length} requests and waits over ${formatDuration(endMs)}; the table below has the numbers" viewBox="0 0 ${pictureWidth} ${height}">
${axis(endMs, height, scale)}${bars}</svg>
</div>
${rows.length > shown.length && html`<p class="soft">The first ${shown.length} of ${rows.length} are drawn.</p>`}
<ul class="legend">${[...requestParts, 'pause'].map(
    (part) =>
      html`<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="${part}" width="10" height="10"/></svg> ${part === 'pause' ? 'wait before a retry' : part}</li>`,
  )}</ul>`;
}

interface Row {
  readonly label: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly parts: readonly { readonly part: RequestPart | 'pause'; readonly ms: number }[];
  readonly failed: boolean;
}

function rowsOf(attempt: Attempt): Row[] {
  const wait: Row = {
    label: `wait, attempt ${attempt.number}`,
    startMs: attempt.startMs - attempt.waitedMs,
    durationMs: attempt.waitedMs,
    parts: [{ part: 'pause', ms: attempt.waitedMs }],
    failed: false,
  };
  const requests = attempt.requests.map((request, index, all) => rowOf(request, index === all.length - 1));
  return attempt.waitedMs > 0 ? [wait, ...requests] : requests;
}

function rowOf(request: RequestRecord, isLast: boolean): Row {
  return {
    label: `${request.phase} ${request.method} ${request.status ?? request.errorCode ?? ''}`,
    startMs: request.startMs,
    durationMs: request.durationMs,
    parts: requestParts.map((part) => ({ part, ms: request[`${part}Ms`] ?? 0 })).filter(({ ms }) => ms > 0),
    failed:
      request.errorCode !== undefined ||
      ((request.status ?? 0) >= 400 && !isChallenge(request, isLast) && !asksWhetherThere(request)),
  };
}

/** A 401 that tells how to log in is an answer, not a failure: the client goes on after it. */
function isChallenge(request: RequestRecord, isLast: boolean): boolean {
  return request.status === 401 && (request.phase === 'auth' || !isLast);
}

/** Before a push, 404 is the answer that lets it begin. */
function asksWhetherThere({ method, phase, status }: RequestRecord): boolean {
  return method === 'HEAD' && status === 404 && phase !== 'verify';
}

function bar(row: Row, y: number, scale: (ms: number) => number): SafeHtml {
  let atMs = row.startMs;
  const rects = row.parts.map(({ part, ms }) => {
    const x = scale(atMs);
    atMs += ms;
    return html`<rect class="${part}" x="${x.toFixed(1)}" y="${y + 3}" width="${Math.max(1, scale(atMs) - x).toFixed(1)}" height="${rowHeight - 6}"/>`;
  });
  const end = scale(row.startMs + row.durationMs) + 4;
  return html`<g><title>${row.label}, ${formatDuration(row.durationMs)}</title>
${rects}${nameOf(row, y + rowHeight - 5, scale)}
<text class="end" x="${end.toFixed(1)}" y="${y + rowHeight - 5}">${formatDuration(row.durationMs)}</text></g>
`;
}

interface Named extends Pick<Row, 'label' | 'startMs' | 'durationMs'> {
  readonly failed?: boolean;
}

/** The name of a bar, its baseline at `y`: left of the plot; on a phone in it, after the bar or before it, wherever more room is. */
export function nameOf(
  { label, failed = false, startMs, durationMs }: Named,
  y: number,
  scale: (ms: number) => number,
): SafeHtml {
  const [from, to] = [scale(startMs) - chartLeft, scale(startMs + durationMs) - chartLeft];
  const isAfter = chartWidth - to >= from;
  const x = chartLeft + (isAfter ? Math.min(to + 6, chartWidth - 180) : Math.max(from - 6, 180));
  const place = html`y="${y}" class="${failed && 'error '}`;
  return html`<text x="2" ${place}name">${label.slice(0, 32)}</text><text x="${x.toFixed(1)}" text-anchor="${isAfter ? 'start' : 'end'}" ${place}beside">${label.slice(0, 24)}</text>`;
}

/** Lines and words at the quarters of the time. */
export function axis(endMs: number, height: number, scale: (ms: number) => number): SafeHtml[] {
  return [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const x = scale(part * endMs).toFixed(1);
    return html`<line class="axis" x1="${x}" x2="${x}" y1="${axisHeight - 6}" y2="${height}"/><text class="tick" x="${x}" y="11" text-anchor="middle">${formatDuration(part * endMs)}</text>
`;
  });
}
