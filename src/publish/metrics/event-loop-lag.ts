import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;

/**
 * Watches how late the event loop of this process is, for the gauge. Two windows in turn instead of a reset at each scrape, so that two
 * scrapers, or none, see the same.
 */
export class EventLoopLag {
  readonly #delays = monitorEventLoopDelay({ resolution: resolutionMs });
  readonly #timer: NodeJS.Timeout;
  #previousMs = 0;

  /** Starts watching. With windows of 30 s the answer covers the last 30 to 60 s, as long as any usual scrape interval. */
  constructor(windowMs = 30_000) {
    this.#delays.enable();
    this.#timer = setInterval(() => {
      this.#previousMs = this.#currentMs();
      this.#delays.reset();
    }, windowMs).unref();
  }

  /** Longest delay, in seconds, of the window under way and the one before. Reading changes nothing. */
  maxSeconds(): number {
    return Math.max(this.#previousMs, this.#currentMs()) / 1000;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delays.disable();
  }

  /** The monitor counts from one tick of its timer to the next, its own resolution included. */
  #currentMs(): number {
    return Math.max(0, this.#delays.max / 1e6 - resolutionMs);
  }
}
