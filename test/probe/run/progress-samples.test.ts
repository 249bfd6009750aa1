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

/** The points of reports at these times, each with a byte more than the one before. */
function pointsOf(timesMs: readonly number[], endMs: number, startMs = 0): readonly ProgressPoint[] {
  const samples = new ProgressSamples();
  timesMs.forEach((atMs, index) => samples.add(atMs, index + 1));
  return samples.take(startMs, endMs, timesMs.length);
}
const ticks = (count: number): number[] => Array.from({ length: count }, (_, index) => (index + 1) * 100);

describe('borders', () => {
  test('a silence of two and a half ticks is none', () => {
    expect(pointsOf([100, 350], 400)).toEqual([
      [0, 0],
      [100, 1],
      [350, 2],
      [400, 2],
    ]);
    expect(pointsOf([250], 300)).toEqual([
      [0, 0],
      [250, 1],
      [300, 1],
    ]);
  });

  test('a longer one is a standstill until a tick before its end, at the beginning too', () => {
    expect(pointsOf([100, 351], 400)).toEqual([
      [0, 0],
      [100, 1],
      [251, 1],
      [351, 2],
      [400, 2],
    ]);
    expect(pointsOf([251], 300)).toEqual([
      [0, 0],
      [151, 0],
      [251, 1],
      [300, 1],
    ]);
  });

  test('a standstill with a report in it has no further point', () => {
    const samples = new ProgressSamples();
    samples.add(100, 1);
    samples.add(500, 1);
    expect(samples.take(0, 600, 1)).toEqual([
      [0, 0],
      [100, 1],
      [500, 1],
      [600, 1],
    ]);
  });

  test('what was reported until sending began is not of it; what was reported after its end is', () => {
    expect(pointsOf([90, 100, 110], 120, 100)).toEqual([
      [100, 0],
      [110, 3],
      [120, 3],
    ]);
    expect(pointsOf([50, 70, 105], 100).at(-1)).toEqual([105, 3]);
  });

  test('forty points stay, and of one more about half', () => {
    expect(pointsOf(ticks(38), 3_900)).toHaveLength(40);
    const times = pointsOf(ticks(39), 4_000).map(([atMs]) => atMs);
    expect(times).toEqual(Array.from({ length: 21 }, (_, index) => index * 200));
  });

  test('thirty that are a tick apart stay when what is nearer goes', () => {
    const nearer = Array.from({ length: 11 }, (_, index) => 150 + index * 100);
    const times = [...ticks(30), ...nearer].toSorted((a, b) => a - b);
    expect(pointsOf(times, 3_100).map(([atMs]) => atMs)).toEqual([0, ...ticks(31)]);
  });

  test('of points that are too near only those stay where a longer standstill begins', () => {
    const samples = new ProgressSamples();
    const gone = new Set([1_300, 2_400, 3_400]);
    const times = ticks(45).filter((atMs) => !gone.has(atMs));
    // Two that stand for two ticks and for one, one that goes on slowly, one that stands for longer than two.
    const stands = new Map([
      [1_400, 1_200],
      [1_600, 1_500],
      [3_540, 3_300],
    ]);
    for (const tick of times) {
      const atMs = tick === 2_500 || tick === 3_500 ? tick + 40 : tick;
      samples.add(atMs, stands.get(atMs) ?? atMs);
    }
    const points = samples.take(0, 4_600, 4_600).map(([atMs]) => atMs);
    expect(points.filter((atMs) => [1_200, 1_500, 2_300, 3_300].includes(atMs))).toEqual([3_300]);
  });
});
