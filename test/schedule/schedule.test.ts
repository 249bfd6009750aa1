import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Schedule, type ScheduleOptions } from '../../src/schedule/schedule.ts';
import type { ScheduleObserver, Task } from '../../src/schedule/task-loop.ts';
import { TransferLimit } from '../../src/schedule/transfer-limit.ts';
import { createFakeClock, type FakeClock, settle } from '../support/fake-clock.ts';

interface Journal extends ScheduleObserver {
  readonly starts: { id: string; lagMs: number; queuedMs: number; atMs: number }[];
  readonly skips: { id: string; cause: string; slots: number }[];
  readonly defects: { id: string; error: unknown }[];
}

function journal(clock: FakeClock): Journal {
  const starts: Journal['starts'] = [];
  const skips: Journal['skips'] = [];
  const defects: Journal['defects'] = [];
  return {
    starts,
    skips,
    defects,
    started: (start) => starts.push({ ...start, atMs: clock.nowMs() }),
    skipped: (skip) => skips.push(skip),
    misbehaved: (defect) => defects.push(defect),
  };
}

/** A task that takes `durationMs` of the fake clock and ends at once when aborted. */
function task(clock: FakeClock, id: string, intervalMs: number, durationMs: number): Task {
  return { id, intervalMs, timeoutMs: durationMs, run: (signal) => wait(clock, durationMs, signal) };
}

function wait(clock: FakeClock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.setTimer(ms, resolve);
    signal.addEventListener('abort', () => {
      cancel();
      resolve();
    });
  });
}

function start(tasks: (clock: FakeClock) => Task[], options: Partial<ScheduleOptions> = {}) {
  const clock = createFakeClock();
  const observer = journal(clock);
  const limit = new TransferLimit(1);
  const schedule = new Schedule({ tasks: tasks(clock), observer, clock, limit, ...options });
  return { clock, observer, schedule, limit };
}

test('a task runs once in each interval', async () => {
  const { clock, observer } = start((clock) => [task(clock, 'a', 10_000, 100)]);
  await clock.advance(99_000);
  expect(observer.starts).toHaveLength(10);
  expect(observer.skips).toEqual([]);
});

test('a task never overlaps with itself; the slots it sits on are counted', async () => {
  const { clock, observer } = start((clock) => [task(clock, 'slow', 1_000, 2_500)]);
  await clock.advance(9_999);
  expect(observer.starts.length).toBeLessThanOrEqual(4);
  expect(new Set(observer.skips.map((skip) => skip.cause))).toEqual(new Set(['overlap']));
  expect(observer.starts.length + observer.skips.reduce((sum, skip) => sum + skip.slots, 0)).toBe(10);
});

test('tasks queue for the transfer in the order of their slots, and the wait is told apart from the lag', async () => {
  const { clock, observer } = start((clock) => ['a', 'b', 'c'].map((id) => task(clock, id, 3_000, 1_900)));
  await clock.advance(2_500);
  expect(observer.starts.map(({ id, atMs }) => [id, atMs - 1_000])).toEqual([
    ['a', 0],
    ['b', 1_900],
  ]);
  expect(observer.starts[1]).toMatchObject({ lagMs: 900, queuedMs: 900 });
  await clock.advance(1_400);
  expect(observer.starts[2]).toMatchObject({ id: 'c', lagMs: 1_800, queuedMs: 1_800 });
});

test('a slot that comes while its task still waits for a transfer is skipped as overlap', async () => {
  const { clock, observer } = start((clock) => [task(clock, 'a', 60_000, 30_000), task(clock, 'b', 5_000, 10)]);
  await clock.advance(75_000);
  expect(observer.starts.map(({ id }) => id)).toContain('a');
  expect(observer.skips.filter(({ id }) => id === 'b').length).toBeGreaterThanOrEqual(1);
  expect(observer.skips.every(({ cause }) => cause === 'overlap')).toBe(true);
});

test('with two transfers two run at once', async () => {
  const { clock, observer } = start((clock) => ['a', 'b', 'c'].map((id) => task(clock, id, 3_000, 1_900)), {
    limit: new TransferLimit(2),
  });
  await clock.advance(2_500);
  expect(observer.starts.map(({ atMs }) => atMs - 1_000)).toEqual([0, 1_000, 2_000]);
});

test('after a suspend the missed slots are counted and do not run in a burst', async () => {
  const { clock, observer } = start((clock) => Array.from({ length: 50 }, (_, n) => task(clock, `t${n}`, 60_000, 10)));
  await clock.advance(60_000);
  const before = observer.starts.length;
  await clock.jump(3_600_000);
  const burst = observer.starts.length - before;
  // Only what fell due in the last seconds before waking up.
  expect(burst).toBeLessThanOrEqual(8);
  const missed = observer.skips.reduce((sum, skip) => sum + skip.slots, 0);
  expect(burst + missed).toBeGreaterThanOrEqual(50 * 60 - 5);
  expect(burst + missed).toBeLessThanOrEqual(50 * 60 + 5);
  expect(new Set(observer.skips.map(({ cause }) => cause))).toEqual(new Set(['missed']));
  const woken = observer.starts.length;
  await clock.advance(63_000);
  expect(observer.starts.length - woken).toBeGreaterThanOrEqual(48);
});

test('a run that rejects is reported, and the task goes on', async () => {
  const error = new Error('defect');
  const { clock, observer } = start(() => [
    { id: 'a', intervalMs: 1_000, timeoutMs: 100, run: () => Promise.reject(error) },
    {
      id: 'b',
      intervalMs: 1_000,
      timeoutMs: 100,
      run: () => {
        throw error;
      },
    },
  ]);
  await clock.advance(2_999);
  expect(observer.starts).toHaveLength(6);
  expect(observer.defects).toHaveLength(6);
  expect(observer.defects[0]).toMatchObject({ id: 'a', error });
});

test('a run that hangs is aborted a minute after its timeout, so that others get the transfer', async () => {
  const { clock, observer } = start((clock) => [
    { id: 'hangs', intervalMs: 3_600_000, timeoutMs: 10_000, run: (signal) => wait(clock, 1e9, signal) },
    task(clock, 'waits', 3_600_000, 10),
  ]);
  await clock.advance(69_999);
  expect(observer.starts.map(({ id }) => id)).toEqual(['hangs']);
  await clock.advance(1);
  expect(observer.starts.map(({ id }) => id)).toEqual(['hangs', 'waits']);
  expect(observer.defects).toEqual([{ id: 'hangs', error: new Error('still running 60000 ms after its timeout') }]);
});

describe('a run of several turns', () => {
  /** Three turns of 1 s each; says when each begins. */
  function turns(clock: FakeClock, begins: number[]): Task {
    return {
      id: 'a',
      intervalMs: 3_600_000,
      timeoutMs: 1_000,
      async run(signal, turn) {
        for (const number of [1, 2, 3]) {
          if (number > 1) await turn();
          if (signal.aborted) return;
          begins.push(clock.nowMs());
          await wait(clock, 1_000, signal);
        }
      },
    };
  }

  /** Both are due within the first turn. */
  const together = { startWindowMs: 500 };

  test('lets others go first between two of them, and has its time for each, however long it waited', async () => {
    const begins: number[] = [];
    const { clock, observer } = start(
      (clock) => [turns(clock, begins), task(clock, 'b', 3_600_000, 600_000)],
      together,
    );
    await clock.advance(1_000_000);
    const startOf = (wanted: string): number => observer.starts.find(({ id }) => id === wanted)?.atMs ?? Number.NaN;
    const [a, b] = [startOf('a'), startOf('b')];
    expect(begins).toEqual(b < a ? [a, a + 1_000, a + 2_000] : [a, b + 600_000, b + 601_000]);
    expect(observer.starts).toHaveLength(2);
    expect(observer.defects).toEqual([]);
  });

  test('that waits for its next one holds nothing when it is aborted', async () => {
    const begins: number[] = [];
    const { clock, observer, schedule, limit } = start((clock) => [turns(clock, begins)], { startWindowMs: 1 });
    await clock.advance(1);
    // Somebody else takes what the run lets go of.
    const other = limit.take();
    await clock.advance(1_500);
    await other.granted;
    expect(begins).toHaveLength(1);
    const stopped = schedule.stop(1_000);
    await clock.advance(0);
    expect(await stopped).toEqual([]);
    other.leave();
    let free = false;
    void limit.take().granted.then(() => (free = true));
    await settle();
    expect(free).toBe(true);
    expect(observer.defects).toEqual([]);
  });
});

test('two tasks with one id are refused', () => {
  expect(() => start((clock) => [task(clock, 'a', 1_000, 1), task(clock, 'a', 2_000, 1)])).toThrow(
    'two tasks with the id a',
  );
});

test('intervals beyond what setTimeout can wait keep their slots', async () => {
  const dayMs = 24 * 3_600_000;
  const { clock, observer } = start((clock) => [task(clock, 'monthly', 30 * dayMs, 10)]);
  await clock.advance(0);
  expect(observer.starts).toHaveLength(1);
  await clock.advance(29 * dayMs);
  expect(observer.starts).toHaveLength(1);
  await clock.advance(2 * dayMs);
  expect(observer.starts).toHaveLength(2);
});

describe('stop', () => {
  test('aborts what is running, starts nothing from the queue and leaves no timer', async () => {
    const { clock, observer, schedule } = start((clock) => ['a', 'b', 'c'].map((id) => task(clock, id, 3_000, 2_900)));
    await clock.advance(2_500);
    expect(schedule.active).toBe(true);
    const left = await schedule.stop(10_000);
    expect(left).toEqual([]);
    expect(schedule.active).toBe(false);
    await clock.advance(60_000);
    expect(observer.starts.map(({ id }) => id)).toEqual(['a']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('gives up on a run that does not end within the bound and names it', async () => {
    const { clock, schedule } = start(() => [
      { id: 'deaf', intervalMs: 1_000, timeoutMs: 100, run: () => new Promise<void>(() => {}) },
    ]);
    await clock.advance(10);
    const stopped = schedule.stop(5_000);
    await clock.advance(5_000);
    expect(await stopped).toEqual(['deaf']);
  });

  test('waits for the run of a task that was taken away before', async () => {
    let finish = (): void => {};
    const { clock, schedule } = start(() => [
      { id: 'a', intervalMs: 1_000, timeoutMs: 100, run: () => new Promise<void>((resolve) => (finish = resolve)) },
    ]);
    await clock.advance(10);
    schedule.update([]);
    const stopped = schedule.stop(5_000);
    finish();
    expect(await stopped).toEqual([]);
  });
});

describe('pause', () => {
  test('aborts what runs, empties the queue, counts the slots as paused, and goes on with the old slots', async () => {
    let paused = false;
    const { clock, observer, schedule } = start((clock) => ['a', 'b', 'c'].map((id) => task(clock, id, 9_000, 8_000)), {
      isPaused: () => paused,
    });
    await clock.advance(3_500);
    expect(observer.starts.map(({ id }) => id)).toEqual(['a']);
    paused = true;
    schedule.interrupt();
    await settle();
    // What ran is aborted, not skipped; what waited is.
    expect(observer.skips).toEqual([{ id: 'b', cause: 'paused', slots: 1 }]);
    await clock.advance(26_500);
    expect(observer.starts).toHaveLength(1);
    expect(new Set(observer.skips.map(({ cause }) => cause))).toEqual(new Set(['paused']));
    const slotsPassed = observer.starts.length + observer.skips.reduce((sum, { slots }) => sum + slots, 0);
    expect(slotsPassed).toBeGreaterThanOrEqual(9);
    expect(slotsPassed).toBeLessThanOrEqual(11);
    paused = false;
    const before = observer.starts.length;
    await clock.advance(9_500);
    expect(observer.starts.length - before).toBeGreaterThanOrEqual(1);
  });

  test('tasks that come with an update while paused do not start either', async () => {
    let paused = true;
    const { clock, observer, schedule } = start((clock) => [task(clock, 'a', 1_000, 10)], { isPaused: () => paused });
    schedule.update(['a', 'b'].map((id) => task(clock, id, 1_000, 10)));
    await clock.advance(3_000);
    expect(observer.starts).toEqual([]);
    paused = false;
    await clock.advance(2_000);
    expect(new Set(observer.starts.map(({ id }) => id))).toEqual(new Set(['a', 'b']));
  });
});

test.each([
  [5_000, ['started']],
  [5_001, ['missed']],
])('a slot that is found %d ms late: %j', async (lateMs, expected) => {
  const { clock, observer } = start((clock) => [task(clock, 'a', 60_000, 10)], { startWindowMs: 1 });
  await clock.jump(lateMs);
  expect([...observer.starts.map(() => 'started'), ...observer.skips.map(({ cause }) => cause)]).toEqual(expected);
});

test('a timer that fires too early waits for its slot', async () => {
  const clock = createFakeClock();
  const early = {
    ...clock,
    nowMs: () => clock.nowMs() - 0.5,
    setTimer: (ms: number, fire: () => void) => clock.setTimer(ms, fire),
  };
  const observer = journal(clock);
  const limit = new TransferLimit(1);
  const schedule = new Schedule({ tasks: [task(clock, 'a', 1_000, 10)], observer, clock: early, limit });
  // What was planned by one time is woken by another, half a millisecond ahead.
  Object.assign(early, { nowMs: () => clock.nowMs() - 1 });
  await clock.advance(0);
  expect([observer.starts, observer.skips]).toEqual([[], []]);
  await clock.advance(1);
  expect(observer.starts).toHaveLength(1);
  await schedule.stop(1);
});

test('an interrupt aborts the run under way with its cause', async () => {
  const reasons: unknown[] = [];
  const { clock, schedule } = start((clock) => [
    {
      id: 'a',
      intervalMs: 60_000,
      timeoutMs: 10_000,
      async run(signal) {
        await wait(clock, 10_000, signal);
        reasons.push(signal.reason);
      },
    },
  ]);
  await clock.advance(0);
  schedule.interrupt();
  await settle();
  expect(reasons).toEqual(['paused']);
});

test('a task whose place in the queue was lost by an interrupt queues again at its next slot', async () => {
  const { clock, observer, schedule, limit } = start((clock) => [task(clock, 'a', 60_000, 10)], { startWindowMs: 1 });
  const other = limit.take();
  await clock.advance(0);
  schedule.interrupt();
  other.leave();
  await clock.advance(30_000);
  expect(observer.starts).toEqual([]);
  await clock.advance(60_000);
  expect(observer.starts).toHaveLength(1);
  expect(observer.skips).toEqual([{ id: 'a', cause: 'paused', slots: 1 }]);
});

describe('update', () => {
  test('the next slot of a task that stays does not move; one that goes has none', async () => {
    const { clock, schedule } = start((clock) => [task(clock, 'a', 60_000, 10)]);
    await clock.advance(20_000);
    const dueInMs = schedule.dueInMs('a');
    expect(dueInMs).toBeGreaterThanOrEqual(40_000);
    expect(dueInMs).toBeLessThan(40_000 + 0.03 * 60_000);
    schedule.update([task(clock, 'a', 60_000, 10), task(clock, 'b', 60_000, 10)]);
    expect(schedule.dueInMs('a')).toBe(dueInMs);
    schedule.update([]);
    expect([schedule.dueInMs('a'), schedule.dueInMs('c')]).toEqual([undefined, undefined]);
  });

  test.each([['later'], ['at once']])(
    'a task that waits for a transfer and goes gives its place back; when it comes back %s it runs',
    async (when) => {
      const { clock, observer, schedule, limit } = start((clock) => [task(clock, 'a', 60_000, 10)], {
        startWindowMs: 1,
      });
      const other = limit.take();
      await clock.advance(0);
      schedule.update([]);
      other.leave();
      if (when === 'later') await settle();
      expect(observer.starts).toEqual([]);
      schedule.update([task(clock, 'a', 60_000, 10)]);
      await clock.advance(1);
      expect([observer.starts.length, observer.skips]).toEqual([1, []]);
    },
  );

  test('a task that came back while its aborted run still went on is one task from then on', async () => {
    let finish = (): void => {};
    const slowToEnd: Task = {
      id: 'a',
      intervalMs: 60_000,
      timeoutMs: 500,
      run: () => new Promise<void>((resolve) => (finish = resolve)),
    };
    const { clock, observer, schedule } = start(() => [slowToEnd], { startWindowMs: 1, limit: new TransferLimit(5) });
    await clock.advance(0);
    schedule.update([]);
    schedule.update([slowToEnd]);
    finish();
    await settle();
    schedule.update([slowToEnd]);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1);
    finish();
    await settle();
    await clock.advance(62_000);
    expect(observer.starts).toHaveLength(3);
    finish();
  });

  test('nothing is taken up after the stop', async () => {
    const { clock, observer, schedule } = start(() => []);
    await schedule.stop(1);
    schedule.update([task(clock, 'a', 1_000, 10)]);
    await clock.advance(5_000);
    expect(observer.starts).toEqual([]);
  });

  test('a task that stays keeps its slots and its running push', async () => {
    const { clock, observer, schedule } = start((clock) => [task(clock, 'stays', 10_000, 4_000)]);
    await clock.advance(1_000);
    let aborted = false;
    schedule.update([
      { id: 'stays', intervalMs: 10_000, timeoutMs: 100, run: async () => void (aborted = true) },
      task(clock, 'new', 10_000, 10),
    ]);
    await clock.advance(2_000);
    expect(aborted).toBe(false);
    expect(observer.starts.filter(({ id }) => id === 'stays')).toHaveLength(1);
    await clock.advance(8_000);
    expect(observer.starts.filter(({ id }) => id === 'stays')).toHaveLength(2);
    expect(aborted).toBe(true);
    expect(observer.starts.map(({ id }) => id)).toContain('new');
  });

  test('a task that goes is aborted and never runs again', async () => {
    let aborted = 0;
    const { clock, observer, schedule } = start((clock) => [
      {
        id: 'goes',
        intervalMs: 10_000,
        timeoutMs: 5_000,
        run: async (signal) => {
          await wait(clock, 5_000, signal);
          aborted += signal.aborted ? 1 : 0;
        },
      },
    ]);
    await clock.advance(1_000);
    schedule.update([]);
    await clock.advance(100_000);
    expect(aborted).toBe(1);
    expect(observer.starts).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test('a task that comes back before its aborted run has ended does not run twice at once', async () => {
    let running = 0;
    let most = 0;
    let finish = (): void => {};
    const slowToEnd: Task = {
      id: 'a',
      intervalMs: 1_000,
      timeoutMs: 500,
      run: async () => {
        most = Math.max(most, (running += 1));
        await new Promise<void>((resolve) => (finish = resolve));
        running -= 1;
      },
    };
    const { clock, observer, schedule } = start(() => [slowToEnd], { limit: new TransferLimit(5) });
    await clock.advance(10);
    schedule.update([]);
    schedule.update([slowToEnd]);
    await clock.advance(3_000);
    expect(most).toBe(1);
    finish();
    await settle();
    await clock.advance(2_000);
    expect(observer.starts).toHaveLength(2);
    expect(most).toBe(1);
    finish();
  });

  test('a larger transfer limit lets queued tasks start, a smaller one holds for the next', async () => {
    const { clock, observer, schedule, limit } = start((clock) =>
      ['a', 'b', 'c'].map((id) => task(clock, id, 3_000, 2_900)),
    );
    await clock.advance(2_500);
    expect(observer.starts).toHaveLength(1);
    const tasks = ['a', 'b', 'c'].map((id) => task(clock, id, 3_000, 2_900));
    limit.resize(3);
    schedule.update(tasks);
    expect(observer.starts.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    limit.resize(1);
    schedule.update(tasks);
    await clock.advance(500);
    expect(observer.starts).toHaveLength(3);
  });

  test('a changed interval takes effect', async () => {
    const { clock, observer, schedule } = start((clock) => [task(clock, 'a', 3_600_000, 10)]);
    await clock.advance(100);
    schedule.update([task(clock, 'a', 1_000, 10)]);
    await clock.advance(10_000);
    expect(observer.starts.length).toBeGreaterThanOrEqual(10);
  });
});

const taskShapes = fc.array(
  fc.record({
    intervalMs: fc.integer({ min: 200, max: 5_000 }),
    durationMs: fc.integer({ min: 1, max: 4_000 }),
    fails: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
);

test('property: no overlap, never more than the limit at once, and every slot started or counted as skipped', async () => {
  await fc.assert(
    fc.asyncProperty(taskShapes, fc.integer({ min: 1, max: 3 }), async (shapes, transfers) => {
      const running = new Map<string, number>();
      let most = 0;
      let mostOfOne = 0;
      const { clock, observer, schedule } = start(
        (clock) =>
          shapes.map(({ intervalMs, durationMs, fails }, n) => ({
            id: `t${n}`,
            intervalMs,
            timeoutMs: durationMs,
            run: async (signal) => {
              running.set(`t${n}`, (running.get(`t${n}`) ?? 0) + 1);
              most = Math.max(
                most,
                [...running.values()].reduce((sum, count) => sum + count, 0),
              );
              mostOfOne = Math.max(mostOfOne, ...running.values());
              await wait(clock, durationMs, signal);
              running.set(`t${n}`, (running.get(`t${n}`) ?? 0) - 1);
              if (fails) throw new Error('fails');
            },
          })),
        { limit: new TransferLimit(transfers) },
      );
      const spanMs = 20_000;
      await clock.advance(spanMs);
      expect(most).toBeLessThanOrEqual(transfers);
      expect(mostOfOne).toBe(1);
      for (const [n, { intervalMs }] of shapes.entries()) {
        const started = observer.starts.filter(({ id }) => id === `t${n}`).length;
        const skipped = observer.skips.filter(({ id }) => id === `t${n}`).reduce((sum, { slots }) => sum + slots, 0);
        // One may be waiting in the queue; the first slot comes within the interval, the last may stand just beyond the span.
        expect(started + skipped).toBeGreaterThanOrEqual(Math.floor(spanMs / intervalMs) - 2);
        expect(started + skipped).toBeLessThanOrEqual(Math.ceil(spanMs / intervalMs) + 1);
      }
      await schedule.stop(1);
    }),
    { numRuns: 60 },
  );
});
