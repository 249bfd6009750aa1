import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastSlotBy, planSlots, type SlotPlan, slotMs } from '../../src/schedule/slots.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function planned(tasks: { id: string; intervalMs: number }[], startMs = 0): Map<string, SlotPlan> {
  return planSlots(tasks, { startMs, startWindowMs: minuteMs });
}

function sameInterval(count: number, intervalMs: number): { id: string; intervalMs: number }[] {
  return Array.from({ length: count }, (_, n) => ({ id: `task-${n}`, intervalMs }));
}

test('a lone task runs at once', () => {
  expect(slotMs(planned(sameInterval(1, hourMs), 500).get('task-0')!, 0)).toBe(500);
});

test('first runs are spread over the start window when the interval is longer', () => {
  const firsts = [...planned(sameInterval(6, hourMs)).values()].map((plan) => slotMs(plan, 0)).sort((a, b) => a - b);
  expect(firsts.map(Math.round)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000]);
});

test('first runs are spread over the interval when that is shorter than the window', () => {
  const firsts = [...planned(sameInterval(4, 8_000)).values()].map((plan) => slotMs(plan, 0)).sort((a, b) => a - b);
  expect(firsts).toEqual([0, 2_000, 4_000, 6_000]);
});

test('tasks alone in their interval do not all start together', () => {
  const tasks = [5, 6, 7, 8].map((minutes) => ({ id: `every-${minutes}m`, intervalMs: minutes * minuteMs }));
  const firsts = [...planned(tasks).values()].map((plan) => slotMs(plan, 0)).sort((a, b) => a - b);
  for (const [n, first] of firsts.entries()) expect(first - (firsts[n - 1] ?? -10_000)).toBeGreaterThanOrEqual(8_000);
});

test('slots do not drift: after a thousand intervals a slot is at most the jitter off', () => {
  const plan = planned(sameInterval(3, minuteMs)).get('task-1')!;
  const offMs = slotMs(plan, 1_000) - (plan.secondMs + 999 * minuteMs);
  expect(offMs).toBeGreaterThanOrEqual(0);
  expect(offMs).toBeLessThan(0.03 * minuteMs);
});

test('the jitter differs from slot to slot and from task to task, and comes back', () => {
  const jitterOf = (id: string): number => {
    const plan = planned([{ id, intervalMs: minuteMs }]).get(id)!;
    return slotMs(plan, 7) - plan.secondMs;
  };
  const plan = planned(sameInterval(1, minuteMs)).get('task-0')!;
  const gaps = Array.from({ length: 20 }, (_, n) => Math.round(slotMs(plan, n + 2) - slotMs(plan, n + 1)));
  expect(new Set(gaps).size).toBeGreaterThan(15);
  expect(jitterOf('task-0')).toBe(jitterOf('task-0'));
  expect(jitterOf('task-1')).not.toBe(jitterOf('task-0'));
});

const intervals = fc.integer({ min: 1_000, max: 30 * 24 * hourMs });

test('property: slots of a task stand at least 47 % and on average one interval apart', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), intervals, (count, intervalMs) => {
      for (const plan of planned(sameInterval(count, intervalMs)).values()) {
        expect(slotMs(plan, 1) - slotMs(plan, 0)).toBeGreaterThanOrEqual(0.47 * intervalMs);
        expect(slotMs(plan, 1) - slotMs(plan, 0)).toBeLessThanOrEqual(1.53 * intervalMs);
        for (let index = 2; index < 6; index += 1) {
          const gap = slotMs(plan, index) - slotMs(plan, index - 1);
          expect(Math.abs(gap / intervalMs - 1)).toBeLessThanOrEqual(0.03);
        }
      }
    }),
  );
});

test('property: over any part of the steady state the slots of a group are spread evenly', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 200 }),
      intervals,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (count, intervalMs, from) => {
        const plans = [...planned(sameInterval(count, intervalMs)).values()];
        const shareOfInterval = 0.25;
        const fromMs = 3 * intervalMs + from * intervalMs;
        const untilMs = fromMs + shareOfInterval * intervalMs;
        const slots = plans.flatMap((plan) => Array.from({ length: 8 }, (_, index) => slotMs(plan, index)));
        const within = slots.filter((at) => at >= fromMs && at < untilMs).length;
        // A rank may fall on either side of both ends, and the jitter moves as many over them as have room in 3 % of the interval.
        expect(Math.abs(within - shareOfInterval * count)).toBeLessThanOrEqual(1 + 0.03 * count + 1e-9);
      },
    ),
  );
});

test('property: the last slot by a time is at or before it, the next one after it', () => {
  fc.assert(
    fc.property(
      intervals,
      fc.integer({ min: 1, max: 5 }),
      fc.double({ min: 0, max: 50, noNaN: true }),
      (intervalMs, count, at) => {
        for (const plan of planned(sameInterval(count, intervalMs), 12_345).values()) {
          const nowMs = 12_345 + at * intervalMs;
          const last = lastSlotBy(plan, nowMs);
          expect(slotMs(plan, last + 1)).toBeGreaterThan(nowMs);
          expect(last < 0 || slotMs(plan, last) <= nowMs).toBe(true);
        }
      },
    ),
  );
});

test('slots depend on ids and intervals, not on the order of the tasks', () => {
  const tasks = [
    { id: 'b', intervalMs: hourMs },
    { id: 'a', intervalMs: minuteMs },
    { id: 'c', intervalMs: minuteMs },
    { id: 'd', intervalMs: 2 * minuteMs },
  ];
  const plans = [...planned(tasks)].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const reversed = [...planned(tasks.toReversed())].toSorted(([one], [other]) => (one < other ? -1 : 1));
  expect(reversed).toEqual(plans);
  expect(planned(tasks).get('a')?.firstMs).toBe(0);
});

test('half an interval after the first run is late enough for the second', () => {
  const tasks = sameInterval(4, 300);
  const plans = planSlots(tasks, { startMs: 0, startWindowMs: 100 });
  expect([...plans.values()].map(({ firstMs, secondMs }) => [firstMs, secondMs])).toEqual([
    [0, 300],
    [25, 375],
    [50, 450],
    [75, 225],
  ]);
});
