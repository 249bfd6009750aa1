import { afterEach, describe, expect, test } from 'vitest';
import type { QuirksName } from '../../support/lab/quirks.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import {
  type BehaviourName,
  behaviourNames,
  type ConformanceRound,
  mostRoundBytes,
  tryConformance,
} from '../../../src/probe/diagnose/conformance.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import { checkOf, runDeps } from '../../support/checks.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

async function registryOf(options: Parameters<typeof startRegistry>[0] = {}): Promise<DemoRegistry> {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}

function round(
  registry: DemoRegistry,
  changes: Parameters<typeof checkOf>[1] = {},
  signal = new AbortController().signal,
): Promise<ConformanceRound> {
  return tryConformance(checkOf(registry.url, changes), runDeps(), { timeoutMs: 30_000, signal });
}

/** `supported: answered 204`, by name. */
function words({ behaviours }: ConformanceRound): Record<BehaviourName, string> {
  const rows = behaviourNames.map((name) => [name, `${behaviours[name].outcome}: ${behaviours[name].words}`]);
  return Object.fromEntries(rows) as Record<BehaviourName, string>;
}

const asSpecified: Record<BehaviourName, string> = {
  chunk_lengths: 'not supported: answered 202 with neither',
  chunk_in_order: 'supported: answered 202',
  upload_status: 'supported: answered 204',
  chunk_out_of_order: 'supported: answered 416',
  chunk_after_refusal: 'supported: answered 202',
  upload_cancel: 'supported: answered 204',
  mount_absent: 'supported: answered 202 with an upload',
  mount: 'supported: answered 201 as if mounted',
  blob_missing: 'supported: answered 404',
  blob_range: 'supported: answered 206',
  blob_range_beyond: 'supported: answered 416',
  referrers: 'supported: answered 200',
};

const ofGitea = {
  blob_range: 'not supported: answered 200 with all of it',
  blob_range_beyond: 'not supported: answered 200',
  referrers: 'not supported: answered 404',
};

describe('behaviours of the specification over one path', () => {
  test.each<[QuirksName, Partial<Record<BehaviourName, string>>]>([
    ['spec', {}],
    ['gitea', ofGitea],
    ['zot', {}],
    ['distribution-3', {}],
    ['gitea-old', { ...ofGitea, upload_status: 'not supported: answered 204 with Range 0-16, without Location' }],
    [
      'harbor-quota',
      {
        chunk_out_of_order: 'not supported: answered 202',
        chunk_after_refusal: 'not known: no chunk was refused with 416',
      },
    ],
  ])('%s: each as that registry has it, and nothing is left', async (quirks, differences) => {
    const registry = await registryOf({ quirks, quirksChanges: { deletion: 'enabled' } });
    const seen = await round(registry);
    expect(words(seen)).toEqual({ ...asSpecified, ...differences });
    expect(seen.opened).toBe(true);
    expect(registry.openSessions).toEqual([]);
    expect([...registry.blobs]).toEqual([]);
    expect(seen.sentBytes).toBeLessThanOrEqual(mostRoundBytes);
    expect(registry.requestTotal).toBeLessThanOrEqual(36);
  });

  test('where nothing may be deleted the sessions are cancelled all the same, and one blob of 64 bytes stays', async () => {
    const registry = await registryOf({ quirks: 'distribution-2.8' });
    await round(registry);
    expect(registry.openSessions).toEqual([]);
    expect([...registry.blobs.values()]).toEqual([64]);
  });

  test('behind a login that it does not get', async () => {
    const registry = await registryOf({ auth: { kind: 'bearer', users: [] } });
    const { mount } = words(await round(registry));
    expect(mount).toMatch(/^not known: no upload session was opened: 401 .* \(auth_rejected\) in auth,/);
  });

  test('behind a login', async () => {
    const registry = await registryOf({ auth: { kind: 'bearer', users: [{ name: 'probe', password: 'right' }] } });
    const credentials = { kind: 'basic', username: 'probe', password: Secret.of('right') } as const;
    expect(words(await round(registry, { registry: { credentials } }))).toEqual(asSpecified);
    expect(registry.openSessions).toEqual([]);
    expect([...registry.blobs]).toEqual([]);
  });

  test.each<[least: number, sent: number, expected: string]>([
    [512, 512, 'supported: answered 202'],
    [5_242_880, 0, 'not known: the registry wants larger chunks than this sends'],
  ])('a least length of %i is kept, by chunks or by none', async (chunkMinBytes, sent, expected) => {
    const registry = await registryOf({ settings: { chunkMinBytes } });
    const seen = words(await round(registry));
    expect(seen.chunk_lengths).toBe(`supported: answered 202 with min ${chunkMinBytes}`);
    expect(seen.chunk_in_order).toBe(expected);
    const chunk = registry.requests.find(({ method }) => method === 'PATCH');
    expect(chunk?.receivedBytes ?? 0).toBe(sent);
  });

  test.each<[least: string, sent: number | undefined]>([
    ['8', 16],
    ['17', 17],
    ['1024', 1_024],
    ['1025', undefined],
    ['0', 16],
    ['-20', 16],
    ['20.5', 16],
    ['many', 16],
  ])('a least length of `%s`: chunks of %s bytes', async (least, sent) => {
    const registry = await registryOf({
      intercept: ({ method, path }) =>
        method === 'POST' && path.endsWith('/uploads/')
          ? { kind: 'pass', headers: { 'OCI-Chunk-Min-Length': least } }
          : undefined,
    });
    const { sentBytes } = await round(registry);
    const chunks = registry.requests.filter(({ method }) => method === 'PATCH');
    expect(chunks.map(({ receivedBytes }) => receivedBytes)).toEqual(sent === undefined ? [] : [sent, sent, sent]);
    expect(sentBytes).toBe(64 + 3 * (sent ?? 0));
  });

  test('the greatest length is read, too', async () => {
    const registry = await registryOf({
      intercept: ({ method, path }) =>
        method === 'POST' && path.endsWith('/uploads/')
          ? { kind: 'pass', headers: { 'OCI-Chunk-Max-Length': '1000000' } }
          : undefined,
    });
    expect(words(await round(registry)).chunk_lengths).toBe('supported: answered 202 with max 1000000');
  });

  test.each<[BehaviourName, method: string, part: string, answer: { status: number; body?: string }, expected: string]>(
    [
      ['referrers', 'GET', '/referrers/', { status: 404 }, 'not supported: answered 404'],
      [
        'referrers',
        'GET',
        '/referrers/',
        { status: 200, body: '<html>' },
        'not supported: answered 200 without an index',
      ],
      ['referrers', 'GET', '/referrers/', { status: 502 }, 'not known: answered 502'],
      ['referrers', 'GET', '/referrers/', { status: 429 }, 'not known: answered 429'],
      ['upload_status', 'GET', '/uploads/', { status: 405 }, 'not supported: answered 405'],
      [
        'upload_status',
        'GET',
        '/uploads/',
        { status: 204 },
        'not supported: answered 204 without Range, without Location',
      ],
      ['upload_cancel', 'DELETE', '/uploads/', { status: 405 }, 'not supported: answered 405'],
      ['upload_cancel', 'DELETE', '/uploads/', { status: 403 }, 'not known: answered 403'],
      ['blob_missing', 'HEAD', '/blobs/', { status: 200 }, 'not supported: answered 200'],
      [
        'blob_range',
        'GET',
        '/blobs/sha256',
        { status: 206, body: 'wrong' },
        'not supported: answered 206 with other bytes',
      ],
      ['blob_range', 'GET', '/blobs/sha256', { status: 501 }, 'not supported: answered 501'],
    ],
  )('%s: %s of %s answered %j', async (name, method, part, answer, expected) => {
    const registry = await registryOf({
      intercept: (request) =>
        request.method === method && request.path.includes(part) ? { kind: 'answer', ...answer } : undefined,
    });
    expect(words(await round(registry))[name]).toBe(expected);
  });

  test('a registry that ignores Range gives all of a blob', async () => {
    const registry = await registryOf({
      intercept: ({ method }) => (method === 'GET' ? { kind: 'pass', blobBody: { ignoresRange: true } } : undefined),
    });
    expect(words(await round(registry))).toMatchObject({
      blob_range: 'not supported: answered 200 with all of it',
      blob_range_beyond: 'not supported: answered 200',
    });
  });

  test('an upload that does not go on after a refusal', async () => {
    let patches = 0;
    const registry = await registryOf({
      intercept: ({ method }) =>
        method === 'PATCH' && (patches += 1) === 3 ? { kind: 'answer', status: 404 } : undefined,
    });
    expect(words(await round(registry))).toMatchObject({
      chunk_out_of_order: 'supported: answered 416',
      chunk_after_refusal: 'not supported: answered 404',
    });
  });

  test('a connection that ends makes its row not known, and no other', async () => {
    const registry = await registryOf({
      intercept: ({ path }) => (path.includes('/referrers/') ? { kind: 'reset' } : undefined),
    });
    const { referrers, ...others } = words(await round(registry));
    expect(referrers).toMatch(/^not known: connection_reset.* in pull,/);
    expect(registry.requests[0]?.headers['user-agent']).toBe('blobprobe (conformance)');
    expect({ ...others, referrers: asSpecified.referrers }).toEqual(asSpecified);
  });

  test('a chunk that is lost says where, and was not refused', async () => {
    let patches = 0;
    const registry = await registryOf({
      intercept: ({ method }) => (method === 'PATCH' && (patches += 1) === 2 ? { kind: 'reset' } : undefined),
    });
    const seen = words(await round(registry));
    expect(seen.chunk_out_of_order).toMatch(/^not known: (?:connection_reset|stale_connection), .* in (?:send|wait),/);
    expect(seen.chunk_after_refusal).toBe('not known: no chunk was refused with 416');
  });

  test('a small blob that cannot be pushed says so where it was pushed, and nothing else of it is known', async () => {
    const registry = await registryOf({
      intercept: ({ method }) => (method === 'PUT' ? { kind: 'answer', status: 413 } : undefined),
    });
    const none = 'not known: no small blob could be pushed';
    const { mount, ...others } = words(await round(registry));
    expect(mount).toMatch(/^not known: 413 .*body_too_large/);
    expect(others).toMatchObject({ blob_missing: asSpecified.blob_missing, blob_range: none, blob_range_beyond: none });
    expect(registry.openSessions).toEqual([]);
  });

  test('what could not be removed is left in the ledger, under the name of the path', async () => {
    const registry = await registryOf({
      intercept: ({ method, path }) =>
        method === 'DELETE' && path.includes('sha256') ? { kind: 'answer', status: 405 } : undefined,
    });
    const ledger = new Ledger();
    const options = { timeoutMs: 30_000, signal: new AbortController().signal };
    const { path } = await tryConformance(checkOf(registry.url), runDeps({ ledger }), options);
    expect([path, ledger.entries]).toMatchObject(['direct', [{ kind: 'blob', path }]]);
  });

  test('a round ends at its bound', async () => {
    const registry = await registryOf({
      intercept: ({ method }) => (method === 'POST' ? { kind: 'stall' } : undefined),
    });
    const options = { timeoutMs: 1, signal: new AbortController().signal };
    const { behaviours } = await tryConformance(checkOf(registry.url), runDeps(), options);
    expect(behaviours.mount.words).toMatch(/^no upload session was opened: deadline/);
  });

  test('no session, or nobody there, or aborted: nothing is known, and nothing more is asked', async () => {
    const registry = await registryOf({
      intercept: ({ method }) => (method === 'POST' ? { kind: 'answer', status: 404 } : undefined),
    });
    const refused = await round(registry);
    expect(refused.opened).toBe(false);
    expect(new Set(Object.values(refused.behaviours).map(({ outcome }) => outcome))).toEqual(new Set(['not known']));
    expect(registry.requestTotal).toBe(1);
    const aborted = await round(registry, {}, AbortSignal.abort());
    expect(aborted.opened).toBe(false);
    expect(registry.requestTotal).toBe(1);
    await registry.close();
    const away = await round(registry);
    expect(away.opened).toBe(false);
    expect(away.behaviours.referrers.words).toMatch(/^no upload session was opened: connect_refused/);
  });
});
