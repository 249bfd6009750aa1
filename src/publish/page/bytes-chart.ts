import { formatBytes } from '../../probe/byte-words.ts';
import type { Attempt, RequestRecord } from '../../probe/outcome.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { html, type SafeHtml } from '../html.ts';
import { axis, chartLeft, chartWidth, pictureWidth } from './waterfall.ts';

type Point = readonly [atMs: number, sentBytes: number];

/** An image push may have more; the table has them all. */
const mostLines = 60;
/** Of one line: a push in chunks has a request for each. */
const mostPoints = 400;
const top = 22;
const plotHeight = 130;

interface Line {
  readonly label: string;
  /** Bytes of the attempt, whatever number of requests it took. */
  readonly points: readonly Point[];
  readonly failed: boolean;
  /** Longest time in which not one byte went out while sending. */
  readonly standstillMs: number;
}

/** How each attempt's bytes went out, on the time of the whole run. undefined: all was sent too fast to be watched. */
export function bytesOverTime(attempts: readonly Attempt[], durationMs: number): SafeHtml | undefined {
  const sending = attempts.filter(({ requests }) => requests.some(isUpload));
  if (!sending.some(({ requests }) => requests.some(({ progress }) => progress !== undefined))) return undefined;
  const lines = sending.slice(0, mostLines).map(lineOf);
  const all = lines.flatMap(({ points }) => points);
  const endMs = Math.max(1, durationMs, ...all.map(([atMs]) => atMs));
  const mostBytes = Math.max(1, ...all.map(([, bytes]) => bytes));
  const scale = (ms: number): number => chartLeft + (Math.max(0, ms) / endMs) * chartWidth;
  const height = (bytes: number): number => top + plotHeight * (1 - bytes / mostBytes);
  return html`<div class="chart" role="region" aria-label="Bytes over time">
<svg class="waterfall bytes" role="img" aria-label="Bytes sent by ${lines.length} attempts, up to ${formatBytes(mostBytes)}, over ${formatDuration(endMs)}; the list below has it in words" viewBox="0 0 ${pictureWidth} ${top + plotHeight + 8}">
${axis(endMs, top + plotHeight, scale)}${[0, 0.5, 1].map((part) => byteTick(part * mostBytes, height(part * mostBytes)))}${lines.map((line) => drawn(line, scale, height))}</svg>
</div>
<ul class="soft">${lines.map((line) => html`<li>${wordsOf(line)}</li>`)}</ul>
${sending.length > lines.length && html`<p class="soft">The first ${lines.length} of ${sending.length} attempts are drawn.</p>`}`;
}

function isUpload({ phase, plannedBytes }: RequestRecord): boolean {
  return phase === 'send' && plannedBytes > 0;
}

function lineOf({ blob, number, requests, failure }: Attempt): Line {
  const points: Point[] = [];
  let before = 0;
  let standstillMs = 0;
  for (const request of requests.filter(isUpload)) {
    const part = pointsOf(request);
    standstillMs = Math.max(standstillMs, longestStandstill(part));
    points.push(...part.map(([atMs, bytes]): Point => [atMs, before + bytes]));
    before += request.sentBytes;
  }
  const every = Math.ceil(points.length / mostPoints);
  return {
    label: `${blob}, attempt ${number}`,
    points: points.filter((_point, index) => index % every === 0 || index === points.length - 1),
    failed: failure !== undefined,
    standstillMs,
  };
}

/** Of a request that nobody watched only begin and end are known. */
function pointsOf({
  progress,
  startMs,
  durationMs,
  sentBytes,
  sendMs,
  waitMs = 0,
  receiveMs = 0,
}: RequestRecord): readonly Point[] {
  const endMs = startMs + durationMs - waitMs - receiveMs;
  return (
    progress ?? [
      [sendMs === undefined ? startMs : endMs - sendMs, 0],
      [endMs, sentBytes],
    ]
  );
}

function longestStandstill(points: readonly Point[]): number {
  return Math.max(
    0,
    ...points.map(([atMs, bytes], index) => {
      const next = points[index + 1];
      return next !== undefined && next[1] === bytes ? next[0] - atMs : 0;
    }),
  );
}

function wordsOf({ label, points, failed, standstillMs }: Line): string {
  const [startMs = 0] = points[0] ?? [];
  const [endMs = 0, bytes = 0] = points.at(-1) ?? [];
  const still = standstillMs >= 1_000 ? `, of which ${formatDuration(standstillMs)} at a stretch without a byte` : '';
  return `${label}: ${formatBytes(bytes)} in ${formatDuration(endMs - startMs)}${still}${failed ? '; failed' : ''}`;
}

function drawn(line: Line, scale: (ms: number) => number, height: (bytes: number) => number): SafeHtml {
  const places = line.points.map(([atMs, bytes]) => `${scale(atMs).toFixed(1)},${height(bytes).toFixed(1)}`);
  const [x, y] = places.at(-1)?.split(',') ?? [];
  return html`<g><title>${wordsOf(line)}</title><polyline points="${places.join(' ')}"/>${line.failed && html`<circle class="error" cx="${x}" cy="${y}" r="3.5"/>`}</g>
`;
}

function byteTick(bytes: number, y: number): SafeHtml {
  return html`<line class="axis" x1="${chartLeft}" x2="${chartLeft + chartWidth}" y1="${y.toFixed(1)}" y2="${y.toFixed(1)}"/><text class="label tick" x="2" y="${(y + 4).toFixed(1)}">${formatBytes(bytes)}</text>
`;
}
