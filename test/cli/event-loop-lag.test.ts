import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { measureEventLoopLag } from '../../src/cli/event-loop-lag.ts';

function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('a blocked event loop shows, and is forgotten after two windows', async () => {
  const lag = measureEventLoopLag(400);
  try {
    await sleep(50);
    block(900);
    await sleep(50);
    expect(lag.longestSeconds()).toBeGreaterThan(0.8);
    expect(lag.longestSeconds()).toBeLessThan(5);
    await sleep(1_000);
    expect(lag.longestSeconds()).toBeLessThan(0.8);
  } finally {
    lag.stop();
  }
});

test('a measurement of its own sees only its own time', async () => {
  const lag = measureEventLoopLag();
  try {
    const before = lag.start();
    await sleep(50);
    block(900);
    await sleep(50);
    const after = lag.start();
    expect(before()).toBeGreaterThan(800);
    await sleep(50);
    expect(after()).toBeLessThan(800);
  } finally {
    lag.stop();
  }
});
