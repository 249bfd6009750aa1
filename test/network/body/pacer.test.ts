import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createBandwidthPacer,
  createHesitatingPacer,
  createReadingPacer,
  createStretchingPacer,
  inSequence,
  systemPacerClock,
} from '../../../src/network/body/pacer.ts';
import { fakePacerClock } from '../../support/fake-pacer-clock.ts';

const signal = new AbortController().signal;

describe('bandwidth', () => {
  test('exact to 2 %, and never more than one chunk ahead of the rate, with timers that are up to 10 ms late', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 10_000, max: 100_000_000 }),
        fc.integer({ min: 1_000, max: 300_000 }),
        fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1 }),
        async (bytesPerSecond, chunkBytes, lateness) => {
          let late = 0;
          const clock = fakePacerClock(() => lateness[(late += 1) % lateness.length]!);
          const pacer = createBandwidthPacer(clock);
          pacer.limitTo(bytesPerSecond);
          const startMs = clock.nowMs();
          const chunks = 2_000;
          for (let chunk = 0; chunk < chunks; chunk += 1) {
            await pacer.take(chunkBytes, signal);
            const sentBytes = (chunk + 1) * chunkBytes;
            // Timers are no finer than a millisecond.
            const allowedBytes = ((clock.nowMs() - startMs + 1) / 1_000) * bytesPerSecond + chunkBytes;
            expect(sentBytes).toBeLessThanOrEqual(allowedBytes + 1);
          }
          const dueMs = (((chunks - 1) * chunkBytes) / bytesPerSecond) * 1_000;
          expect(clock.nowMs() - startMs).toBeGreaterThanOrEqual(dueMs - 1);
          expect(clock.nowMs() - startMs).toBeLessThanOrEqual(dueMs * 1.02 + 11);
        },
      ),
      { numRuns: 50 },
    );
  });

  test('no burst: in any span no more than the rate, 10 ms of it and one chunk, however late or idle the sender is', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 10_000, max: 100_000_000 }),
        fc.integer({ min: 1_000, max: 300_000 }),
        fc.array(fc.record({ lateMs: fc.double({ min: 0, max: 200, noNaN: true }), idleMs: fc.nat(120) }), {
          minLength: 2,
          maxLength: 120,
        }),
        async (bytesPerSecond, chunkBytes, turns) => {
          let lateMs = 0;
          const clock = fakePacerClock(() => lateMs);
          const pacer = createBandwidthPacer(clock);
          pacer.limitTo(bytesPerSecond);
          const times: number[] = [];
          for (const turn of turns) {
            ({ lateMs } = turn);
            clock.passMs(turn.idleMs % 3 === 0 ? turn.idleMs : 0);
            await pacer.take(chunkBytes, signal);
            times.push(clock.nowMs());
          }
          for (const [first, fromMs] of times.entries()) {
            for (let last = first; last < times.length; last += 1) {
              const bytes = (last - first + 1) * chunkBytes;
              const spanMs = times[last]! - fromMs;
              // Timers are no finer than a millisecond.
              expect(bytes).toBeLessThanOrEqual(((spanMs + 10 + 1) / 1_000) * bytesPerSecond + chunkBytes + 1);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a wake-up that is far too late is not made up for at once', async () => {
    let lateMs = 0;
    const clock = fakePacerClock(() => lateMs);
    const pacer = createBandwidthPacer(clock);
    pacer.limitTo(1_000_000);
    await pacer.take(32_000, signal);
    lateMs = 45;
    await pacer.take(32_000, signal);
    const wokeMs = clock.nowMs();
    lateMs = 0;
    await pacer.take(32_000, signal);
    await pacer.take(32_000, signal);
    await pacer.take(32_000, signal);
    // 32 kB at 1 MB/s take 32 ms; of the 45 ms that it was late 10 are made up for.
    expect(clock.nowMs() - wokeMs).toBeCloseTo(3 * 32 - 10);
  });

  test.each([
    [50, 10],
    [51, 0],
  ])('a sender that comes %i ms after its turn makes up for %i ms', async (lateMs, madeUpMs) => {
    const clock = fakePacerClock();
    const pacer = createBandwidthPacer(clock);
    pacer.limitTo(1_000_000);
    await pacer.take(32_000, signal);
    clock.passMs(32 + lateMs);
    await pacer.take(32_000, signal);
    const cameMs = clock.nowMs();
    await pacer.take(32_000, signal);
    expect(clock.nowMs() - cameMs).toBe(32 - madeUpMs);
  });

  test('who waits in the line when the limit goes does not wait any more', async () => {
    const clock = fakePacerClock();
    const pacer = createBandwidthPacer(clock);
    pacer.limitTo(1_000);
    await pacer.take(1_000, signal);
    const waiting = [pacer.take(1_000, signal), pacer.take(1_000, signal)];
    pacer.limitTo(undefined);
    await Promise.all(waiting);
    expect(clock.nowMs()).toBe(1_000);
  });

  test('who gives up in the line makes nobody overtake', async () => {
    const clock = fakePacerClock();
    const pacer = createBandwidthPacer(clock);
    pacer.limitTo(100_000);
    const abort = new AbortController();
    const order: string[] = [];
    const take = (name: string, own: AbortSignal): Promise<unknown> =>
      pacer.take(3_000, own).then(
        () => order.push(name),
        () => order.push(`not ${name}`),
      );
    const startMs = clock.nowMs();
    const all = Promise.all([take('a', signal), take('b', signal), take('c', abort.signal), take('d', signal)]);
    abort.abort();
    await all;
    expect(order).toEqual(['a', 'b', 'not c', 'd']);
    // c took nothing: b waits for a, d for b.
    expect(clock.nowMs() - startMs).toBe(60);
  });

  test('idle time saves up nothing: the next chunk goes at once, the one after waits', async () => {
    const clock = fakePacerClock();
    const pacer = createBandwidthPacer(clock);
    pacer.limitTo(1_000);
    await pacer.take(100, signal);
    clock.passMs(60_000);
    const afterIdleMs = clock.nowMs();
    await pacer.take(100, signal);
    expect(clock.nowMs()).toBe(afterIdleMs);
    await pacer.take(100, signal);
    expect(clock.nowMs()).toBeCloseTo(afterIdleMs + 100);
  });

  test('two bodies at once share the rate', async () => {
    const clock = fakePacerClock();
    const pacer = createBandwidthPacer(clock);
    pacer.limitTo(2_000_000);
    const startMs = clock.nowMs();
    const body = async (): Promise<void> => {
      for (let sent = 0; sent < 500_000; sent += 10_000) await pacer.take(10_000, signal);
    };
    await Promise.all([body(), body()]);
    // 100 chunks, the first of which does not wait: 99 of 5 ms.
    expect(clock.nowMs() - startMs).toBeCloseTo(495);
  });

  test('no limit, no wait; a limit can come and go', async () => {
    const clock = fakePacerClock();
    const pacer = createBandwidthPacer(clock);
    await pacer.take(1e9, signal);
    pacer.limitTo(1_000);
    await pacer.take(1_000, signal);
    await pacer.take(1_000, signal);
    expect(clock.nowMs()).toBe(2_000);
    pacer.limitTo(undefined);
    await pacer.take(1e9, signal);
    expect(clock.nowMs()).toBe(2_000);
  });

  test('an abort ends the wait', async () => {
    const abort = new AbortController();
    const pacer = createBandwidthPacer();
    pacer.limitTo(1);
    await pacer.take(1_000, abort.signal);
    const waiting = pacer.take(1, abort.signal);
    abort.abort();
    await expect(waiting).rejects.toThrow(/abort/i);
  });
});

describe('stretching', () => {
  test('the last chunk goes when the duration is over, the others evenly before it', async () => {
    const clock = fakePacerClock();
    const pacer = createStretchingPacer({ sizeBytes: 1_000, durationMs: 10_000 }, clock);
    const startMs = clock.nowMs();
    const times: number[] = [];
    for (let chunk = 0; chunk < 4; chunk += 1) {
      await pacer.take(250, signal);
      times.push(clock.nowMs() - startMs);
    }
    expect(times).toEqual([2_500, 5_000, 7_500, 10_000]);
  });

  test('a sender that was slow itself waits only for what is left', async () => {
    const clock = fakePacerClock();
    const pacer = createStretchingPacer({ sizeBytes: 1_000, durationMs: 10_000 }, clock);
    const startMs = clock.nowMs();
    const times: number[] = [];
    for (const slowMs of [0, 1_000, 9_000]) {
      clock.passMs(slowMs);
      await pacer.take(250, signal);
      times.push(clock.nowMs() - startMs);
    }
    expect(times).toEqual([2_500, 5_000, 14_000]);
  });

  test('a body that is sent again takes as long again', async () => {
    const clock = fakePacerClock();
    const pacer = createStretchingPacer({ sizeBytes: 100, durationMs: 1_000 }, clock);
    await pacer.take(100, signal);
    clock.passMs(500);
    await pacer.take(50, signal);
    expect(clock.nowMs()).toBe(1_000 + 1_000 + 500 + 500);
  });
});

test('reading: the first bytes evenly over the duration, the rest at once', async () => {
  const clock = fakePacerClock();
  const pacer = createReadingPacer({ sizeBytes: 1_000, durationMs: 10_000 }, clock);
  clock.passMs(5_000);
  const startMs = clock.nowMs();
  const times: number[] = [];
  for (const bytes of [250, 500, 500, 500]) {
    await pacer.take(bytes, signal);
    times.push(clock.nowMs() - startMs);
    clock.passMs(1);
  }
  expect(times).toEqual([2_500, 7_500, 10_000, 10_001]);
});

test('the clock of the system wakes up a sleeper whose run is ended', async () => {
  const abort = new AbortController();
  const asleep = systemPacerClock.sleep(60_000, abort.signal);
  abort.abort();
  await expect(asleep).rejects.toThrow(/abort/i);
});

test('hesitating: one pause for each run, after its first chunk', async () => {
  const clock = fakePacerClock();
  const pacer = createHesitatingPacer(300, clock);
  const other = new AbortController().signal;
  const waits: number[] = [];
  for (const run of [signal, signal, signal, other, other, other]) {
    const beforeMs = clock.nowMs();
    await pacer.take(1, run);
    waits.push(clock.nowMs() - beforeMs);
  }
  expect(waits).toEqual([0, 300, 0, 0, 300, 0]);
});

test('in sequence: each pacer is asked', async () => {
  const clock = fakePacerClock();
  const rate = createBandwidthPacer(clock);
  rate.limitTo(1_000);
  const both = inSequence(rate, createStretchingPacer({ sizeBytes: 200, durationMs: 1_000 }, clock));
  await both.take(100, signal);
  await both.take(100, signal);
  expect(clock.nowMs()).toBe(2_000);
});

test('a wait of a millisecond is kept, a shorter one is none', async () => {
  for (const [durationMs, waits] of [
    [1, [1]],
    [0.9, []],
  ] as const) {
    let nowMs = 0;
    const slept: number[] = [];
    const sleep = async (ms: number): Promise<void> => void ((nowMs += ms), slept.push(ms));
    const pacer = createReadingPacer({ sizeBytes: 1, durationMs }, { nowMs: () => nowMs, sleep });
    await pacer.take(1, new AbortController().signal);
    expect(slept).toEqual(waits);
  }
});
