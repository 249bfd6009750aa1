import { formatBytes } from '../probe/byte-words.ts';
import { formatDuration } from '../network/duration-words.ts';
import { formatRate } from '../publish/format.ts';
import type { Progress } from '../probe/outcome.ts';

interface ProgressOptions {
  readonly write: (text: string) => void;
  readonly isTerminal: boolean;
  readonly columns?: number | undefined;
  readonly nowMs?: () => number;
}

/** Often enough to look alive, seldom enough to cost nothing. */
const redrawMs = 100;
const clearLine = '\r\u001B[K';

/** Shows what a command does: a bar that moves on a terminal, plain lines elsewhere. */
export class ProgressView {
  readonly #options: ProgressOptions;
  readonly #nowMs: () => number;
  #label = '';
  #pace = new Pace();
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** What begins now; a line of its own where there is no bar. */
  begin(label: string): void {
    this.end();
    this.#label = label;
    this.#pace = new Pace();
    if (!this.#options.isTerminal) this.#options.write(`${label}\n`);
  }

  update(progress: Progress): void {
    const { write, isTerminal, columns = 80 } = this.#options;
    const now = this.#nowMs();
    const state = this.#pace.after(progress, now);
    if (isTerminal && now - this.#drawnMs >= redrawMs) {
      this.#drawnMs = now;
      write(`${clearLine}${progressLine(this.#label, progress, state, columns - 1)}`);
    }
  }

  /** A line that stays. */
  line(text: string): void {
    this.end();
    this.#options.write(`${text}\n`);
  }

  /** Takes the bar away. */
  end(): void {
    if (this.#drawnMs > Number.NEGATIVE_INFINITY) this.#options.write(clearLine);
    this.#drawnMs = Number.NEGATIVE_INFINITY;
  }
}

/** Where all blobs of a run stand together. */
interface PaceState {
  readonly sentBytes: number;
  readonly totalBytes: number;
  /** undefined: too early to say. */
  readonly bytesPerSecond: number | undefined;
}

/** Adds up the blobs of a run, and measures from the first byte of the attempt: an attempt begins anew. */
class Pace {
  readonly #blobs = new Map<string, Progress>();
  #attempt = 0;
  #startMs: number | undefined;
  #startBytes = 0;

  after(progress: Progress, nowMs: number): PaceState {
    this.#blobs.set(progress.blob, progress);
    const sum = (read: (one: Progress) => number): number =>
      [...this.#blobs.values()].reduce((all, one) => all + read(one), 0);
    const sentBytes = sum((one) => one.sentBytes);
    const isFirst = this.#startMs === undefined && sentBytes > 0;
    if (progress.attempt !== this.#attempt || sentBytes < this.#startBytes || isFirst) {
      this.#attempt = progress.attempt;
      this.#startBytes = sentBytes;
      this.#startMs = sentBytes > 0 ? nowMs : undefined;
    }
    const elapsedMs = this.#startMs === undefined ? 0 : nowMs - this.#startMs;
    return {
      sentBytes,
      totalBytes: sum((one) => one.totalBytes),
      bytesPerSecond: elapsedMs < 500 ? undefined : (1_000 * (sentBytes - this.#startBytes)) / elapsedMs,
    };
  }
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
