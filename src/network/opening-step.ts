import type { Socket } from 'node:net';
import { NetworkError, type NetworkTimer, type OpeningFacts, type TriedAddress } from './exchange.ts';
import { isOver, notBefore } from './not-before.ts';
import { formatDuration } from './duration-words.ts';
import { codeOf } from './errors.ts';

/** What is known of an opening so far, filled in as its steps end. */
export type OpeningTimes = { -readonly [Key in keyof Omit<OpeningFacts, 'tried'>]: OpeningFacts[Key] } & {
  tried?: TriedAddress[];
};

type OpeningStage = 'dns' | 'connect' | 'tls';

export interface StepLimits {
  readonly stage: OpeningStage;
  readonly timeoutMs: number;
  readonly now: () => number;
  /** The caller's: ends the step at once. */
  readonly signal: AbortSignal;
}

/**
 * Runs one step of opening a connection under its timer and the caller's signal, and adds its time to `times`. A socket it tracks
 * dies with it; `ended` aborts when the step is over, however it ended. Throws NetworkError.
 */
export async function openingStep<T>(
  limits: StepLimits,
  times: OpeningTimes,
  work: (track: <S extends Socket>(socket: S) => S, ended: AbortSignal) => Promise<T>,
): Promise<T> {
  const { stage, now, signal } = limits;
  const startedMs = now();
  const ended = new AbortController();
  let tracked: Socket | undefined;
  const { over, release } = overWhen(limits);
  try {
    signal.throwIfAborted();
    return await Promise.race([work((socket) => (tracked = socket), ended.signal), over]);
  } catch (error) {
    tracked?.on('error', () => {}).destroy();
    throw toNetworkError(error, limits, now() - startedMs);
  } finally {
    release();
    ended.abort(isOver);
    times[`${stage}Ms`] = (times[`${stage}Ms`] ?? 0) + now() - startedMs;
  }
}

/** Rejects when the time is over or the caller ends it. */
function overWhen({ stage, timeoutMs, now, signal }: StepLimits): { over: Promise<never>; release: () => void } {
  let release = (): void => {};
  const over = new Promise<never>((_resolve, reject) => {
    const fail = (code: string, fired?: NetworkTimer, cause?: unknown): void =>
      reject(new NetworkError({ stage, code, timer: fired, message: `${stage} ended: ${code}`, cause }));
    const cancel = notBefore(timeoutMs, now, () => fail('ETIMEDOUT', stage));
    const onAbort = (): void => fail('ABORTED', undefined, signal.reason);
    signal.addEventListener('abort', onAbort);
    release = () => {
      cancel();
      signal.removeEventListener('abort', onAbort);
    };
  });
  return { over, release };
}

/** Says how long it really took. What a proxy, the resolver or our own files had to say stays as it is. */
function toNetworkError(error: unknown, { stage, signal }: StepLimits, tookMs: number): NetworkError {
  const known = error instanceof NetworkError ? error : undefined;
  if (known !== undefined && (known.stage !== stage || known.stage === 'dns')) return known;
  const code = known?.code ?? (signal.aborted ? 'ABORTED' : codeOf(error));
  const message = `${stage} failed after ${formatDuration(tookMs)}: ${code}`;
  return new NetworkError({
    stage,
    code,
    message,
    timer: known?.timer,
    cause: known === undefined ? error : known.cause,
  });
}
