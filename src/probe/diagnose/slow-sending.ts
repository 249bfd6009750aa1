import { formatBytes } from '../byte-words.ts';
import { type KernelPoint, type LimitedMs, type Limiter, limiters } from '../../network/kernel/kernel-facts.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { type RequestRecord, requestsOf, type Run, type SendingFacts } from '../outcome.ts';
import { limitedShares, retransmittedShare } from '../run/sending-facts.ts';
import type { SlowCauseName } from './causes-slow.ts';
import type { Confidence } from './finding.ts';
import type { Examination, Examined, Trial } from './trial.ts';

/** What a slowness was seen by. */
export interface Slowness {
  readonly cause: SlowCauseName;
  readonly confidence: Confidence;
  readonly evidence: string;
}

/** Somebody always is the limit. It is worth a word below 10 Mbit/s, or where another path is so many times as fast. */
const slowBytesPerSecond = 1_250_000;
export const slowFactor = 4;
/** Smaller bodies, and shorter ones, measure the round trip and the begin of a connection. */
export const leastBytes = 256 * 1024;
export const leastSendingMs = 500;
/** Who holds a body up for this part of the time is the limit. */
const mostOfIt = 0.6;
/** More than this of all that is sent again is no usual line. */
const lossyShare = 0.01;
/** A queue that is full makes the round trip so many times, and so much, longer. */
const queueFactor = 3;
const queueMs = 20;
/** A line that is full gives the same in each half of the time; a connection that still gathers speed does not. */
const sameRate = [0.5, 2] as const;

/** What holds the pushes over this path up, where they are slow: as the kernel of this host knows it. Pure. */
export function slowSending({ subject, direct }: Examination): Slowness[] {
  const there = speedOver(direct);
  const slow = slowPushes(subject, there);
  const named = slow.flatMap((held) => {
    const cause = causeOf(held);
    return cause === undefined ? [] : [{ ...held, cause }];
  });
  const [first] = named.toSorted((a, b) => b.trial.sizeBytes - a.trial.sizeBytes);
  // Pushes that contradict each other show nothing.
  if (first === undefined || named.some(({ cause }) => cause !== first.cause)) return [];
  // What is slow only beside another path was slow for a moment, unless it is so again.
  if (named.length < 2 && speedOf(first.trial) >= slowBytesPerSecond) return [];
  // Whether segments are lost is chance; who reads slowly does so each time, unless he was busy for a moment.
  const isOnce = subject.trials.some((trial) => isFast(trial, first.trial, there));
  if (first.cause === 'receiver_slow' && isOnce) return [];
  const contrasted = named.length >= 2 && there >= slowFactor * Math.max(...slow.map(({ trial }) => speedOf(trial)));
  const compared = there === 0 ? '' : `; ${formatBytes(there)}/s over ${direct?.path.name ?? ''}`;
  const evidence = `${wordsOf(first)}${compared}`;
  return [{ cause: first.cause, confidence: contrasted ? 'certain' : 'likely', evidence }];
}

/** Who held each slow push up, one sentence each: facts, whether they make a cause or not. Pure. */
export function sendingWordsOf({ subject, direct }: Examination): string[] {
  return slowPushes(subject, speedOver(direct)).map((push) => `${subject.path.name}: ${wordsOf(push)}`);
}

/** A slow push, and what the kernel knows of it. */
interface SlowPush {
  readonly trial: Trial;
  readonly sending: SendingFacts;
  /** Parts of the time of sending, 1 together. */
  readonly shares: LimitedMs;
}

const nothingKnown: SendingFacts = { viaProxy: false };

function slowPushes({ trials }: Examined, there: number): SlowPush[] {
  return trials.flatMap((trial) => {
    const { sending = nothingKnown } = trial.run;
    const shares = limitedShares(sending);
    const isOne = shares !== undefined && isMeasured(trial, sending) && isSlow(speedOf(trial), there);
    return isOne ? [{ trial, sending, shares }] : [];
  });
}

/** The best over another path; 0: there is none. */
function speedOver(other: Examined | undefined): number {
  const speeds = (other?.trials ?? []).map(({ run }) => (run.ok ? (run.pushBytesPerSecond ?? 0) : 0));
  return Math.max(0, ...speeds);
}

function isMeasured({ kind, run, sizeBytes }: Trial, { limited }: SendingFacts): boolean {
  if (limited === undefined || !run.ok || kind === 'pausing' || sizeBytes < leastBytes) return false;
  return limited.receiver + limited.network + limited.prober >= leastSendingMs;
}

/** As large a body of the same shape went over this path quickly. */
function isFast({ kind, shape, run, sizeBytes }: Trial, slow: Trial, there: number): boolean {
  const { ok, pushBytesPerSecond } = run;
  const isAlike = ok && shape === slow.shape && kind !== 'pausing' && kind !== 'version' && sizeBytes >= slow.sizeBytes;
  return isAlike && pushBytesPerSecond !== undefined && !isSlow(pushBytesPerSecond, there);
}

function speedOf({ run }: Trial): number {
  return run.pushBytesPerSecond ?? Number.POSITIVE_INFINITY;
}

function isSlow(speed: number, there: number): boolean {
  return speed < slowBytesPerSecond || speed * slowFactor < there;
}

function causeOf({ trial: { run }, sending, shares }: SlowPush): SlowCauseName | undefined {
  const holds = (limiter: Limiter): boolean => shares[limiter] >= mostOfIt;
  // A window that is full makes its own retransmissions, so it is asked first; those of HTTP/2 have a cause of their own.
  if (holds('receiver')) return windowOf(requestsOf(run)) === undefined ? 'receiver_slow' : undefined;
  // A process that was busy, or throttled, does not keep others' bodies waiting.
  if (holds('prober')) return run.tainted ? undefined : 'prober_slow';
  if (!holds('network')) return undefined;
  const isLossy = (retransmittedShare(sending) ?? 0) >= lossyShare;
  // A full queue drops what is above it: loss of a thin line's own.
  if (isLossy) return isQueued(sending, queueFactor) ? 'line_thin' : 'line_lossy';
  // What a full line cannot carry waits before it; without a queue the bytes came as slowly as they did for another reason.
  return isQueued(sending, 1) && isSteady(run) ? 'line_thin' : undefined;
}

/** The round trip at the end has a queue in it. */
function isQueued({ minRttMs = Number.POSITIVE_INFINITY, rttMs = 0 }: SendingFacts, factor: number): boolean {
  return rttMs >= factor * minRttMs && rttMs >= minRttMs + queueMs;
}

/** HTTP/2: the window with which the hop lets a stream begin, as it said. */
export function windowOf(requests: readonly RequestRecord[]): number | undefined {
  return requests.map(({ kernel }) => kernel?.streamWindowBytes).find((bytes) => bytes !== undefined);
}

/** Of the longest body: each has sums of its own. */
function isSteady(run: Run): boolean {
  const [points = []] = requestsOf(run)
    .toSorted((a, b) => b.durationMs - a.durationMs)
    .flatMap(({ kernel }) => (kernel === undefined ? [] : [kernel.points]));
  const [first] = points;
  if (first === undefined) return false;
  const last = points.at(-1) ?? first;
  const middleMs = (first.atMs + last.atMs) / 2;
  const middle = points.find(({ atMs }) => atMs >= middleMs) ?? last;
  // Two points make one half: the other has no rate (NaN), and is not steady.
  const [before, after] = [rateOf(first, middle), rateOf(middle, last)];
  return after >= sameRate[0] * before && after <= sameRate[1] * before;
}

/** Bytes per millisecond; NaN: not known. */
function rateOf(from: KernelPoint, to: KernelPoint): number {
  return ((to.ackedBytes ?? Number.NaN) - (from.ackedBytes ?? Number.NaN)) / (to.atMs - from.atMs);
}

/** `docker, 4 MiB: 879 KiB/s; for 93 % of the time of sending …, 2.1 % sent once more, round trip 4 ms to 80 ms`. */
function wordsOf({ trial, sending, shares }: SlowPush): string {
  const { run, sizeBytes } = trial;
  const { minRttMs, rttMs, viaProxy } = sending;
  const next = viaProxy ? 'the proxy' : 'the next host';
  const held: Readonly<Record<Limiter, string>> = {
    receiver: `${next} had no room for more`,
    network: 'the line held it up',
    prober: 'this host had nothing to send',
  };
  const most = limiters.reduce((one, other) => (shares[other] > shares[one] ? other : one));
  const again = retransmittedShare(sending) ?? 0;
  const trips =
    minRttMs === undefined || rttMs === undefined
      ? ''
      : `, round trip ${formatDuration(minRttMs)} at least, ${formatDuration(rttMs)} at the end`;
  const share = Math.round(100 * shares[most]);
  return `${run.check.client.name}, ${formatBytes(sizeBytes)}: ${formatBytes(speedOf(trial))}/s; for ${share} % of the time of sending ${held[most]}, ${(100 * again).toFixed(1)} % of the bytes went out once more${trips}`;
}
