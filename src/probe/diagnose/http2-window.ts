import { formatBytes } from '../byte-words.ts';
import { formatDuration } from '../../network/duration-words.ts';
import { besides, timesToProve } from './flips.ts';
import { leastBytes, leastSendingMs, slowFactor, type Slowness, windowOf } from './slow-sending.ts';
import { type Examination, type Examined, requestsOver, type Trial } from './trial.ts';

/** Pushes that got through: the same client with the same size, over HTTP/2 and as if it spoke HTTP/1.1 only. */
interface BothVersions {
  readonly newer: readonly Trial[];
  readonly older: readonly Trial[];
}

/** It got through over HTTP/2, as its client sends it. */
export function passedOverHttp2({ kind, run }: Trial): boolean {
  return !besides.has(kind) && run.ok && run.pathFacts.httpVersion === '2';
}

function bothVersionsOf(trials: readonly Trial[]): BothVersions {
  const [first] = trials.filter(({ kind, run }) => kind === 'version' && run.ok);
  const isAlike = ({ shape, sizeBytes, run }: Trial): boolean =>
    shape === first?.shape && sizeBytes === first.sizeBytes && run.check.client.name === first.run.check.client.name;
  const alike = trials.filter((trial) => isAlike(trial) && tellsSpeed(trial));
  return {
    newer: alike.filter(passedOverHttp2),
    older: alike.filter(({ kind }) => kind === 'version'),
  };
}

function tellsSpeed({ run: { ok, tainted, pushBytesPerSecond }, sizeBytes }: Trial): boolean {
  return ok && !tainted && pushBytesPerSecond !== undefined && sizeBytes >= leastBytes;
}

function speedsOf(trials: readonly Trial[]): number[] {
  return trials.flatMap(({ run }) => run.pushBytesPerSecond ?? []);
}

/** Each push over HTTP/2 took long, and many times as long as each over HTTP/1.1. Pure. */
export function isSlowOverHttp2(trials: readonly Trial[]): boolean {
  const { newer, older } = bothVersionsOf(trials);
  const isLong = newer.every(
    ({ run, sizeBytes }) => sizeBytes / (run.pushBytesPerSecond ?? 1) >= leastSendingMs / 1_000,
  );
  if (newer.length === 0 || older.length === 0 || !isLong) return false;
  return Math.max(...speedsOf(newer)) * slowFactor <= Math.min(...speedsOf(older));
}

/** The same client over the same path, by turns with HTTP/2 and without; once it may have been a moment. Pure. */
export function slowHttp2({ subject }: Examination): Slowness | undefined {
  const { newer, older } = bothVersionsOf(subject.trials);
  const [first] = older;
  if (first === undefined || Math.min(newer.length, older.length) < timesToProve) return undefined;
  if (!isSlowOverHttp2(subject.trials)) return undefined;
  const best = Math.max(...speedsOf(newer));
  const { why, isProven } = carriedWords(best, windowOf(requestsOver(newer)), roundTripMs(subject));
  const evidence = `${first.run.check.client.name}, ${formatBytes(first.sizeBytes)}: ${formatBytes(best)}/s over HTTP/2${why}; ${formatBytes(Math.min(...speedsOf(older)))}/s over HTTP/1.1 on the same path`;
  // That HTTP/2 is slow is proven either way; that its window is why, only by its size.
  return { cause: 'http2_window', confidence: isProven ? 'certain' : 'likely', evidence };
}

/**
 * `, because each round trip of 40 ms carries one window of 64 KiB`, where window and round trip make this throughput; else what each
 * round trip carries.
 */
function carriedWords(
  bytesPerSecond: number,
  windowBytes: number | undefined,
  tripMs: number | undefined,
): { readonly why: string; readonly isProven: boolean } {
  if (tripMs === undefined) return { why: '', isProven: false };
  const carried = bytesPerSecond * (tripMs / 1_000);
  const trip = `each round trip of ${formatDuration(tripMs)}`;
  const isOne = windowBytes !== undefined && carried >= 0.5 * windowBytes && carried <= 1.3 * windowBytes;
  return isOne
    ? { why: `, because ${trip} carries one window of ${Math.round(windowBytes / 1_024)} KiB`, isProven: true }
    : { why: `, ${formatBytes(carried)} in ${trip}`, isProven: false };
}

/** Something nearer took the connection: what it took to answer says more of the way. */
const nearFactor = 4;
const nearMs = 20;

/** The shortest TCP connection: one round trip. Where answers always take much longer, the shortest of those. */
function roundTripMs({ trials }: Examined): number | undefined {
  const requests = requestsOver(trials);
  const connects = requests.flatMap(({ connectMs }) => connectMs ?? []);
  const answers = requests.flatMap(({ waitMs, plannedBytes }) => (plannedBytes > 0 ? [] : (waitMs ?? [])));
  if (connects.length === 0) return undefined;
  const [connected, answered] = [Math.min(...connects), Math.min(...answers)];
  const isNear = Number.isFinite(answered) && answered > nearMs && answered > nearFactor * connected;
  return isNear ? answered : connected;
}
