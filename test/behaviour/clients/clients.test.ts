import { afterEach, describe, expect, test } from 'vitest';
import { type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { type ClientName, clientRows } from '../../../src/probe/clients/client-profiles.ts';
import type { Attempt } from '../../../src/probe/outcome.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});
async function registryOf(options: RegistryOptions = {}) {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}

/** Method and framing of each request, ping and token requests included, as a healthy anonymous registry sees them. */
const healthySequences: Readonly<Record<string, readonly string[]>> = {
  docker: ['GET none', 'POST none', 'PATCH chunked', 'PUT none', 'HEAD none'],
  'docker-containerd': ['HEAD none', 'POST none', 'PUT content-length'],
  buildkit: ['HEAD none', 'POST none', 'PUT content-length'],
  containerd: ['HEAD none', 'POST none', 'PUT content-length'],
  crane: ['GET none', 'HEAD none', 'POST none', 'PATCH content-length', 'PUT none'],
  skopeo: ['GET none', 'HEAD none', 'HEAD none', 'POST none', 'PATCH content-length', 'PUT none'],
  podman: ['GET none', 'HEAD none', 'POST none', 'PATCH chunked', 'PUT none'],
  regctl: ['HEAD none', 'POST none', 'PUT content-length'],
  oras: ['HEAD none', 'POST none', 'PUT content-length'],
  chunked: ['POST none', 'PATCH content-length', 'PATCH content-length', 'PUT none'],
  monolithic: ['POST content-length'],
};

describe('every client', () => {
  const clients = clientRows.map(({ name }) => name);
  test.each(clients)('%s pushes as its row says, and the bytes arrive', async (client) => {
    const registry = await registryOf();
    const check = checkOf(registry.url, {
      client,
      sizeBytes: 7_000_000,
      registry: { cleanup: 'keep' },
      check: { retries: 'profile' },
    });
    const run = await runOnce(check);
    expect(run.failure).toBeUndefined();
    expect(run.attempts[0]?.requests.map((r) => `${r.method} ${r.framing}`)).toEqual(
      healthySequences[client.replace(/@.*/, '')],
    );
    expect([...registry.blobs.values()]).toEqual([7_000_000]);
    expect(run).toMatchObject({ sentBytes: 7_000_000, acknowledgedBytes: 7_000_000, realWaits: true });
    expect(registry.requests.every((request) => request.headers['user-agent']?.includes('blobprobe'))).toBe(true);
  });

  test.each(clients)(
    '%s gets through the Bearer token flow and cleans up with a token that may delete',
    async (client) => {
      const users = [{ name: 'probe', password: 'secret' }];
      const registry = await registryOf({ auth: { kind: 'bearer', users, service: 'lab' } });
      const credentials = { kind: 'basic', username: 'probe', password: Secret.of('secret') } as const;
      const run = await runOnce(
        checkOf(registry.url, { client, registry: { credentials }, check: { retries: 'profile' } }),
      );
      expect(run.failure).toBeUndefined();
      expect(run.attempts[0]?.phaseMs.auth).toBeGreaterThan(0);
      expect(run.cleanup.failures).toEqual([]);
      expect([registry.blobs.size, registry.openSessions.length]).toEqual([0, 0]);
    },
  );
});

/** What each client makes of a registry that answers the body with a status: attempts, waits, and sendings within an attempt. */
const refusals: readonly [
  client: ClientName,
  status: number,
  attempts: number,
  waits: readonly number[],
  sendings: number,
][] = [
  ['docker', 503, 5, [5_000, 10_000, 15_000, 20_000], 1],
  ['docker', 413, 5, [5_000, 10_000, 15_000, 20_000], 1],
  ['docker@20.10', 413, 1, [], 1],
  ['docker@20.10', 503, 5, [5_000, 10_000, 15_000, 20_000], 1],
  ['docker', 403, 1, [], 1],
  ['docker', 429, 1, [], 1],
  ['docker-containerd', 413, 1, [], 1],
  ['docker-containerd', 429, 1, [0, 0, 0, 0], 5],
  ['docker-containerd', 503, 1, [0], 2],
  ['docker-containerd', 502, 1, [], 1],
  ['docker-containerd@29.0', 429, 1, [0, 0, 0, 0, 0], 6],
  ['docker-containerd@29.0', 503, 1, [0], 2],
  ['containerd', 408, 1, [0, 0, 0, 0], 5],
  ['buildkit', 502, 4, [1_000, 2_000, 4_000], 1],
  ['buildkit', 413, 1, [], 1],
  ['crane', 503, 3, [1_050, 3_150], 1],
  ['crane', 413, 1, [], 1],
  ['skopeo', 503, 1, [], 1],
  ['podman', 503, 4, [1_050, 1_050, 1_050], 1],
  ['podman@4.3', 503, 1, [], 1],
  ['podman', 413, 1, [], 1],
  ['oras', 503, 1, [], 1],
  ['monolithic', 503, 1, [], 1],
];

test.each([
  ['docker', /^docker\//],
  ['docker-containerd', /^containerd\/2\.3/],
] as const)('%s has its name for the token service', async (client, name) => {
  const registry = await registryOf({
    auth: { kind: 'bearer', users: [{ name: 'probe', password: 'secret' }], service: 'lab' },
  });
  const credentials = { kind: 'basic', username: 'probe', password: Secret.of('secret') } as const;
  await runOnce(checkOf(registry.url, { client, sizeBytes: 1_000, registry: { credentials } }));
  const agents = registry.requests.filter(({ url }) => /token/.test(url)).map(({ headers }) => headers['user-agent']);
  expect(agents.length).toBeGreaterThan(0);
  expect(agents).toEqual(agents.map(() => expect.stringMatching(name)));
});

test.each(['docker@29.0', 'docker@20.10', 'skopeo@1.9', 'podman@4.3'] as const)(
  '%s takes a connection for each request, one to the token service, too',
  async (client) => {
    const registry = await registryOf({
      auth: { kind: 'bearer', users: [{ name: 'probe', password: 'secret' }], service: 'lab' },
    });
    const credentials = { kind: 'basic', username: 'probe', password: Secret.of('secret') } as const;
    await runOnce(checkOf(registry.url, { client, registry: { credentials, cleanup: 'keep' } }));
    expect(registry.requests.some(({ url }) => /token/.test(url))).toBe(true);
    expect(new Set(registry.requests.map(({ headers }) => headers['connection']))).toEqual(new Set(['close']));
  },
);

describe('retries and resends', () => {
  test.each([
    ['docker-containerd', 5],
    ['docker-containerd@29.0', 1],
  ] as const)('%s and a connection that ends without an answer: %i sendings', async (client, sendings) => {
    const registry = await registryOf();
    registry.intercept = ({ method }) => (method === 'PUT' ? { kind: 'close', readBytes: 1000 } : undefined);
    const run = await runOnce(
      checkOf(registry.url, { client, sizeBytes: 1000, check: { retries: 'profile' } }),
      runDeps({}, []),
    );
    const sent = run.attempts.flatMap(({ requests }) => requests).filter(({ method }) => method === 'PUT');
    expect(sent).toHaveLength(sendings);
  });

  test.each([
    ['containerd', ['HEAD', 'GET']],
    ['containerd@2.3', ['HEAD']],
    ['docker-containerd@29.0', ['HEAD']],
  ] as const)('%s, and a HEAD that is answered 403', async (client, methods) => {
    const registry = await registryOf();
    registry.intercept = () => ({ kind: 'answer', status: 403, headers: {}, body: '' });
    const run = await runOnce(checkOf(registry.url, { client, check: { retries: 'profile' } }));
    expect(run.failure?.status).toBe(403);
    expect(run.attempts.flatMap(({ requests }) => requests).map(({ method }) => method)).toEqual(methods);
  });

  test.each(['deadline', 'cancelled'] as const)(
    'a run that is ended (%s) while its client waits to send again says so',
    async (how) => {
      const registry = await registryOf();
      registry.intercept = ({ method }) =>
        method === 'POST' ? { kind: 'answer', status: 429, headers: { 'retry-after': '60' } } : undefined;
      const ended = new AbortController();
      const timer = setTimeout(() => how === 'cancelled' && ended.abort(), 300);
      const timeoutMs = how === 'deadline' ? 300 : 10_000;
      const check = checkOf(registry.url, { client: 'skopeo', check: { timeoutMs, retries: 'profile' } });
      const run = await runOnce(check, runDeps(), ended.signal);
      clearTimeout(timer);
      expect(run.failure?.reason).toBe(how);
      expect(run.durationMs).toBeLessThan(30_000);
    },
  );

  test.each(refusals)('%s after %i: %i attempts', async (client, status, attempts, expectedWaits, sendings) => {
    const registry = await registryOf();
    registry.intercept = (request) =>
      request.headers['content-length'] === '0' ||
      request.method === 'GET' ||
      request.method === 'HEAD' ||
      request.method === 'DELETE'
        ? undefined
        : { kind: 'answer', status, headers: { 'content-type': 'text/html' }, body: '<html></html>' };
    const waits: number[] = [];
    const run = await runOnce(
      checkOf(registry.url, { client, sizeBytes: 50_000, check: { retries: 'profile' } }),
      runDeps({}, waits),
    );
    expect(run.failure?.status).toBe(status);
    expect(run.attempts).toHaveLength(attempts);
    expect(waits.map((wait) => Math.round(wait))).toEqual(expectedWaits);
    const bodies = run.attempts[0]?.requests.filter((request) => request.plannedBytes > 0);
    expect(bodies).toHaveLength(sendings);
    expect(run.attempts[0]?.resends).toBe(sendings - 1);
  });

  test('what a hop ended is the failure, not what the registry says to the same request sent once more', async () => {
    const registry = await registryOf();
    const gone = ['docker-distribution-api-version', 'docker-content-digest', 'location'];
    const headers = { server: 'envoy', ...Object.fromEntries(gone.map((name) => [name, undefined])) };
    let puts = 0;
    // The registry takes the blob, and the hop has given up before it says so.
    registry.intercept = ({ method }) =>
      method === 'PUT' && (puts += 1) === 1 ? { kind: 'pass', status: 504, headers } : undefined;
    const run = await runOnce(
      checkOf(registry.url, { client: 'docker-containerd', sizeBytes: 50_000, check: { retries: 'profile' } }),
    );
    const answers = run.attempts[0]?.requests.flatMap(({ method, status }) => (method === 'PUT' ? [status] : []));
    expect(answers).toEqual([504, 404]);
    expect(run.failure).toMatchObject({ reason: 'response_timeout', answeredBy: 'envoy', status: 504 });
  });

  test('regctl falls back to ranged 1 MiB chunks on the same session, and says so', async () => {
    const registry = await registryOf();
    registry.intercept = (request) =>
      request.method === 'PUT' && request.headers['content-length'] !== '0'
        ? { kind: 'answer', status: 413, headers: {}, body: '' }
        : undefined;
    const run = await runOnce(
      checkOf(registry.url, { client: 'regctl', sizeBytes: 2_500_000, check: { retries: 'profile' } }),
    );
    expect(run.failure).toBeUndefined();
    expect(run.attempts[0]?.fellBack).toBe(true);
    expect(run.attempts[0]?.requests.map((r) => `${r.method} ${r.plannedBytes} ${r.status}`)).toEqual([
      'HEAD 0 404',
      'POST 0 202',
      'PUT 2500000 413',
      'PATCH 1048576 202',
      'PATCH 1048576 202',
      'PATCH 402848 202',
      'PUT 0 201',
    ]);
    expect(run.acknowledgedBytes).toBe(2_500_000);
  });

  test('a number of retries replaces the profile, `none` too', async () => {
    const registry = await registryOf();
    registry.intercept = (request) =>
      request.method === 'PUT' ? { kind: 'answer', status: 503, headers: {}, body: '' } : undefined;
    const three = await runOnce(
      checkOf(registry.url, { client: 'containerd', sizeBytes: 1000, check: { retries: 3 } }),
      runDeps({}, []),
    );
    expect(three.attempts.map((attempt) => attempt.resends)).toEqual([0, 0, 0]);
    expect(three.realWaits).toBe(false);
    const one = await runOnce(checkOf(registry.url, { client: 'docker', sizeBytes: 1000, check: { retries: 'none' } }));
    expect(one.attempts).toHaveLength(1);
  });
});

describe('what a client refuses by itself', () => {
  test.each([
    ['crane', 'client_refused_realm', /the client does not ask a token service at 127\.0\.0\.2, a private address/],
    ['oras', 'client_refused_realm', /the client does not ask a token service at 127\.0\.0\.2/],
    ['docker', 'auth_challenge_bad', /our rule, not the client's/],
    ['skopeo', 'auth_challenge_bad', /our rule, not the client's/],
  ] as const)('%s and a token service on a private address: %s', async (client, reason, message) => {
    const registry = await registryOf();
    const challenge = 'Bearer realm="http://127.0.0.2:1/token",service="lab"';
    registry.intercept = () => ({ kind: 'answer', status: 401, headers: { 'www-authenticate': challenge } });
    const run = await runOnce(checkOf(registry.url, { client }));
    expect(run.failure).toMatchObject({ reason, blame: 'auth_server' });
    expect(run.failure?.evidence.message).toMatch(message);
  });

  test.each([
    ['crane', 'client_refused_location', /to 127\.0\.0\.2, a private address/],
    ['oras', 'client_refused_location', /on another host than the registry/],
    ['docker', 'location_invalid', /our rule, not the client's/],
    ['containerd', 'location_invalid', /our rule, not the client's/],
  ] as const)('%s and a Location on another host: %s', async (client, reason, message) => {
    const registry = await registryOf();
    const location = 'http://127.0.0.2:1/v2/probe/blobs/blobs/uploads/1';
    registry.intercept = ({ method }) =>
      method === 'POST' ? { kind: 'answer', status: 202, headers: { location, range: '0-0' } } : undefined;
    const run = await runOnce(checkOf(registry.url, { client }));
    expect(run.failure?.reason).toBe(reason);
    expect(run.failure?.evidence.message).toMatch(message);
  });
});

/** Layers that were under way at the same time. */
function mostAtOnce(attempts: readonly Attempt[]): number {
  const spans = attempts
    .filter(({ blob }) => blob.startsWith('layer'))
    .map(({ startMs, durationMs }) => [startMs, startMs + durationMs] as const);
  return Math.max(...spans.map(([start]) => spans.filter(([from, to]) => from <= start && start < to).length));
}

describe('images', () => {
  const image = { name: 'image', kind: 'image', layerBytes: [900_000, 500_000, 1_000, 300_000], pull: true } as const;

  test.each(['docker', 'docker-containerd', 'crane', 'regctl'] as const)(
    '%s pushes layers, config and manifest, pulls them back, deletes them',
    async (client) => {
      const users = [{ name: 'probe', password: 'secret' }];
      const registry = await registryOf({ auth: { kind: 'bearer', users, service: 'lab' } });
      const credentials = { kind: 'basic', username: 'probe', password: Secret.of('secret') } as const;
      const run = await runOnce(
        checkOf(registry.url, { client, registry: { credentials }, check: { retries: 'profile', workload: image } }),
      );
      expect(run.failure).toBeUndefined();
      const names = run.attempts.filter(({ pull }) => pull === undefined).map(({ blob }) => blob);
      expect(names.slice(0, 4).sort()).toEqual(['layer1', 'layer2', 'layer3', 'layer4']);
      expect(names.slice(4)).toEqual(['config', 'manifest']);
      const back = ['manifest', 'config', 'layer1', 'layer2', 'layer3', 'layer4'];
      for (const round of ['cold', 'warm'] as const) {
        expect(run.attempts.filter(({ pull }) => pull === round).map(({ blob }) => blob)).toEqual(back);
        expect(run.pulls?.[round]).toMatchObject({ cache: [], resumed: 0, bytesPerSecond: expect.any(Number) });
      }
      expect(run.pulledBytes).toBeGreaterThan(2 * 1_701_000);
      expect(run.pullBytesPerSecond).toBeGreaterThan(0);
      expect(run.pushBytesPerSecond).toBeGreaterThan(0);
      expect(run.cleanup.failures).toEqual([]);
      expect([registry.blobs.size, registry.manifests.size, registry.openSessions.length]).toEqual([0, 0, 0]);
    },
  );

  test('layers go side by side, as many as the client pushes at a time, after one ping', async () => {
    const registry = await registryOf();
    registry.intercept = (request) => (request.method === 'PUT' ? { kind: 'pass', delayMs: 80 } : undefined);
    const layers = { ...image, layerBytes: Array.from({ length: 8 }, () => 100_000), pull: false };
    const run = await runOnce(checkOf(registry.url, { client: 'docker', check: { workload: layers } }));
    expect(run.failure).toBeUndefined();
    const pings = run.attempts.flatMap((attempt) => attempt.requests).filter((request) => request.phase === 'auth');
    expect(pings).toHaveLength(1);
    expect(mostAtOnce(run.attempts)).toBe(5);
  });

  test('layers come back side by side, as many as the client pulls at a time, both times', async () => {
    const registry = await registryOf();
    registry.intercept = ({ method, path }) =>
      method === 'GET' && path.includes('/blobs/') ? { kind: 'pass', delayMs: 80 } : undefined;
    const workload = { ...image, layerBytes: Array.from({ length: 8 }, () => 100_000), pull: true };
    const run = await runOnce(checkOf(registry.url, { client: 'docker', check: { workload } }));
    expect(run.failure).toBeUndefined();
    for (const round of ['cold', 'warm'] as const)
      expect([round, mostAtOnce(run.attempts.filter(({ pull }) => pull === round))]).toEqual([round, 3]);
    expect(run.pulledBytes).toBeGreaterThan(1_600_000);
  });

  test('many layers at once are no leak of listeners to Node', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const registry = await registryOf();
    const workload = { ...image, layerBytes: Array.from({ length: 16 }, () => 1_000) };
    const run = await runOnce(checkOf(registry.url, { client: 'docker-containerd@29.0', check: { workload } }));
    await new Promise(setImmediate);
    process.off('warning', note);
    expect([run.failure, warnings]).toEqual([undefined, []]);
  });

  test('the layer that does not come back is named; the others are given up', async () => {
    const registry = await registryOf();
    const asked: string[] = [];
    registry.intercept = ({ method, path }) => {
      if (method !== 'GET' || !path.includes('/blobs/')) return undefined;
      asked.push(path);
      // The first is the config.
      return asked.length === 3 ? { kind: 'pass', blobBody: { corrupts: true } } : { kind: 'pass', delayMs: 80 };
    };
    const workload = { ...image, layerBytes: Array.from({ length: 5 }, () => 100_000), pull: true };
    const run = await runOnce(checkOf(registry.url, { client: 'docker', check: { workload } }));
    expect(run.failure).toMatchObject({ reason: 'body_corrupted', phase: 'pull' });
    const wrong = run.attempts.find(({ requests }) => requests.some(({ url }) => url.endsWith(asked[2] ?? '-')));
    expect(run.failure?.blob).toBe(wrong?.blob);
    const others = run.attempts.filter(({ pull, blob }) => pull !== undefined && blob !== wrong?.blob);
    expect(others.length).toBeGreaterThan(1);
    expect(others.every(({ failure }) => failure === undefined || failure.reason === 'cancelled')).toBe(true);
    expect(run.pulls?.warm).toBeUndefined();
  });

  test('the layer that fails is named; the others are given up and not counted against the path', async () => {
    const registry = await registryOf();
    registry.intercept = (request) =>
      request.method === 'PUT' && request.headers['content-length'] === '500000'
        ? { kind: 'answer', status: 413, headers: {}, body: '' }
        : undefined;
    const run = await runOnce(checkOf(registry.url, { client: 'containerd', check: { workload: image } }));
    expect(run.ok).toBe(false);
    expect(run.failure).toMatchObject({ blob: 'layer2', reason: 'body_too_large' });
    const others = run.attempts
      .filter((attempt) => attempt.blob !== 'layer2')
      .map((attempt) => attempt.failure?.reason);
    expect(others.every((reason) => reason === undefined || reason === 'cancelled')).toBe(true);
    expect([registry.blobs.size, registry.openSessions.length]).toEqual([0, 0]);
  });

  test('pulled bytes that differ are found', async () => {
    const registry = await registryOf();
    registry.intercept = (request) =>
      request.method === 'GET' && request.path.includes('/blobs/')
        ? { kind: 'answer', status: 200, headers: {}, body: 'x'.repeat(40_000) }
        : undefined;
    const workload = { name: 'blob', kind: 'blob', layerBytes: [40_000], pull: true } as const;
    const run = await runOnce(checkOf(registry.url, { check: { workload } }));
    expect(run.failure).toMatchObject({ reason: 'body_corrupted', phase: 'pull' });
  });
});
