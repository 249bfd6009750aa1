import type { Failure, FailureReason } from '../failure.ts';
import { maintenanceWords, overloadWords, saidByRegistry, unreachableWords, wordsOf } from './words.ts';

/** What several pulls that were cut have in common; on a line that is as fast each time it is both, and nothing tells which counts. */
export interface PullCuts {
  readonly count: number;
  /** All ended after about this time. */
  readonly sameMs?: number;
  /** All ended after about these bytes. */
  readonly sameBytes?: number;
  /** The bytes are further apart than a limit on bytes can make them. */
  readonly otherBytes?: boolean;
}

/** The head of a pull came, and the connection ended before the body did. */
export function isPullCut({ reason, phase, evidence }: Failure): boolean {
  const cut = reason === 'connection_reset' || reason === 'http2_error';
  return phase === 'pull' && cut && evidence.pulledBytes !== undefined && evidence.timer === undefined;
}

/** Statuses that say of what is pulled who asks, or what is not there. */
const besidesSize: ReadonlySet<number> = new Set([401, 404, 407]);
/** Reasons that are about how often it was asked, how long it took, or which part was asked for. */
const otherReasons: ReadonlySet<FailureReason> = new Set([
  'rate_limited',
  'request_timeout',
  'response_timeout',
  'resume_refused',
]);
const otherWords: readonly RegExp[] = [overloadWords, maintenanceWords, unreachableWords];

/** The answer names another trouble than the size of what would have come, or says that it passes. */
function namesOther(failure: Failure): boolean {
  const words = wordsOf(failure);
  return failure.evidence.headers?.['retry-after'] !== undefined || otherWords.some((one) => one.test(words));
}

/** An answer of a hop that refuses the pull, and may do so for the size of what would have come: hops have no words for that. */
export function isPullRefused(failure: Failure): boolean {
  const { phase, reason, status = 0 } = failure;
  const isRefusal = phase === 'pull' && status >= 400 && !besidesSize.has(status) && !otherReasons.has(reason);
  return isRefusal && !saidByRegistry(failure) && !namesOther(failure);
}

/** A link that stalls for less is only slow. */
const silentLeastMs = 1_500;

/** Nothing had come for a while when the pull was cut. */
export function endedInSilence({ evidence }: Failure): boolean {
  return (evidence.silentMs ?? 0) >= silentLeastMs;
}

/** A connection that is cut after less was not cut for what it carried. */
const countedLeastBytes = 64 * 1024;
/** A count of bytes is the same to the byte, unless a reset takes some. */
const exactShare = 0.001;
/** What resets mostly take of what had been sent: fewer bytes come, never more. */
const lostBytes = 256 * 1024;
/** The most that one can take: what the sender's kernel holds, as Linux comes (`tcp_wmem`). */
const mostLostBytes = 4 * 1024 * 1024;

/** The connection was closed in order, after all that had been sent on it. */
function isClosedInOrder({ evidence }: Failure): boolean {
  return evidence.code === 'UND_ERR_SOCKET';
}

/** Times that differ by no more are the same, and so are bytes of which a reset took some. */
export const sameShare = 0.1;
/** Shorter than this, the same time is that of a round trip or of a timer that is not about bodies. */
export const shortestClockMs = 350;
/** A cut is seen late, never early: times that differ so much are the same where the bytes differ twice as much. */
const lateShare = 0.25;

/** What is the same of all cuts among these failures. On a steady line times agree whatever ended them, so bytes that agree leave both open. Pure. */
export function pullCutsOf(failures: readonly (Failure | undefined)[]): PullCuts {
  const cuts = failures
    .filter((failure) => failure !== undefined)
    .filter((failure) => isPullCut(failure) && !endedInSilence(failure));
  const count = cuts.length;
  const bytes = cuts.map(({ evidence }) => evidence.pulledBytes ?? 0).toSorted((a, b) => b - a);
  const times = cuts.map(({ elapsedMs }) => elapsedMs);
  const [most = 0, second] = bytes;
  if (second === undefined) return { count };
  const apartBytes = most - Math.min(...bytes);
  const sameMs = Math.min(...times);
  const [late, apart] = [(Math.max(...times) - sameMs) / sameMs, apartBytes / (most - apartBytes)];
  const mayBeClock = sameMs >= shortestClockMs && late <= lateShare;
  const isClock = mayBeClock && (late <= sameShare || apart >= 2 * late);
  const isAlike = apartBytes <= sameShare * most;
  const isCount = apartBytes <= lostBytes && (isAlike || most - second <= exactShare * most);
  if (most >= countedLeastBytes && (isCount || (isClock && isAlike && apartBytes <= mostLostBytes)))
    return { count, sameBytes: most, ...(mayBeClock && { sameMs }) };
  if (!isClock) return { count };
  const isApart = apartBytes > mostLostBytes || (!isAlike && cuts.every(isClosedInOrder));
  return { count, sameMs, ...(isApart && { otherBytes: true }) };
}
