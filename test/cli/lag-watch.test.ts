import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { startLagWatch } from '../../src/cli/lag-watch.ts';

test('a watch sees the delays of its own time, and those only', async () => {
  const during = startLagWatch();
  await sleep(50);
  const until = performance.now() + 900;
  while (performance.now() < until);
  await sleep(50);
  const after = startLagWatch();
  expect(during()).toBeGreaterThan(800);
  await sleep(50);
  expect(after()).toBeLessThan(800);
});
