import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Watches how late the event loop of this process is. */
interface EventLoopLag {
  /** Longest delay, in seconds, of the window under way and the one before. Reading changes nothing. */
  maxSeconds(): number;
  stop(): void;
}

const resolutionMs = 10;

/**
 * Starts watching. Two windows in turn instead of a reset at each scrape, so that two scrapers, or none, see the same.
 * `windowMs` defaults to 30 s: the answer covers the last 30 to 60 s, as long as any usual scrape interval.
 */
export function watchEventLoopLag(windowMs = 30_000): EventLoopLag {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  let previousMs = 0;
  delays.enable();
  const timer = setInterval(() => {
    previousMs = currentMs();
    delays.reset();
  }, windowMs).unref();

  /** The monitor counts from one tick of its timer to the next, its own resolution included. */
  function currentMs(): number {
    return Math.max(0, delays.max / 1e6 - resolutionMs);
  }

  return {
    maxSeconds: () => Math.max(previousMs, currentMs()) / 1000,
    stop() {
      clearInterval(timer);
      delays.disable();
    },
  };
}
