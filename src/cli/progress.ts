import { formatBytes } from '../probe/byte-words.ts';
import { formatDuration } from '../network/duration-words.ts';
import { formatRate } from '../publish/format.ts';
import type { Progress } from '../probe/outcome.ts';

/** Shows what a command does: a bar that moves on a terminal, plain lines elsewhere. */
export interface ProgressView {
  /** What begins now; a line of its own where there is no bar. */
  begin(label: string): void;
  update(progress: Progress): void;
  /** A line that stays. */
  line(text: string): void;
  /** Takes the bar away. */
  end(): void;
}

interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns?: number | undefined;
  readonly nowMs?: () => number;
}

/** Often enough to look alive, seldom enough to cost nothing. */
const redrawMs = 100;
const clearLine = '\r\u001B[K';

export function createProgress(options: ProgressOptions): ProgressView {
  const { write, isTerminal, columns = 80, nowMs = () => performance.now() } = options;
  let label = '';
  let pace = createPace();
  let drawnMs = Number.NEGATIVE_INFINITY;
  const clear = (): void => {
    if (isTerminal && drawnMs > Number.NEGATIVE_INFINITY) {
      write(clearLine);
      drawnMs = Number.NEGATIVE_INFINITY;
    }
  };
  return {
    begin(next) {
      clear();
      label = next;
      pace = createPace();
      if (!isTerminal) write(`${next}\n`);
    },
    update(progress) {
      const now = nowMs();
      const state = pace(progress, now);
      if (isTerminal && now - drawnMs >= redrawMs) {
        drawnMs = now;
        write(`${clearLine}${progressLine(label, progress, state, columns - 1)}`);
      }
    },
    line(text) {
      clear();
      write(`${text}\n`);
    },
    end: clear,
  };
}

/** Where all blobs of a run stand together. */
interface PaceState {
  readonly sentBytes: number;
  readonly totalBytes: number;
  /** undefined: too early to say. */
  readonly bytesPerSecond: number | undefined;
}

/** Adds up the blobs of a run, and measures from the first byte of the attempt: an attempt begins anew. */
function createPace(): (progress: Progress, nowMs: number) => PaceState {
  const blobs = new Map<string, Progress>();
  let attempt = 0;
  let startMs: number | undefined;
  let startBytes = 0;
  return (progress, nowMs) => {
    blobs.set(progress.blob, progress);
    const sum = (read: (one: Progress) => number): number =>
      [...blobs.values()].reduce((all, one) => all + read(one), 0);
    const sentBytes = sum((one) => one.sentBytes);
    if (progress.attempt !== attempt || sentBytes < startBytes || (startMs === undefined && sentBytes > 0)) {
      attempt = progress.attempt;
      startBytes = sentBytes;
      startMs = sentBytes > 0 ? nowMs : undefined;
    }
    const elapsedMs = startMs === undefined ? 0 : nowMs - startMs;
    return {
      sentBytes,
      totalBytes: sum((one) => one.totalBytes),
      bytesPerSecond: elapsedMs < 500 ? undefined : (1_000 * (sentBytes - startBytes)) / elapsedMs,
    };
  };
}

const barCells = 20;
const leastBarCells = 5;

/**
 * `size 100 MB  [######------]  52.4 MiB / 95.4 MiB  12.1 MiB/s  ETA 3.6 s  attempt 1/5  send`, within `width`: first the bar gets
 * shorter, then the label, because the numbers are what one waits for.
 */
function progressLine(
  label: string,
  { phase, attempt, maxAttempts, waitingMs }: Progress,
  { sentBytes, totalBytes, bytesPerSecond }: PaceState,
  width: number,
): string {
  const share = totalBytes === 0 ? 0 : Math.min(1, sentBytes / totalBytes);
  const moving = bytesPerSecond !== undefined && bytesPerSecond > 0 && sentBytes < totalBytes;
  const numbers = [
    `${formatBytes(sentBytes)} / ${formatBytes(totalBytes)}`,
    ...(bytesPerSecond === undefined ? [] : [formatRate(bytesPerSecond)]),
    ...(moving ? [`ETA ${formatDuration((1_000 * (totalBytes - sentBytes)) / bytesPerSecond)}`] : []),
    ...(maxAttempts > 1 ? [`attempt ${attempt}/${maxAttempts}`] : []),
    waitingMs === undefined ? phase : `waiting ${formatDuration(waitingMs)}`,
  ].join('  ');
  // Two gaps of two, and two brackets.
  const left = width - numbers.length - 6;
  const cells = Math.max(leastBarCells, Math.min(barCells, left - label.length));
  const room = Math.max(0, left - cells);
  const shown = label.length <= room ? label : `${label.slice(0, Math.max(0, room - 1))}…`;
  const filled = Math.round(share * cells);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(cells - filled)}]`;
  return [shown, bar, numbers].join('  ').slice(0, width);
}
