import { setImmediate as nextTurn } from 'node:timers/promises';

/** Longest stretch of work without giving the event loop a turn, in milliseconds: pushes under way are timed meanwhile. */
const sliceMs = 2;

/** Work in slices: call it between two steps; it waits for a turn of the event loop when the slice is used up. */
export type Slices = () => Promise<void> | undefined;

/** Begins a slice. */
export function timeSlices(): Slices {
  let startMs = performance.now();
  return () => {
    if (performance.now() - startMs < sliceMs) return undefined;
    return nextTurn().then(() => {
      startMs = performance.now();
    });
  };
}
