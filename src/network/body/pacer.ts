import { setTimeout as sleep } from 'node:timers/promises';
import type { Pacer } from './pump.ts';

/** Time as a pacer sees it: monotonic milliseconds, and a sleep that rejects when the signal aborts. */
export interface PacerClock {
  nowMs(): number;
  sleep(delayMs: number, signal: AbortSignal): Promise<void>;
}

export const systemPacerClock: PacerClock = {
  nowMs: () => performance.now(),
  sleep: (delayMs, signal) => sleep(delayMs, undefined, { signal }),
};

/** One rate for all bodies together. */
interface BandwidthPacer extends Pacer {
  /** Changes the rate, in bytes per second; undefined: no limit. */
  limitTo(bytesPerSecond: number | undefined): void;
}

/**
 * What a sender that comes late may make up for: it was held up by a timer or the event loop, which are no finer. More would go
 * out as a burst, and after a pause nothing is owed.
 */
const makeUpMs = 10;
/** Later than this a sender was idle, and makes up for nothing. */
const idleMs = 50;

/** Timers are no finer than this; the error does not add up, because slots follow from the rate and not from the clock. */
const timerMs = 1;

/**
 * A token bucket that holds one chunk: in any span of time no more goes through than the rate allows in it, 10 ms of the rate
 * (`makeUpMs`) and the chunk at hand, for all bodies together. Slots follow from the rate, so that timers that are late by less
 * than that cost nothing of it. What is pulled takes its turn in the same line.
 */
export function createBandwidthPacer(clock: PacerClock = systemPacerClock): BandwidthPacer {
  let bytesPerMs: number | undefined;
  let nextSlotMs = Number.NEGATIVE_INFINITY;
  const queue = createTurns();

  async function pass(bytes: number, signal: AbortSignal): Promise<void> {
    const wasIdle = clock.nowMs() - nextSlotMs > idleMs;
    await sleepUntil(nextSlotMs, clock, signal);
    const passedMs = clock.nowMs();
    const slotMs = wasIdle ? passedMs : Math.max(nextSlotMs, passedMs - makeUpMs);
    nextSlotMs = slotMs + (bytesPerMs === undefined ? 0 : bytes / bytesPerMs);
  }

  return {
    limitTo(bytesPerSecond) {
      bytesPerMs = bytesPerSecond === undefined ? undefined : bytesPerSecond / 1_000;
      nextSlotMs = Number.NEGATIVE_INFINITY;
    },
    take: (bytes, signal) => (bytesPerMs === undefined ? Promise.resolve() : queue(() => pass(bytes, signal), signal)),
  };
}

/** One after the other, in the order of the calls. Who aborts while waiting is told so in turn, and takes no time of the others. */
function createTurns(): (work: () => Promise<void>, signal: AbortSignal) => Promise<void> {
  let last = Promise.resolve();
  return (work, signal) => {
    const mine = last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    last = mine.catch(() => {});
    return mine;
  };
}

/** Lets a body through that asks every one of these pacers. */
export function inSequence(...pacers: readonly Pacer[]): Pacer {
  return {
    async take(bytes, signal) {
      for (const pacer of pacers) await pacer.take(bytes, signal);
    },
  };
}

/** Spreads a body of `sizeBytes` evenly over `durationMs`: the last chunk goes when that time is over. For one run. */
export function createStretchingPacer(
  { sizeBytes, durationMs }: { readonly sizeBytes: number; readonly durationMs: number },
  clock: PacerClock = systemPacerClock,
): Pacer {
  let startedMs = 0;
  let passedBytes = sizeBytes;
  return {
    async take(bytes, signal) {
      if (passedBytes >= sizeBytes) {
        // The first chunk, or the first of a body that is sent again.
        startedMs = clock.nowMs();
        passedBytes = 0;
      }
      passedBytes += bytes;
      await sleepUntil(startedMs + durationMs * Math.min(1, passedBytes / sizeBytes), clock, signal);
    },
  };
}

/** Spreads the first `sizeBytes` of what is pulled evenly over `durationMs`; what comes after is read at once. For one run. */
export function createReadingPacer(
  { sizeBytes, durationMs }: { readonly sizeBytes: number; readonly durationMs: number },
  clock: PacerClock = systemPacerClock,
): Pacer {
  let startedMs: number | undefined;
  let passedBytes = 0;
  return {
    async take(bytes, signal) {
      startedMs ??= clock.nowMs();
      passedBytes += bytes;
      await sleepUntil(startedMs + durationMs * Math.min(1, passedBytes / sizeBytes), clock, signal);
    },
  };
}

/**
 * Holds each run's first body after its first chunk for `pauseMs`: a proxy that refuses a declared length has answered by then,
 * and the refusal costs one chunk instead of what the socket buffers take.
 */
export function createHesitatingPacer(pauseMs: number, clock: PacerClock = systemPacerClock): Pacer {
  const chunks = new WeakMap<AbortSignal, number>();
  return {
    async take(_bytes, signal) {
      const before = chunks.get(signal) ?? 0;
      chunks.set(signal, before + 1);
      if (before === 1) await clock.sleep(pauseMs, signal);
    },
  };
}

async function sleepUntil(atMs: number, clock: PacerClock, signal: AbortSignal): Promise<void> {
  for (let leftMs = atMs - clock.nowMs(); leftMs >= timerMs; leftMs = atMs - clock.nowMs())
    await clock.sleep(leftMs, signal);
}
