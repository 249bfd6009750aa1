import { formatBytes } from '../byte-words.ts';
import type { Failure } from '../failure.ts';
import { requestsOf, type Run } from '../outcome.ts';

/** After so many timeouts in a row no chance is left that the next segment comes through. */
const leastTimeouts = 3;

/** Full segments went out again and again, into an open window, and not one of that size was acknowledged. */
export function segmentsVanish({ evidence: { kernel } }: Failure): boolean {
  // What is not known is neither less nor more.
  const { ackedBytes = Number.NaN, mssBytes = Number.NaN, windowBytes = Number.NaN } = kernel ?? {};
  const { unackedSegments = 0, timeoutsInRow = 0 } = kernel ?? {};
  return ackedBytes < mssBytes && windowBytes >= mssBytes && unackedSegments > 0 && timeoutsInRow >= leastTimeouts;
}

/** The next host has announced a window that holds no segment: it does not read. */
export function windowShut({ evidence: { kernel } }: Failure): boolean {
  const { mssBytes = Number.NaN, windowBytes = Number.NaN } = kernel ?? {};
  return windowBytes < mssBytes;
}

/** A segment of full size, and more, was acknowledged: its size is not what makes one vanish. */
export function fullSegmentCame(run: Run): boolean {
  return requestsOf(run).some(
    ({ kernel }) => kernel?.mssBytes !== undefined && (kernel.ackedBytes ?? 0) >= 2 * kernel.mssBytes,
  );
}

/** What the kernel knows of a body that got stuck, as the end of a sentence; nothing: it does not tell why. */
export function stuckWords(failure: Failure): string {
  const {
    ackedBytes = 0,
    mssBytes = 0,
    windowBytes = 0,
    timeoutsInRow = 0,
    viaProxy = false,
  } = failure.evidence.kernel ?? {};
  const next = viaProxy ? 'the proxy' : 'the next host';
  if (segmentsVanish(failure))
    return `; the kernel sent a segment of ${mssBytes} bytes again ${timeoutsInRow} times, and ${next} acknowledged ${ackedBytes} bytes in all`;
  if (windowShut(failure))
    return `; ${next} acknowledged ${formatBytes(ackedBytes)} and has no room for more (its window is ${windowBytes} bytes)`;
  return '';
}
