import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EventLoopLag } from '../../../src/publish/metrics/event-loop-lag.ts';

test('a blocked event loop shows in this window and the next, then is forgotten; reading resets nothing', async () => {
  const windowMs = 2_000;
  const lag = new EventLoopLag(windowMs);
  try {
    await sleep(50);
    const end = performance.now() + 1_000;
    while (performance.now() < end) {
      // Block.
    }
    const blockedMs = performance.now();
    await expect.poll(() => lag.maxSeconds(), { interval: 5 }).toBeGreaterThan(0.95);
    expect(lag.maxSeconds()).toBeGreaterThan(0.95);
    // On a busy machine something else may delay the loop meanwhile; in the end there are two quiet windows.
    await expect.poll(() => lag.maxSeconds(), { interval: 5 }).toBeLessThan(0.9);
    // It was there until the window after the one in which it was seen.
    expect(performance.now() - blockedMs).toBeGreaterThan(windowMs - 1_000);
  } finally {
    lag.stop();
  }
});
