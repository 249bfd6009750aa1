import { performance } from 'node:perf_hooks';

/** Longest delay setTimeout takes; a longer one would fire after 1 ms (Node's TIMEOUT_MAX). */
const longestTimeoutMs = 2 ** 31 - 1;

/** Time as the schedule sees it: monotonic, in milliseconds, of no relation to the calendar. */
export interface Clock {
  nowMs(): number;
  /** Calls `fire` once, after `delayMs` or a little later. Returns what cancels it; cancelling twice does no harm. */
  setTimer(delayMs: number, fire: () => void): () => void;
}

/** The process's monotonic clock. Any delay is allowed, also those beyond the 24.8 days of setTimeout. */
export function systemClock(): Clock {
  return { nowMs: () => performance.now(), setTimer };
}

function setTimer(delayMs: number, fire: () => void): () => void {
  let remainingMs = Math.max(0, delayMs);
  let timer: NodeJS.Timeout;
  function arm(): void {
    const partMs = Math.min(remainingMs, longestTimeoutMs);
    remainingMs -= partMs;
    timer = setTimeout(() => (remainingMs > 0 ? arm() : fire()), Math.ceil(partMs));
  }
  arm();
  return () => clearTimeout(timer);
}
