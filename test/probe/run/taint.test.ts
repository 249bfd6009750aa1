import { describe, expect, test } from 'vitest';
import { isTainted, taintCauses } from '../../../src/probe/run/taint.ts';

describe('tainted', () => {
  const limitMs = 250;
  test.each([
    ['neither', { eventLoopLagMs: 250, throttledMs: 250, durationMs: 100 }, false],
    ['the loop was late', { eventLoopLagMs: 251, throttledMs: 0, durationMs: 1e6 }, true],
    ['throttled for long', { eventLoopLagMs: 0, throttledMs: 251, durationMs: 1_000 }, true],
    [
      'throttled for long, but no 2 % of a long run',
      { eventLoopLagMs: 0, throttledMs: 1_900, durationMs: 100_000 },
      false,
    ],
    ['throttled for more than 2 % of a long run', { eventLoopLagMs: 0, throttledMs: 2_100, durationMs: 100_000 }, true],
    ['throttling unknown', { eventLoopLagMs: 10, throttledMs: undefined, durationMs: 1_000 }, false],
  ])('%s', (_name, delays, tainted) => {
    expect(isTainted(delays, limitMs)).toBe(tainted);
  });

  test('the reader is told what it was', () => {
    const format = (ms: number): string => `${ms} ms`;
    expect(taintCauses({ eventLoopLagMs: 300 }, format)).toBe('the event loop was late by 300 ms');
    expect(taintCauses({ eventLoopLagMs: 300, cpuThrottling: { periods: 9, ms: 800 } }, format)).toBe(
      'the event loop was late by 300 ms, the CPU limit stopped it for 800 ms, all processors together',
    );
  });
});
