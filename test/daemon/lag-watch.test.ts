import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { LagWatch } from '../../src/daemon/lag-watch.ts';

const watch = new LagWatch();

/** The longest delay of a span in which the loop is blocked so long. */
async function blockedFor(ms: number): Promise<number> {
  const end = watch.start();
  await sleep(50);
  const until = performance.now() + ms;
  while (performance.now() < until);
  await sleep(50);
  return end();
}

test('a watch sees the delays of its own time, and those only', async () => {
  const blockedMs = await blockedFor(900);
  expect(blockedMs).toBeGreaterThan(800);
  // A busy machine may be late by as much; it is not so for long, and a watch that remembered would be.
  await expect.poll(() => blockedFor(0)).toBeLessThan(800);
});

test('runs side by side each see their own time, what is still under way included', () => {
  const early = watch.start();
  const until = performance.now() + 300;
  while (performance.now() < until);
  const late = watch.start();
  // Nothing has ticked yet: the first has been kept waiting, the second has only begun. Asked last, the first has what comes between, too.
  const lateMs = late();
  expect(early() - lateMs).toBeGreaterThan(290);
});

test('runs by the thousand take no memory that stays', () => {
  const before = process.memoryUsage().rss;
  for (let run = 0; run < 1_000; run += 1) watch.start()();
  // Node's own monitor takes 370 MB for so many.
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
});
