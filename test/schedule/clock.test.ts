import { expect, test, vi } from 'vitest';
import { systemClock } from '../../src/schedule/clock.ts';
import { Schedule } from '../../src/schedule/schedule.ts';
import { TransferLimit } from '../../src/schedule/transfer-limit.ts';

test('a timer of 30 days does not fire at once, and fires after 30 days', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const dayMs = 24 * 3_600_000;
    const fire = vi.fn<() => void>();
    systemClock().setTimer(30 * dayMs, fire);
    vi.advanceTimersByTime(30 * dayMs - 1);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});

test('a timer never fires before its time: a fraction of a millisecond counts as a whole one', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const fire = vi.fn<() => void>();
    systemClock().setTimer(1.5, fire);
    vi.advanceTimersByTime(1);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});

test('a long timer can be cancelled after its first part', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const fire = vi.fn<() => void>();
    const cancel = systemClock().setTimer(2 ** 32, fire);
    vi.advanceTimersByTime(2 ** 31);
    cancel();
    vi.advanceTimersByTime(2 ** 32);
    expect(fire).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  } finally {
    vi.useRealTimers();
  }
});

test('with real timers a task runs in its rhythm and stop ends it', async () => {
  const begin = () => {
    const starts: number[] = [];
    const schedule = new Schedule({
      limit: new TransferLimit(1),
      tasks: [{ id: 'a', intervalMs: 50, timeoutMs: 20, run: async () => void starts.push(performance.now()) }],
      observer: { started: () => {}, skipped: () => {}, misbehaved: () => {} },
    });
    return { starts, schedule };
  };
  const first = begin();
  await expect.poll(() => first.starts.length).toBeGreaterThanOrEqual(3);
  await first.schedule.stop(1_000);
  const ran = first.starts.length;
  // One in the same rhythm that goes on runs thrice, the stopped one not at all.
  const second = begin();
  await expect.poll(() => second.starts.length).toBeGreaterThanOrEqual(3);
  await second.schedule.stop(1_000);
  expect(first.starts).toHaveLength(ran);
});

test('5,000 tasks start within the window, one at a time, and stop at once', async () => {
  let ran = 0;
  let running = 0;
  let most = 0;
  const tasks = Array.from({ length: 5_000 }, (_, n) => ({
    id: `task-${n}`,
    intervalMs: 86_400_000 + n,
    timeoutMs: 1_000,
    run: async () => {
      most = Math.max(most, (running += 1));
      await Promise.resolve();
      running -= 1;
      ran += 1;
    },
  }));
  const schedule = new Schedule({
    limit: new TransferLimit(1),
    tasks,
    startWindowMs: 500,
    observer: { started: () => {}, skipped: () => {}, misbehaved: () => {} },
  });
  await vi.waitFor(() => expect(ran).toBe(5_000), { timeout: 15_000 });
  expect(most).toBe(1);
  expect(await schedule.stop(1_000)).toEqual([]);
});
