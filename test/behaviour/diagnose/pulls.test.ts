import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DemoEdge, startEdge } from '../../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { roundVerdict } from '../../../src/probe/compare/verdict.ts';
import { findingFor, judgeRun } from '../../../src/probe/diagnose/judge-run.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { failureSection } from '../../../src/publish/page/failure-section.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';

let registry: DemoRegistry;
let edge: DemoEdge;
beforeEach(async () => {
  registry = await startRegistry();
  edge = await startEdge({ upstream: registry.url });
});
afterEach(() => Promise.all([edge.close(), registry.close()]));

const sizeBytes = 900_000;

/** A check with `pull: true`, three attempts, as a client that begins each pull anew. */
function pulled(origin: string, name: string): Promise<Run> {
  const workload = { name: 'large', kind: 'blob', layerBytes: [sizeBytes], pull: true } as const;
  const check = checkOf(origin, {
    client: 'skopeo@1.9',
    path: { name, kind: 'ingress' },
    check: { workload, retries: 3 },
  });
  return runOnce(check, runDeps({}, []));
}

test('a run whose pulls are cut after the same bytes has cause, hop and remedy: in the verdict of the round and on its page', async () => {
  edge.setFaults([
    {
      kind: 'reset-at',
      afterBytes: 300_000,
      direction: 'response',
      gently: true,
      when: { methods: ['GET'], pathContains: 'blobs/sha256:' },
    },
  ]);
  const cut = await pulled(edge.url, 'public');
  const whole = await pulled(registry.url, 'direct');
  expect(cut.failure).toMatchObject({ phase: 'pull', reason: 'connection_reset' });
  expect(cut.failure?.evidence.pulledBytes).toBeGreaterThan(0);
  const finding = findingFor(cut, [whole]);
  expect(finding).toMatchObject({ cause: 'pull_size_limit', hop: 'ingress', confidence: 'certain' });
  const verdict = roundVerdict([cut, whole], { judge: judgeRun });
  expect(verdict).toMatchObject({
    kind: 'path-fault',
    faults: [
      {
        path: 'public',
        cause: 'pull_size_limit',
        hop: 'ingress',
        remedy: expect.stringContaining('proxy_max_temp_file_size'),
      },
    ],
  });
  const page = String(failureSection(cut.failure!, finding));
  expect(page).toContain('A hop ends pulls after a certain number of bytes');
  expect(page).toMatch(/Pulled[^]*293 KiB when the request was/);
});

test('the healthy twin says nothing', async () => {
  const whole = await pulled(edge.url, 'public');
  expect(whole.ok).toBe(true);
  expect(findingFor(whole)).toBeUndefined();
});

test('what is put there over one path and pulled over another: each request goes its way, once, and nothing stays', async () => {
  const there = checkOf(registry.url, { path: { name: 'direct' } }).path;
  const workload = { name: 'large', kind: 'blob', layerBytes: [sizeBytes], pull: true } as const;
  const check = checkOf(edge.url, { check: { workload, pushedOver: there } });
  const run = await runOnce(check);
  expect(run).toMatchObject({ ok: true, sentBytes: sizeBytes, pulledBytes: sizeBytes, pulls: { cold: {} } });
  expect(run.pulls?.warm).toBeUndefined();
  expect(edge.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  expect(edge.requests.filter(({ path }) => path.includes('blobs/sha256:'))).toHaveLength(1);
  expect([...registry.blobs]).toEqual([]);
});
