import { afterEach, expect, test } from 'vitest';
import { createEngine } from '../../src/cli/engine.ts';
import { type DemoRegistry, startRegistry } from '../../src/demo/registry.ts';
import type { Run } from '../../src/probe/outcome.ts';
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
  expect(alone).toBeLessThan(1_000 * 1.02 + 100);
  const both = await Promise.all([engine.run(check, { signal }), engine.run(check, { signal })]);
  expect(Math.max(...both.map(sendMs))).toBeGreaterThan(1_850);
  engine.limitBandwidth(undefined);
  expect(sendMs(await engine.run(check, { signal }))).toBeLessThan(500);
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
  setTimeout(() => abort.abort(), 300);
  const run = await engine.run(checkOf(registry.url, { sizeBytes: 1_000_000 }), { signal: abort.signal });
  expect(run.failure?.reason).toBe('cancelled');
  expect(run.durationMs).toBeLessThan(1_500);
  expect(registry.openSessions).toEqual([]);
});
