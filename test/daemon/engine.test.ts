import { afterEach, expect, test } from 'vitest';
import { createEngine } from '../../src/daemon/engine.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { atBearablePace } from '../support/pace.ts';
import { checkOf } from '../support/checks.ts';

const open: DemoRegistry[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((registry) => registry.close()));
});

const signal = new AbortController().signal;

function sendMs(run: Run): number {
  expect(run.failure).toBeUndefined();
  return run.attempts[0]?.requests.find(({ phase }) => phase === 'send')?.sendMs ?? Number.NaN;
}

test('all pushes together keep to the configured bandwidth; without one they do not wait', async () => {
  const registry = await startRegistry({ bytes: 'discard' });
  open.push(registry);
  const engine = createEngine();
  const check = checkOf(registry.url, { sizeBytes: 1_000_000 });
  engine.limitBandwidth(8_000_000);
  const alone = sendMs(await engine.run(check, { signal }));
  // 1 MB at 1 MB/s, but for the first chunk of 32 KiB, which does not wait.
  expect(alone).toBeGreaterThan(1_000 * (1 - 0.033) * 0.98);
  // How exact it is when nothing disturbs it is measured with a fake clock and in the benchmark.
  expect(alone).toBeLessThan(10_000);
  const startedMs = performance.now();
  const both = await Promise.all([engine.run(check, { signal }), engine.run(check, { signal })]);
  // From before both to after both: whichever of them starts late, it takes no less.
  expect(performance.now() - startedMs).toBeGreaterThan(1_850);
  expect(both.map(({ failure }) => failure)).toEqual([undefined, undefined]);
  engine.limitBandwidth(undefined);
  const free = await atBearablePace(100, async () => sendMs(await engine.run(check, { signal })));
  expect(free).toBeLessThan(alone);
});

test('a pacer of a search comes on top of the bandwidth', async () => {
  const registry = await startRegistry({ bytes: 'discard' });
  open.push(registry);
  const engine = createEngine();
  engine.limitBandwidth(8_000_000);
  let asked = 0;
  const run = engine.paced({
    take: async (bytes) => {
      asked += bytes;
    },
  });
  expect(sendMs(await run(checkOf(registry.url, { sizeBytes: 500_000 }), { signal }))).toBeGreaterThan(440);
  expect(asked).toBe(500_000);
});

test('an abort while waiting for bandwidth ends the run at once, as cancelled', async () => {
  const registry = await startRegistry({ bytes: 'discard' });
  open.push(registry);
  const engine = createEngine();
  engine.limitBandwidth(80_000);
  const abort = new AbortController();
  registry.intercept = ({ method }) => {
    if (method === 'PATCH') setImmediate(() => abort.abort());
    return undefined;
  };
  const run = await engine.run(checkOf(registry.url, { sizeBytes: 1_000_000 }), { signal: abort.signal });
  expect(run.failure?.reason).toBe('cancelled');
  // All of it would take 100 s.
  expect(run.durationMs).toBeLessThan(20_000);
  expect(registry.openSessions).toEqual([]);
});

test('what is pulled keeps to the bandwidth, too', async () => {
  const registry = await startRegistry();
  open.push(registry);
  const engine = createEngine();
  const check = checkOf(registry.url, { sizeBytes: 4_000_000 });
  engine.limitBandwidth(80_000_000);
  const run = await engine.run({ ...check, workload: { ...check.workload, pull: true } }, { signal });
  expect(run.failure).toBeUndefined();
  expect(run.pulledBytes).toBe(2 * 4_000_000);
  const pullMs = run.attempts.flatMap(({ requests }) => requests).find(({ phase }) => phase === 'pull')?.durationMs;
  // 4 MB at 10 MB/s, but for the first read, which does not wait.
  expect(pullMs).toBeGreaterThan(400 * 0.98 - 7);
  expect(pullMs).toBeLessThan(10_000);
});

test('a registry that sends more than the blob is not read to the end', async () => {
  const registry = await startRegistry();
  open.push(registry);
  registry.intercept = ({ method, url }) =>
    method === 'GET' && url.includes('/blobs/sha256:')
      ? { kind: 'answer', status: 200, body: 'x'.repeat(20_000_000) }
      : undefined;
  const check = checkOf(registry.url, { sizeBytes: 100_000 });
  const run = await createEngine().run({ ...check, workload: { ...check.workload, pull: true } }, { signal });
  expect(run.failure?.reason).toBe('body_truncated');
  expect(run.failure?.evidence.message).toMatch(/of 100000, and more came$/);
  // The blob, 64 KiB more, and the read that passed the bound.
  expect(run.pulledBytes).toBeLessThanOrEqual(100_000 + 2 * 65_536);
  expect(run.wireBytes).toBeLessThan(1_000_000);
});
