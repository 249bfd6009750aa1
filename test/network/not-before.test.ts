import { afterEach, expect, test, vi } from 'vitest';
import { notBefore } from '../../src/network/not-before.ts';

/** Waits on a clock that shows these times, one at each look; how often it was looked at when the action came. */
function looks(delayMs: number, ...shown: readonly number[]): Promise<number> {
  let looked = 0;
  return new Promise((resolve) => {
    notBefore(
      delayMs,
      () => shown[looked++] ?? Number.NaN,
      () => resolve(looked),
    );
  });
}

afterEach(() => vi.useRealTimers());

test.each([
  [0.5, true],
  [20, true],
  // So early is no timer: the clock was set back, or stands still.
  [20.5, false],
  [1_000, false],
  [0, false],
  [-5, false],
])('with %d ms left at the wake the action waits for them: %s', (leftMs, waits) => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  let nowMs = 100;
  let came = 0;
  notBefore(
    49.5,
    () => nowMs,
    () => (came += 1),
  );
  nowMs = 149.5 - leftMs;
  vi.advanceTimersByTime(49);
  expect(came).toBe(0);
  vi.advanceTimersByTime(1);
  expect(came).toBe(waits ? 0 : 1);
  // Node counts whole milliseconds, and may come one of them early.
  vi.advanceTimersByTime(Math.max(0, Math.ceil(leftMs)));
  expect(came).toBe(waits ? 0 : 1);
  vi.advanceTimersByTime(1);
  expect(came).toBe(1);
});

test('the action comes once the time is over on the clock that is given', async () => {
  expect(await looks(1, 100, 101)).toBe(2);
  expect(await looks(0, 100, 100)).toBe(2);
});

test('what is left after an early wake is waited for once, and not looked at again', async () => {
  expect(await looks(1, 100, 100.5)).toBe(2);
});

test('an early wake does nothing yet', async () => {
  const order: string[] = [];
  let looked = 0;
  await new Promise<void>((resolve) => {
    notBefore(
      1,
      () => {
        if (looked++ === 0) return 100;
        queueMicrotask(() => order.push('after the look'));
        return 100.5;
      },
      () => {
        order.push('action');
        resolve();
      },
    );
  });
  expect(order).toEqual(['after the look', 'action']);
});

test('a clock that was set back holds nothing up', async () => {
  let looked = 0;
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    notBefore(
      1,
      () => {
        if (looked++ === 0) return 100;
        queueMicrotask(() => {
          order.push('after the look');
          resolve();
        });
        return 50;
      },
      () => order.push('action'),
    );
  });
  expect(order).toEqual(['action', 'after the look']);
});

test('what is taken back does not come, before and after an early wake', async () => {
  const came: string[] = [];
  const back = notBefore(
    0,
    () => 100,
    () => came.push('first'),
  );
  back();
  let looked = 0;
  const later = notBefore(
    1,
    () => {
      if (looked++ === 0) return 100;
      queueMicrotask(() => later());
      return 99.5;
    },
    () => came.push('second'),
  );
  // This one would come after both.
  await new Promise<void>((resolve) => {
    notBefore(
      8,
      () => 100,
      () => resolve(),
    );
  });
  expect(came).toEqual([]);
});
