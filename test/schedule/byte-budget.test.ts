import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteBudget } from '../../src/schedule/byte-budget.ts';

/** Spends bytes at once; false: there are not so many left. */
function take(budget: ByteBudget, bytes: number): boolean {
  const reservation = budget.reserve(bytes);
  reservation?.settle(bytes);
  return reservation !== undefined;
}

const hourMs = 3_600_000;

function setup(bytesPerDay?: number) {
  let now = 0;
  const told: (number | undefined)[] = [];
  const budget = new ByteBudget({ nowMs: () => now, bytesPerDay, onChange: (left) => told.push(left) });
  return { budget, told, passMs: (ms: number) => (now += ms) };
}

test('what may be needed is set aside before, what was not used comes back', () => {
  const { budget, told } = setup(1_000);
  const first = budget.reserve(600);
  expect(budget.remaining()).toBe(400);
  expect(budget.reserve(401)).toBeUndefined();
  first?.settle(100);
  first?.settle(900);
  expect(budget.remaining()).toBe(900);
  expect(told).toEqual([400, 400, 900]);
});

test('bytes count for 24 hours, and at most ten minutes longer', () => {
  const { budget, passMs } = setup(1_000);
  passMs(599_999);
  expect(take(budget, 1_000)).toBe(true);
  passMs(24 * hourMs);
  expect(take(budget, 1)).toBe(false);
  passMs(600_001);
  expect(take(budget, 1_000)).toBe(true);
});

test('what was spent is told as of the end of its ten minutes, and what is set aside as of now', () => {
  const { budget, passMs } = setup(1_000);
  take(budget, 7);
  passMs(25 * 60_000);
  budget.reserve(5);
  expect(budget.spent()).toEqual([
    { agoMs: 15 * 60_000, bytes: 7 },
    { agoMs: 0, bytes: 5 },
  ]);
});

test('a run that moved more than was set aside is counted in full, and nothing remains', () => {
  const { budget } = setup(1_000);
  budget.reserve(500)?.settle(5_000);
  expect(budget.remaining()).toBe(0);
  expect(take(budget, 0)).toBe(true);
  expect(take(budget, 1)).toBe(false);
});

test('no budget, no bound; one that comes later knows what was spent', () => {
  const { budget } = setup();
  expect(budget.remaining()).toBeUndefined();
  expect(take(budget, 1e15)).toBe(true);
  budget.limitTo(1e15 + 5);
  expect(budget.remaining()).toBe(5);
  budget.limitTo(undefined);
  expect(budget.remaining()).toBeUndefined();
});

test('in no 24 hours more than the budget is spent, as long as runs use no more than was set aside', () => {
  const step = fc.record({
    afterMs: fc.integer({ min: 0, max: 4 * hourMs }),
    bytes: fc.integer({ min: 0, max: 700 }),
    usedShare: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      const { budget, passMs } = setup(1_000);
      const spent: [atMs: number, bytes: number][] = [];
      let nowMs = 0;
      for (const { afterMs, bytes, usedShare } of steps) {
        nowMs += afterMs;
        passMs(afterMs);
        const reservation = budget.reserve(bytes);
        const used = reservation === undefined ? 0 : Math.floor(bytes * usedShare);
        reservation?.settle(used);
        spent.push([nowMs, used]);
        const inWindow = spent.filter(([atMs]) => atMs > nowMs - 24 * hourMs).reduce((sum, [, one]) => sum + one, 0);
        expect(inWindow).toBeLessThanOrEqual(1_000);
      }
    }),
  );
});

test('what was spent can be put into another budget; what is set aside counts as spent there', () => {
  const { budget, passMs } = setup(10_000);
  take(budget, 1_000);
  passMs(3 * hourMs);
  take(budget, 200);
  budget.reserve(3_000);
  const after = setup(10_000);
  after.budget.restore(budget.spent());
  expect(after.budget.remaining()).toBe(10_000 - 4_200);
  // Never forgotten early, and late by two steps at most: the budget's own, and that of what was written down.
  after.passMs(21 * hourMs - 1);
  expect(after.budget.remaining()).toBe(10_000 - 4_200);
  after.passMs(20 * 60_000 + 1);
  expect(after.budget.remaining()).toBe(10_000 - 3_200);
  after.passMs(3 * hourMs + 20 * 60_000);
  expect(after.budget.remaining()).toBe(10_000);
});

test('nothing is told as set aside when nothing is', () => {
  const { budget } = setup(1_000);
  expect(budget.spent()).toEqual([]);
  take(budget, 7);
  expect(budget.spent()).toEqual([{ agoMs: 0, bytes: 7 }]);
});

test('whoever asks is told of changes too', () => {
  const { budget, told } = setup(1_000);
  const later: (number | undefined)[] = [];
  budget.onChange((left) => later.push(left));
  budget.limitTo(500);
  budget.limitTo(undefined);
  expect([told, later]).toEqual([
    [500, undefined],
    [500, undefined],
  ]);
});
