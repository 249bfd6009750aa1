import type { Clock } from '../../src/schedule/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** A clock that moves only when told to. Between two timers all promise callbacks run. */
export interface FakeClock extends Clock {
  advance(ms: number): Promise<void>;
  /** Moves the time without firing anything in between, as a suspended machine does; then fires what is due. */
  jump(ms: number): Promise<void>;
  readonly pendingTimers: number;
}

export function createFakeClock(startMs = 1_000): FakeClock {
  const timers = new Set<Timer>();
  let now = startMs;
  let order = 0;

  function nextTimer(byMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) {
      const earlier =
        next === undefined || timer.atMs < next.atMs || (timer.atMs === next.atMs && timer.order < next.order);
      if (timer.atMs <= byMs && earlier) next = timer;
    }
    return next;
  }

  async function runDue(untilMs: number): Promise<void> {
    for (let timer = nextTimer(untilMs); timer !== undefined; timer = nextTimer(untilMs)) {
      timers.delete(timer);
      now = Math.max(now, timer.atMs);
      timer.fire();
      await settle();
    }
    now = Math.max(now, untilMs);
  }

  return {
    nowMs: () => now,
    setTimer(delayMs, fire) {
      const timer = { atMs: now + delayMs, order: (order += 1), fire };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(ms) {
      await settle();
      await runDue(now + ms);
    },
    async jump(ms) {
      now += ms;
      await runDue(now);
    },
    get pendingTimers() {
      return timers.size;
    },
  };
}

/** Lets all promise callbacks run, also those that others cause. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}
