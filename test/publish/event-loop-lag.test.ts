import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { watchEventLoopLag } from '../../src/publish/event-loop-lag.ts';

test('a blocked event loop shows in this window and the next, then is forgotten; reading resets nothing', async () => {
  const lag = watchEventLoopLag(400);
  try {
    await sleep(50);
    const end = Date.now() + 300;
    while (Date.now() < end) {
      // Block.
    }
    await sleep(50);
    expect(lag.maxSeconds()).toBeGreaterThan(0.25);
    expect(lag.maxSeconds()).toBeGreaterThan(0.25);
    // In the middle of the next window.
    await sleep(200);
    expect(lag.maxSeconds()).toBeGreaterThan(0.25);
    // On a busy machine something else may delay the loop meanwhile; in the end there are two quiet windows.
    while (lag.maxSeconds() > 0.25) {
      await sleep(100);
    }
  } finally {
    lag.stop();
  }
});
