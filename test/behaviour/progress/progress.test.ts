import { afterEach, describe, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import type { Fault } from '../../support/lab/faults/fault.ts';
import { startRegistry } from '../../support/lab/registry.ts';
import { createBandwidthPacer } from '../../../src/network/body/pacer.ts';
import type { RunDeps } from '../../../src/probe/deps.ts';
import { type ProgressPoint, ProgressSamples } from '../../../src/probe/run/progress-samples.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';

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

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

async function pushOver(faults: readonly Fault[], sizeBytes: number, deps: RunDeps) {
  const registry = await startRegistry();
  open.push(registry);
  const edge = await startEdge({ upstream: registry.url, faults });
  open.push(edge);
  const run = await runOnce(checkOf(edge.url, { sizeBytes }), deps);
  const requests = run.attempts.flatMap((attempt) => attempt.requests);
  return {
    run,
    sent: requests.filter(({ phase }) => phase === 'send'),
    others: requests.filter(({ phase }) => phase !== 'send'),
  };
}

describe('a run', () => {
  test('keeps the bytes of its slow upload over time, on the clock of the run, and of nothing else', async () => {
    const pacer = createBandwidthPacer();
    pacer.limitTo(4_000_000);
    const { run, sent, others } = await pushOver([], 4_000_000, runDeps({ pacer }));
    expect(run.ok).toBe(true);
    const [{ progress = [], startMs, durationMs } = { startMs: 0, durationMs: 0 }] = sent;
    expect(progress.length).toBeGreaterThan(5);
    expect(progress[0]?.[1]).toBe(0);
    expect(progress[0]?.[0]).toBeGreaterThanOrEqual(Math.floor(startMs));
    expect(progress.at(-1)?.[1]).toBe(4_000_000);
    expect(progress.at(-1)?.[0]).toBeLessThanOrEqual(Math.ceil(startMs + durationMs));
    const halfway = progress.filter(([, bytes]) => bytes > 1_000_000 && bytes < 3_000_000);
    expect(halfway.length).toBeGreaterThan(1);
    expect(others.filter((request) => 'progress' in request)).toEqual([]);
  });

  test('keeps none of an upload that is over at once', async () => {
    const { run, sent } = await pushOver([], 10_000, runDeps());
    expect(run.ok).toBe(true);
    expect(sent).toHaveLength(1);
    expect(sent[0]).not.toHaveProperty('progress');
  });

  test('shows where it stood still until we gave up', async () => {
    const { run, sent } = await pushOver(
      [{ kind: 'stall-at', afterBytes: 1_000_000 }],
      60_000_000,
      runDeps({ stallTimeoutMs: 2_000 }),
    );
    expect(run.failure?.reason).toBe('upload_stalled');
    const { progress = [], sentBytes = 0 } = sent[0] ?? {};
    const [endMs, endBytes] = progress.at(-1) ?? [0, 0];
    const stood = progress.find(([, bytes]) => bytes === sentBytes);
    expect(endBytes).toBe(sentBytes);
    expect(sentBytes).toBeGreaterThan(0);
    expect(endMs - (stood?.[0] ?? endMs)).toBeGreaterThan(1_500);
  });
});
