import { describe, expect, test } from 'vitest';
import { type ProgressPoint, ProgressSamples } from '../../../src/probe/run/progress-samples.ts';

/** What ten reports a second leave of a body whose bytes at a time `at` gives. */
function sampled(durationMs: number, at: (ms: number) => number): readonly ProgressPoint[] {
  const samples = new ProgressSamples();
  let last = 0;
  for (let ms = 100; ms <= durationMs; ms += 100) {
    if (at(ms) !== last) {
      last = at(ms);
      samples.add(ms, last);
    }
  }
  return samples.take(0, durationMs, last);
}

/** Bytes at a time, read off the line through the points. */
function lineAt(points: readonly ProgressPoint[], ms: number): number {
  const after = points.findIndex(([atMs]) => atMs >= ms);
  const [x1, y1] = points[after] ?? [0, 0];
  const [x0, y0] = points[after - 1] ?? [x1, y1];
  return x1 === x0 ? y1 : y0 + ((ms - x0) / (x1 - x0)) * (y1 - y0);
}

describe('samples', () => {
  test.each([500, 3_900, 60_000, 3_600_000])(
    'of %d ms are few, in order, from begin to end, and true',
    (durationMs) => {
      const at = (ms: number): number => Math.round((ms / durationMs) ** 2 * 1e9);
      const points = sampled(durationMs, at);
      expect(points.length).toBeLessThanOrEqual(40);
      expect(points.length).toBeGreaterThanOrEqual(Math.min(15, durationMs / 100));
      expect([points[0], points.at(-1)]).toEqual([
        [0, 0],
        [durationMs, 1e9],
      ]);
      expect(points.map(([atMs]) => atMs)).toEqual(points.map(([atMs]) => atMs).toSorted((a, b) => a - b));
      for (let part = 0; part <= 1; part += 0.05)
        expect(Math.abs(lineAt(points, part * durationMs) - at(part * durationMs))).toBeLessThan(2e7);
    },
  );

  test('show a standstill as one, also in a longer one', () => {
    const at = (ms: number): number => (ms < 10_000 ? ms : ms < 70_000 ? 10_000 : ms - 60_000);
    for (const durationMs of [100_000, 600_000]) {
      const points = sampled(durationMs, at);
      expect(points.length).toBeLessThanOrEqual(40);
      expect(lineAt(points, 12_000)).toBe(10_000);
      expect(lineAt(points, 69_000)).toBe(10_000);
    }
  });

  test('show one that lasts to the end, after one report or none', () => {
    expect(sampled(60_000, () => 5)).toEqual([
      [0, 0],
      [100, 5],
      [60_000, 5],
    ]);
    expect(sampled(60_000, () => 0)).toEqual([
      [0, 0],
      [60_000, 0],
    ]);
  });

  test('are those of one request', () => {
    const samples = new ProgressSamples();
    samples.add(100, 7);
    samples.take(0, 200, 9);
    expect(samples.take(300, 400, 1)).toEqual([
      [300, 0],
      [400, 1],
    ]);
  });
});
