import { monitorEventLoopDelay } from 'node:perf_hooks';

const resolutionMs = 10;

/** Watches the event loop during one run. The returned function ends it: longest delay since, in milliseconds. */
export function startLagWatch(): () => number {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  return () => {
    delays.disable();
    // Node records the time between two ticks of its timer, of which the resolution itself is no delay.
    return Math.max(0, delays.max / 1e6 - resolutionMs);
  };
}
