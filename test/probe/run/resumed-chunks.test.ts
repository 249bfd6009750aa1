import { afterEach, expect, test } from 'vitest';
import { startRegistry } from '../../support/lab/registry.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

interface Answer {
  readonly status: number;
  /** With this Range, and a Location. */
  readonly range?: string;
  readonly retryAfter?: string;
}

const sizeBytes = 2_500_000;

/** regctl's push of 2.5 MB to a registry that refuses the PUT; `patch` answers the n-th chunk, from 1, `get` whoever asks. */
async function push(
  patch: (nth: number) => Answer | undefined,
  { get, retries = 'profile' }: { readonly get?: Answer; readonly retries?: 'profile' | 'none' } = {},
): Promise<{ readonly run: Run; readonly requests: readonly string[]; readonly held: readonly number[] }> {
  const registry = await startRegistry({ quirksChanges: { emptyRange: '0--1' } });
  open.push(registry);
  let chunks = 0;
  registry.intercept = ({ method, url, headers }) => {
    const refusesPut = method === 'PUT' && headers['content-length'] !== '0';
    chunks += method === 'PATCH' ? 1 : 0;
    const answer = method === 'PATCH' ? patch(chunks) : method === 'GET' ? get : undefined;
    if (answer === undefined) return refusesPut ? { kind: 'answer', status: 413, headers: {} } : undefined;
    const { status, range, retryAfter } = answer;
    const place: Record<string, string> = range === undefined ? {} : { location: url, range };
    const hint: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': retryAfter };
    return { kind: 'answer', status, headers: { ...place, ...hint } };
  };
  const run = await runOnce(
    checkOf(registry.url, { client: 'regctl', sizeBytes, registry: { cleanup: 'keep' }, check: { retries } }),
    runDeps({}, []),
  );
  const requests = run.attempts.flatMap((attempt) => attempt.requests);
  return {
    run,
    // After HEAD, POST and the PUT.
    requests: requests.slice(3).map(({ method, plannedBytes, status }) => `${method} ${plannedBytes} ${status}`),
    held: [...registry.blobs.values()],
  };
}

const count = (requests: readonly string[], method: string): number =>
  requests.filter((request) => request.startsWith(method)).length;

test('a refused chunk goes again after the registry was asked what it holds', async () => {
  const { run, requests, held } = await push((nth) => (nth === 2 ? { status: 503 } : undefined));
  expect(run.failure).toBeUndefined();
  expect(requests).toEqual([
    'PATCH 1048576 202',
    'PATCH 1048576 503',
    'GET 0 204',
    'PATCH 1048576 202',
    'PATCH 402848 202',
    'PUT 0 201',
  ]);
  expect(held).toEqual([sizeBytes]);
});

test('a refusal that tells the place is not asked after', async () => {
  const { requests, held } = await push((nth) => (nth === 2 ? { status: 416, range: '0-1048575' } : undefined));
  expect(requests).toEqual([
    'PATCH 1048576 202',
    'PATCH 1048576 416',
    'PATCH 1048576 202',
    'PATCH 402848 202',
    'PUT 0 201',
  ]);
  expect(held).toEqual([sizeBytes]);
});

test('what the registry has of a chunk is not sent again', async () => {
  const { requests } = await push((nth) => (nth === 1 ? { status: 202, range: '0-999999' } : undefined));
  expect(requests.slice(0, 2)).toEqual(['PATCH 1048576 202', expect.stringMatching(/^PATCH 48576 /)]);
});

test('ten refusals are gone on from, and the next one stands', async () => {
  const { run, requests } = await push(() => ({ status: 404 }));
  expect([count(requests, 'PATCH'), count(requests, 'GET')]).toEqual([11, 11]);
  expect(run.failure).toMatchObject({ reason: 'session_lost', status: 404, sentBytes: 1_048_576 });
});

test('a chunk that is accepted makes one refusal good', async () => {
  const { run, requests } = await push((nth) => (nth === 11 || nth > 12 ? undefined : { status: 404 }));
  expect(run.failure).toBeUndefined();
  expect(count(requests, 'GET')).toBe(11);
});

test('the refusal stands when the registry does not say what it holds', async () => {
  const { run, requests } = await push(() => ({ status: 503 }), { get: { status: 503 } });
  expect(requests).toEqual(['PATCH 1048576 503', 'GET 0 503']);
  expect(run.failure).toMatchObject({ reason: 'registry_error', status: 503, sentBytes: 1_048_576 });
});

test.each([
  ['a 401 ends the push', { status: 401 }, 1],
  ['six sendings that were asked to wait end the push', { status: 429, retryAfter: '1' }, 6],
] as const)('%s', async (_, answer, sendings) => {
  const { run, requests } = await push(() => answer);
  expect([count(requests, 'PATCH'), count(requests, 'GET')]).toEqual([sendings, 0]);
  expect(run.failure?.status).toBe(answer.status);
});

test('where the profile does not try again each answer stands', async () => {
  const { run, requests } = await push(() => ({ status: 503 }), { retries: 'none' });
  expect(requests).toEqual(['PATCH 1048576 503']);
  expect(run.failure?.status).toBe(503);
});

test('a chunk that is accepted and not held is not sent for ever', async () => {
  const { run, requests } = await push(() => ({ status: 202, range: '0-0' }));
  // The real one goes on from byte 1, again and again.
  expect(requests).toEqual(['PATCH 1048576 202', 'PATCH 1048575 202']);
  expect(run.failure).toMatchObject({ reason: 'body_dropped' });
});

test('chunks do not become a byte small', async () => {
  const { run, requests } = await push(() => ({ status: 202, range: '0-1048570' }));
  expect(requests).toEqual(['PATCH 1048576 202']);
  expect(run.failure).toMatchObject({ reason: 'body_truncated' });
});
