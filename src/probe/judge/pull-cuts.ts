import type { Failure } from '../failure.ts';

/** What several pulls that were cut have in common; on a line that is as fast each time it is both, and nothing tells which counts. */
export interface PullCuts {
  readonly count: number;
  /** All ended after about this time. */
  readonly sameMs?: number;
  /** All ended after about these bytes. */
  readonly sameBytes?: number;
}

/** The head of a pull came, and the connection ended before the body did. */
export function isPullCut({ reason, phase, evidence }: Failure): boolean {
  const cut = reason === 'connection_reset' || reason === 'http2_error';
  return phase === 'pull' && cut && evidence.pulledBytes !== undefined && evidence.timer === undefined;
}

/** A link that stalls for less is only slow. */
const silentLeastMs = 1_500;

/** Nothing had come for a while when the pull was cut. */
export function endedInSilence({ evidence }: Failure): boolean {
  return (evidence.silentMs ?? 0) >= silentLeastMs;
}

/** A connection that is cut after less was not cut for what it carried. */
const countedLeastBytes = 64 * 1024;
/** A count of bytes is the same to the byte; no clock is. */
const exactShare = 0.001;
/** What a reset takes with it of what had been sent: fewer bytes come, never more. */
const lostBytes = 256 * 1024;
const sameShare = 0.1;
/** The same time, if it is not that of a round trip. */
const shortestClockMs = 350;
/** A cut is seen late, never early: times that differ so much are the same where the bytes differ twice as much. */
const lateShare = 0.25;

/** What is the same of all cuts among these failures. Pure. */
export function pullCutsOf(failures: readonly (Failure | undefined)[]): PullCuts {
  const cuts = failures.filter((failure) => failure !== undefined && isPullCut(failure) && !endedInSilence(failure));
  const count = cuts.length;
  const bytes = cuts.map((failure) => failure?.evidence.pulledBytes ?? 0).toSorted((a, b) => b - a);
  const times = cuts.map((failure) => failure?.elapsedMs ?? 0).toSorted((a, b) => b - a);
  const [most = 0, second] = bytes;
  if (second === undefined) return { count };
  const least = bytes.at(-1) ?? 0;
  const leastMs = times.at(-1) ?? 0;
  const [late, apart] = [((times[0] ?? 0) - leastMs) / leastMs, (most - least) / least];
  const isClock = leastMs >= shortestClockMs && (late <= sameShare || (late <= lateShare && apart >= 2 * late));
  const clock = isClock ? { sameMs: leastMs } : {};
  const isCount = most >= countedLeastBytes;
  if (isCount && most - second <= exactShare * most && most - least <= lostBytes)
    return { count, sameBytes: most, ...clock };
  if (isClock) return { count, ...clock };
  return isCount && most - least <= Math.min(lostBytes, sameShare * most) ? { count, sameBytes: most } : { count };
}
