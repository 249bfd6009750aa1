import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { watchEventLoopLag } from '../../src/publish/event-loop-lag.ts';

test('a blocked event loop shows in this window and the next, then is forgotten; reading resets nothing', async () => {
  const lag = watchEventLoopLag(400);
  try {
    await sleep(50);
    const end = Date.now() + 150;
    while (Date.now() < end) {
      // Block.
    }
    await sleep(50);
    expect(lag.maxSeconds()).toBeGreaterThan(0.1);
    expect(lag.maxSeconds()).toBeGreaterThan(0.1);
    await sleep(300);
    expect(lag.maxSeconds()).toBeGreaterThan(0.1);
    await sleep(800);
    expect(lag.maxSeconds()).toBeLessThan(0.1);
  } finally {
    lag.stop();
  }
});
