import { afterEach, expect, test } from 'vitest';
import type { Intercept } from '../../support/lab/intercept.ts';
import type { BlobBody } from '../../support/lab/blob-body.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { checkOf, runOnce } from '../../support/checks.ts';

const open: DemoRegistry[] = [];
afterEach(async () => {
  for (const registry of open.splice(0)) await registry.close();
});

const sizeBytes = 300_000;
const workload = { name: 'blob', kind: 'blob', layerBytes: [sizeBytes], pull: true } as const;

/** Pushes a blob and pulls it, while the n-th GET of it (from 1) is answered as the scene says. Waits are a thousandth. */
async function pulled(client: ClientName, scene: (nth: number) => ReturnType<Intercept>): Promise<Run> {
  const registry = await startRegistry();
  open.push(registry);
  let gets = 0;
  registry.intercept = ({ method, path }) => {
    if (method !== 'GET' || !/\/blobs\/sha256/.test(path)) return undefined;
    gets += 1;
    return scene(gets);
  };
  return runOnce(checkOf(registry.url, { client, check: { workload, retries: 'profile', retryWaitScale: 0.001 } }));
}

const body = (blobBody: BlobBody): ReturnType<Intercept> => ({ kind: 'pass', blobBody });
const cut = body({ cutAfterBytes: 100_000 });
const answer = (status: number): ReturnType<Intercept> => ({ kind: 'answer', status, body: 'no' });
const first =
  (...scene: readonly ReturnType<Intercept>[]) =>
  (nth: number) =>
    scene[nth - 1];

/** `200 bytes=…` of each GET of the blob. */
const gets = (run: Run): readonly string[] =>
  run.attempts
    .flatMap(({ requests }) => requests)
    .filter(({ phase, method }) => phase === 'pull' && method === 'GET')
    .map(({ status, range }) => [status, range].filter((word) => word !== undefined).join(' '));
/** How much a reset lets through depends on the moment. */
const withoutOffsets = (requests: readonly string[]): readonly string[] =>
  requests.map((request) => request.replace(/=\d+/, '=…'));
const waits = (run: Run): readonly number[] =>
  run.attempts.flatMap(({ pull, number }) => (pull === undefined ? [] : [number]));

test.each<[ClientName, (nth: number) => ReturnType<Intercept>, readonly string[], number]>([
  ['docker', first(cut), ['200', '206 bytes=100000-', '200'], 1],
  ['docker', first(cut, cut), ['200', '206 bytes=100000-', '206 bytes=200000-', '200'], 2],
  ['docker', first(cut, body({ ignoresRange: true })), ['200', '200 bytes=100000-', '200', '200'], 0],
  ['docker', first(cut, answer(416)), ['200', '416 bytes=100000-', '200', '200'], 0],
  ['docker', first(answer(503)), ['503', '200', '200'], 0],
  ['docker@20.10', first(cut), ['200', '206 bytes=100000-', '200'], 1],
  ['containerd', first(cut, cut), ['200', '206 bytes=100000-', '206 bytes=200000-', '200'], 2],
  ['containerd', first(cut, body({ ignoresRange: true })), ['200', '200 bytes=100000-', '200'], 0],
  ['skopeo', first(cut), ['200', '206 bytes=100000-', '200'], 1],
  ['regctl', first(cut), ['200', `206 bytes=100000-${sizeBytes}`, '200'], 1],
  ['crane', first(answer(429), answer(503)), ['429', '503', '200', '200'], 0],
  ['oras', first(answer(503)), ['503', '200', '200'], 0],
])('%s gets through: %#', async (client, scene, requests, resumed) => {
  const run = await pulled(client, scene);
  expect([run.failure?.evidence.message, gets(run)]).toEqual([undefined, requests]);
  expect(run.pulls).toMatchObject({ cold: { resumed }, warm: { resumed: 0 } });
  expect(run.pulledBytes).toBeGreaterThanOrEqual(2 * sizeBytes);
});

test.each<[ClientName, string, (nth: number) => ReturnType<Intercept>, string, readonly string[]]>([
  ['crane', 'a cut is final', () => cut, 'connection_reset', ['200']],
  ['skopeo@1.9', 'a cut is final', () => cut, 'connection_reset', ['200']],
  ['skopeo', 'a second cut without 1 MiB between', () => cut, 'connection_reset', ['200', '206 bytes=100000-']],
  [
    'skopeo',
    'the whole blob for a Range',
    first(cut, body({ ignoresRange: true })),
    'resume_refused',
    ['200', '200 bytes=100000-'],
  ],
  ['containerd', 'a refused Range', first(cut, answer(416)), 'resume_refused', ['200', '416 bytes=100000-']],
  ['docker', 'a wrong digest is final', () => body({ corrupts: true }), 'body_corrupted', ['200']],
  ['docker', 'a blob that is not there is final', () => answer(404), 'unexpected_response', ['404', '404']],
  [
    'docker',
    'five attempts, each opened twice',
    () => answer(503),
    'registry_error',
    Array.from({ length: 10 }, () => '503'),
  ],
])('%s gives up: %s', async (client, _name, scene, reason, requests) => {
  const run = await pulled(client, scene);
  expect([run.failure?.reason, run.failure?.phase, gets(run)]).toEqual([reason, 'pull', requests]);
});

test('docker goes on after a reset', async () => {
  const run = await pulled('docker@20.10', first(body({ cutAfterBytes: 100_000, resets: true })));
  expect([run.failure, withoutOffsets(gets(run))]).toEqual([undefined, ['200', '206 bytes=…-', '200']]);
});

test('docker goes on where each attempt was cut, and gives up after the fifth', async () => {
  const run = await pulled('docker', () => body({ cutAfterBytes: 10_000 }));
  expect(gets(run)).toEqual(['200', ...[1, 2, 3, 4].map((nth) => `206 bytes=${nth * 10_000}-`)]);
  expect(waits(run)).toEqual([1, 2, 3, 4, 5]);
  expect(run.failure).toMatchObject({
    reason: 'connection_reset',
    phase: 'pull',
    evidence: { askedRange: 'bytes=40000-' },
  });
});

test('without retries nothing is resumed and nothing opened twice: each answer is seen as it is', async () => {
  const registry = await startRegistry();
  open.push(registry);
  registry.intercept = ({ method, path }) => (method === 'GET' && path.includes('/blobs/sha256') ? cut : undefined);
  for (const client of ['docker', 'containerd'] as const) {
    const run = await runOnce(checkOf(registry.url, { client, check: { workload, retries: 'none' } }));
    expect([client, gets(run)]).toEqual([client, ['200']]);
  }
});

test('what caches say of the cold and of the warm pull is kept in their words', async () => {
  const states = ['MISS', 'HIT'];
  const run = await pulled('containerd', (nth) => ({
    kind: 'pass',
    headers: { 'cf-cache-status': states[nth - 1], age: nth === 1 ? undefined : '7' },
  }));
  expect(run.pulls).toMatchObject({ cold: { cache: ['MISS'] }, warm: { cache: ['HIT'] } });
  const nameless = await pulled('containerd', () => ({ kind: 'pass', headers: { age: '7' } }));
  expect(nameless.pulls).toMatchObject({ cold: { cache: ['HIT (age 7)'] } });
});

test.each([
  ['crane', 'client_refused_location'],
  // It goes there, and nobody is there.
  ['docker', 'connect_refused'],
] as const)('%s and a redirect to a store at another private address: %s', async (client, reason) => {
  const run = await pulled(client, () => ({
    kind: 'answer',
    status: 307,
    headers: { Location: 'http://127.0.0.2:9/x' },
  }));
  expect(run.failure?.reason).toBe(reason);
});
