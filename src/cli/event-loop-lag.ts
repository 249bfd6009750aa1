import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;

/** How late this process's own timers are: timings of a run cannot be truer than this. */
export interface EventLoopLag {
  /** Longest delay within the last half to one minute, in seconds. */
  longestSeconds(): number;
  /** Starts a measurement of its own, for example of one run. The returned function ends it: longest delay since, in milliseconds. */
  start(): () => number;
  stop(): void;
}

/** Starts measuring. Keeps no process alive. */
export function measureEventLoopLag(windowMs = 30_000): EventLoopLag {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  let windowBeforeMs = 0;
  delays.enable();
  const window = setInterval(() => {
    windowBeforeMs = lateMs(delays.max);
    delays.reset();
  }, windowMs).unref();
  return {
    longestSeconds: () => Math.max(windowBeforeMs, lateMs(delays.max)) / 1_000,
    start() {
      const own = monitorEventLoopDelay({ resolution: resolutionMs });
      own.enable();
      return () => {
        own.disable();
        return lateMs(own.max);
      };
    },
    stop() {
      clearInterval(window);
      delays.disable();
    },
  };
}

/** Node records the time between two ticks of its timer, of which the resolution itself is no delay. */
function lateMs(maxNanoseconds: number): number {
  return Math.max(0, maxNanoseconds / 1e6 - resolutionMs);
}
