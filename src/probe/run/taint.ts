import type { CpuThrottling } from '../outcome.ts';

/** What this process itself did to the timings of a run. */
interface OwnDelays {
  readonly eventLoopLagMs: number;
  readonly throttledMs: number | undefined;
  readonly durationMs: number;
}

/** Part of a run's duration: with more than that its throughput is no longer true to 2 %. */
const throttledShare = 0.02;

/**
 * Whether timings and throughput are not to be trusted: the event loop was once later than `limitMs`, or a CPU limit stopped the
 * process for longer than `limitMs` and longer than 2 % of the run. A delay of the loop falsifies one timing by about as much;
 * throttling comes in slices of up to 100 ms that the loop shows too, and what it adds is their sum over all processors.
 */
export function isTainted({ eventLoopLagMs, throttledMs = 0, durationMs }: OwnDelays, limitMs: number): boolean {
  return eventLoopLagMs > limitMs || throttledMs > Math.max(limitMs, throttledShare * durationMs);
}

/** What to tell a reader of a tainted run: `the event loop was late by 400 ms, the CPU limit stopped it for 1.2 s, all processors together`. */
export function taintCauses(
  run: { readonly eventLoopLagMs: number; readonly cpuThrottling?: CpuThrottling },
  format: (ms: number) => string,
): string {
  const throttled = run.cpuThrottling?.ms ?? 0;
  const parts = [`the event loop was late by ${format(run.eventLoopLagMs)}`];
  return [
    ...parts,
    ...(throttled > 0 ? [`the CPU limit stopped it for ${format(throttled)}, all processors together`] : []),
  ].join(', ');
}
