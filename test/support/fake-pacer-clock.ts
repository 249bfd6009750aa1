import type { PacerClock } from '../../src/network/body/pacer.ts';

/** A clock that only sleeping moves, late by what `lateMs` says, and `passMs`. */
export function fakePacerClock(lateMs: () => number = () => 0): PacerClock & { passMs(ms: number): void } {
  let nowMs = 1_000;
  return {
    nowMs: () => nowMs,
    sleep: async (delayMs) => {
      nowMs += Math.max(0, delayMs) + lateMs();
    },
    passMs: (ms) => {
      nowMs += ms;
    },
  };
}
