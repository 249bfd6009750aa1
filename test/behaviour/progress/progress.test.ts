import { afterEach, describe, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import type { Fault } from '../../support/lab/faults/fault.ts';
import { startRegistry } from '../../support/lab/registry.ts';
import { createBandwidthPacer } from '../../../src/network/body/pacer.ts';
import type { RunDeps } from '../../../src/probe/deps.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';

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
