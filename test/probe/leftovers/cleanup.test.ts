import { afterEach, describe, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import { type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import type { Check } from '../../../src/probe/check.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { clientOf } from '../../../src/probe/check-client.ts';
import { cleanUp, inOrder, openRemover } from '../../../src/probe/leftovers/cleanup.ts';
import { RunTrail } from '../../../src/probe/leftovers/ledger-trail.ts';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import { knownSecrets } from '../../../src/registry/auth/known-secrets.ts';
import { serve } from '../../support/auth-fixture.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';
import { blob, digest } from '../../support/ledger-entries.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});
async function registryOf(options: RegistryOptions = {}) {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}
type Registry = Awaited<ReturnType<typeof registryOf>>;

let now = 0;
function setUp(): { ledger: Ledger; run: (check: Check) => Promise<Run> } {
  now = 1_700_000_000_000;
  const ledger = new Ledger({ now: () => now, moment: () => ({ boot: 'one', ms: now }) });
  return { ledger, run: (check) => runOnce(check, runDeps({ ledger })) };
}
const states = (ledger: Ledger): string[] => ledger.entries.map(({ kind, state }) => `${kind} ${state}`);
const sent = (registry: Registry, method: string): string[] =>
  registry.requests
    .filter((request) => request.method === method)
    .map(({ path, status }) => `${kindOf(path)} ${status}`);
const kindOf = (path: string): string => (path.includes('/uploads/') ? 'session' : 'blob');

/** Breaks the next PATCH off in mid-body. */
function breakPatches(registry: Registry): void {
  registry.intercept = ({ method }) => (method === 'PATCH' ? { kind: 'reset', readBytes: 10_000 } : undefined);
}

describe('a session that a failed push left', () => {
  test.each(['spec', 'distribution-3', 'gitea', 'zot'] as const)(
    '%s: cancelled, and looked whether it is gone',
    async (quirks) => {
      const registry = await registryOf({ quirks });
      breakPatches(registry);
      const { ledger, run } = setUp();
      const { cleanup } = await run(checkOf(registry.url));
      expect(cleanup.failures).toEqual([]);
      expect(sent(registry, 'DELETE')).toEqual(['session 204']);
      expect(sent(registry, 'GET').at(-1)).toBe('session 404');
      expect([registry.openSessions, states(ledger)]).toEqual([[], []]);
    },
  );

  test('that the registry dropped itself after a wrong digest: 404 is as good', async () => {
    const registry = await registryOf({ quirks: 'distribution-3' });
    registry.intercept = ({ method }) =>
      method === 'PATCH' ? { kind: 'answer', status: 202, headers: { Range: '0-999999' } } : undefined;
    const { ledger, run } = setUp();
    const { failure, cleanup } = await run(checkOf(registry.url));
    expect(failure?.registryCode).toBe('DIGEST_INVALID');
    expect(sent(registry, 'DELETE')).toEqual(['session 404']);
    expect([cleanup.failures, states(ledger)]).toEqual([[], []]);
  });

  test('that Gitea keeps after a wrong digest is cancelled', async () => {
    const registry = await registryOf({ quirks: 'gitea' });
    registry.intercept = ({ method }) =>
      method === 'PATCH' ? { kind: 'answer', status: 202, headers: { Range: '0-999999' } } : undefined;
    const { ledger, run } = setUp();
    const { cleanup } = await run(checkOf(registry.url));
    expect(sent(registry, 'DELETE')).toEqual(['session 204']);
    expect([cleanup.failures, states(ledger), registry.openSessions]).toEqual([[], [], []]);
  });

  test('that a hop denies with its own 404 stays in the ledger', async () => {
    const registry = await registryOf();
    breakPatches(registry);
    const edge = await startEdge({ upstream: registry.url, identity: { style: 'nginx' } });
    open.push(edge);
    edge.setFaults([{ kind: 'answer', status: 404, when: { methods: ['DELETE'] } }]);
    const { ledger, run } = setUp();
    const { cleanup } = await run(checkOf(edge.url));
    expect(cleanup.failures).toMatchObject([{ kind: 'session' }]);
    expect([registry.openSessions.length, states(ledger)]).toEqual([1, ['session open']]);
  });

  test('that the server still holds after its DELETE is deleted again', async () => {
    const registry = await registryOf();
    let deletions = 0;
    registry.intercept = ({ method }) => {
      if (method === 'PATCH') return { kind: 'reset', readBytes: 10_000 };
      // Answered, not done: as a server whose PATCH has not noticed yet.
      return method === 'DELETE' && (deletions += 1) === 1 ? { kind: 'answer', status: 204 } : undefined;
    };
    const { ledger, run } = setUp();
    const { cleanup } = await run(checkOf(registry.url));
    expect(sent(registry, 'DELETE')).toEqual(['session 204', 'session 204']);
    expect([cleanup.failures, states(ledger), registry.openSessions]).toEqual([[], [], []]);
  });

  test('that no DELETE removes costs no more time than cleaning up may take', async () => {
    const registry = await registryOf();
    registry.intercept = ({ method }) => {
      if (method === 'PATCH') return { kind: 'reset', readBytes: 10_000 };
      return method === 'DELETE' ? { kind: 'answer', status: 204 } : undefined;
    };
    // On a quiet machine the bound falls into the longer of the two waits.
    const { cleanup } = await runOnce(checkOf(registry.url), runDeps({ cleanupTimeoutMs: 350 }));
    expect(cleanup.failures).toMatchObject([{ kind: 'session', reason: 'deadline' }]);
    expect(cleanup.durationMs).toBeLessThan(5_000);
  });

  test('is not called gone when the time of the cleanup ends the look whether it is', async () => {
    const registry = await registryOf();
    registry.intercept = ({ method, path }) => {
      if (method === 'PATCH') return { kind: 'reset', readBytes: 10_000 };
      if (method === 'DELETE') return { kind: 'answer', status: 204 };
      return method === 'GET' && path.includes('/uploads/') ? { kind: 'stall', readBytes: 0 } : undefined;
    };
    const { ledger } = setUp();
    const { cleanup } = await runOnce(checkOf(registry.url), runDeps({ ledger, cleanupTimeoutMs: 1_000 }));
    expect(cleanup.failures).toMatchObject([{ kind: 'session', reason: 'deadline' }]);
    expect(states(ledger)).toEqual(['session open']);
  });

  test('that no DELETE removes is reported and stays in the ledger', async () => {
    const registry = await registryOf();
    registry.intercept = ({ method }) => {
      if (method === 'PATCH') return { kind: 'reset', readBytes: 10_000 };
      return method === 'DELETE' ? { kind: 'answer', status: 204 } : undefined;
    };
    const { ledger, run } = setUp();
    const { cleanup } = await run(checkOf(registry.url));
    expect(sent(registry, 'DELETE')).toHaveLength(3);
    expect(cleanup.failures).toMatchObject([{ kind: 'session', reason: 'unexpected_response' }]);
    expect(cleanup.failures[0]?.message).toContain('still there');
    expect(states(ledger)).toEqual(['session open']);
    expect(ledger.leftovers('lab')).toEqual({ session: 1, blob: 0, manifest: 0 });
  });

  test('whose own Location the registry refuses is left to its purge: counted once, not asked for again, gone in seven days', async () => {
    const registry = await registryOf();
    const body = '{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"blob upload invalid"}]}';
    registry.intercept = ({ method }) => {
      if (method === 'PATCH') return { kind: 'reset', readBytes: 10_000 };
      return method === 'DELETE' ? { kind: 'answer', status: 404, body } : undefined;
    };
    const { ledger, run } = setUp();
    const { cleanup } = await run(checkOf(registry.url));
    expect(cleanup.failures).toMatchObject([{ kind: 'session', reason: 'range_conflict' }]);
    expect(states(ledger)).toEqual(['session disowned']);
    registry.intercept = undefined;
    registry.clearRequests();
    now += 3_600_000;
    const next = await run(checkOf(registry.url));
    expect(next.cleanup.failures).toEqual([]);
    expect(sent(registry, 'DELETE')).toEqual(['blob 202']);
    expect(ledger.leftovers('lab').session).toBe(1);
    now += 7 * 86_400_000;
    await run(checkOf(registry.url));
    expect(states(ledger)).toEqual([]);
  });
});

describe('a blob', () => {
  test('where deletion is switched off: counted once for each, remembered, never tried again by a run', async () => {
    const registry = await registryOf({ quirks: 'distribution-2.8' });
    const { ledger, run } = setUp();
    for (let number = 1; number <= 3; number += 1) {
      registry.clearRequests();
      const { ok, cleanup } = await run(checkOf(registry.url));
      expect(ok).toBe(true);
      expect(cleanup.failures).toMatchObject([{ kind: 'blob', reason: 'method_not_allowed' }]);
      expect(sent(registry, 'DELETE')).toEqual(['blob 405']);
      now += 86_400_000;
    }
    expect(states(ledger)).toEqual(['blob undeletable', 'blob undeletable', 'blob undeletable']);
    expect(ledger.leftovers('lab').blob).toBe(3);
  });

  test('that a rotation pushes again is still one blob', async () => {
    const registry = await registryOf({ quirks: 'distribution-2.8' });
    const { ledger } = setUp();
    const check = checkOf(registry.url, { check: { payload: { kind: 'rotate', count: 1 } } });
    for (let number = 1; number <= 2; number += 1) await runOnce(check, runDeps({ ledger }));
    expect(registry.blobs.size).toBe(1);
    expect(ledger.leftovers('lab').blob).toBe(1);
  });

  test('whose DELETE a hop forbids may still be deleted another way: it is tried again', async () => {
    const registry = await registryOf();
    const body = '<html><center>nginx</center></html>';
    const headers = { 'Docker-Distribution-Api-Version': [], server: 'nginx' };
    registry.intercept = ({ method }) =>
      method === 'DELETE' ? { kind: 'answer', status: 405, headers, body } : undefined;
    const { ledger, run } = setUp();
    const { cleanup } = await run(checkOf(registry.url));
    expect(cleanup.failures).toMatchObject([{ kind: 'blob', reason: 'method_not_allowed' }]);
    expect(states(ledger)).toEqual(['blob stored']);
  });

  test('that a hop denies with its own 404 is not taken for deleted: an ingress without a backend says so of everything', async () => {
    const registry = await registryOf();
    const edge = await startEdge({ upstream: registry.url, identity: { style: 'nginx' } });
    open.push(edge);
    edge.setFaults([{ kind: 'answer', status: 404, when: { methods: ['DELETE'] } }]);
    const { ledger, run } = setUp();
    const { ok, cleanup } = await run(checkOf(edge.url));
    expect([ok, registry.blobs.size]).toEqual([true, 1]);
    expect(cleanup.failures).toMatchObject([{ kind: 'blob' }]);
    expect(cleanup.failures[0]?.message).toContain('nginx answered 404 in the place of the registry');
    expect(states(ledger)).toEqual(['blob stored']);
  });

  test('that a page for people denies is not taken for deleted: no registry writes one', async () => {
    const registry = await registryOf();
    const headers = { 'Docker-Distribution-Api-Version': [], server: 'nginx' };
    const page = { kind: 'answer', status: 404, headers, body: '<!DOCTYPE html><p>We will be back soon.' } as const;
    registry.intercept = ({ method }) => (method === 'DELETE' ? page : undefined);
    const { ledger, run } = setUp();
    const { cleanup } = await run(checkOf(registry.url));
    expect(cleanup.failures[0]?.message).toContain('a hop answered 404 in the place of the registry');
    expect(states(ledger)).toEqual(['blob stored']);
  });

  test.each(['404 page not found\n', 'default backend - 404'])(
    'that a router denies is not taken for deleted: %j',
    async (body) => {
      const registry = await registryOf();
      const headers = { 'Docker-Distribution-Api-Version': [], server: 'nginx', 'content-type': 'text/plain' };
      registry.intercept = ({ method }) =>
        method === 'DELETE' ? { kind: 'answer', status: 404, headers, body } : undefined;
      const { ledger, run } = setUp();
      const { cleanup } = await run(checkOf(registry.url));
      expect(cleanup.failures[0]?.message).toContain('a hop answered 404 in the place of the registry');
      expect(states(ledger)).toEqual(['blob stored']);
    },
  );

  test('that is still there after a 202 is not taken for deleted', async () => {
    const registry = await registryOf({ quirks: 'gitea' });
    registry.intercept = ({ method }) => (method === 'DELETE' ? { kind: 'answer', status: 202 } : undefined);
    const { ledger, run } = setUp();
    const { cleanup } = await run(checkOf(registry.url));
    expect(cleanup.failures).toMatchObject([{ kind: 'blob' }]);
    expect(cleanup.failures[0]?.message).toContain('still there');
    expect(states(ledger)).toEqual(['blob stored']);
  });

  test('whose commit was never confirmed is looked for again, until it cannot come any more', async () => {
    const registry = await registryOf();
    registry.intercept = ({ method }) => (method === 'PUT' ? { kind: 'answer', status: 504, body: '' } : undefined);
    const { ledger, run } = setUp();
    const { cleanup } = await run(checkOf(registry.url));
    expect(cleanup.failures).toEqual([]);
    expect(states(ledger)).toEqual(['blob committing']);
    expect(ledger.leftovers('lab').blob).toBe(0);
    registry.intercept = undefined;
    now += 60_001;
    await run(checkOf(registry.url));
    expect(states(ledger)).toEqual(['blob committing']);
    now += 10 * 60_000;
    await run(checkOf(registry.url));
    expect(states(ledger)).toEqual([]);
  });

  test('that an earlier, unanswered commit may bring back is looked for again after it was deleted', async () => {
    const registry = await registryOf();
    // A hop that keeps the first commit to itself for a while, and the cancellation of its session, too.
    let kept: string | undefined;
    registry.intercept = ({ method, url, path }) => {
      if (method === 'PUT' && kept === undefined) {
        kept = url;
        return { kind: 'answer', status: 504, body: '' };
      }
      return method === 'DELETE' && kept?.startsWith(path) ? { kind: 'answer', status: 404, body: '' } : undefined;
    };
    const { ledger, run } = setUp();
    const retries = checkOf(registry.url, { check: { retries: 'profile', retryWaitScale: 0.001 } });
    const { ok, attempts, cleanup } = await run(retries);
    expect([ok, attempts.length, cleanup.failures]).toEqual([true, 2, []]);
    expect([registry.blobs.size, states(ledger), ledger.leftovers('lab').blob]).toEqual([0, ['blob committing'], 0]);

    expect((await fetch(new URL(kept ?? '', registry.url), { method: 'PUT' })).status).toBe(201);
    expect(registry.blobs.size).toBe(1);
    now += 60_001;
    await run(checkOf(registry.url));
    expect([registry.blobs.size, states(ledger)]).toEqual([0, []]);
  });

  test('whose commit was never confirmed and succeeded is deleted', async () => {
    const registry = await registryOf();
    registry.intercept = ({ method }) => (method === 'PUT' ? { kind: 'pass', status: 504 } : undefined);
    const { ledger, run } = setUp();
    const { ok, cleanup } = await run(checkOf(registry.url));
    expect(ok).toBe(false);
    expect(cleanup.failures).toEqual([]);
    expect([registry.blobs.size, states(ledger)]).toEqual([0, []]);
  });
});

describe('policies', () => {
  test('`cancel` ends sessions and leaves blobs; `keep` leaves both; neither is counted as left over', async () => {
    for (const [cleanup, sessions] of [
      ['cancel', 0],
      ['keep', 1],
    ] as const) {
      const registry = await registryOf();
      const { ledger, run } = setUp();
      await run(checkOf(registry.url, { registry: { cleanup } }));
      breakPatches(registry);
      const { cleanup: report } = await run(checkOf(registry.url, { registry: { cleanup } }));
      expect(report.failures).toEqual([]);
      expect([registry.blobs.size, registry.openSessions.length]).toEqual([1, sessions]);
      expect(ledger.entries).toEqual([]);
    }
  });

  test('with a Bearer token that may delete', async () => {
    const users = [{ name: 'probe', password: 'secret' }];
    const registry = await registryOf({ auth: { kind: 'bearer', users, service: 'lab' }, quirks: 'harbor-quota' });
    const credentials = { kind: 'basic', username: 'probe', password: Secret.of('secret') } as const;
    const { ledger, run } = setUp();
    const { cleanup } = await run(checkOf(registry.url, { registry: { credentials } }));
    expect(cleanup.failures).toEqual([]);
    expect(
      registry.requests
        .filter(({ path }) => path === '/service/token')
        .map(({ url }) => decodeURIComponent(url))
        .at(-2),
    ).toMatch(/scope=repository:probe\/blobs:.*delete/);
    const tokenRequests = registry.requests.filter(({ path }) => path === '/service/token');
    expect(tokenRequests.length).toBeGreaterThan(1);
    const { userAgent, requestHeaders } = checkOf(registry.url).client;
    for (const { headers } of tokenRequests)
      expect(headers).toMatchObject({ 'user-agent': userAgent, ...requestHeaders });
    expect([registry.blobs.size, states(ledger)]).toEqual([0, []]);
  });
});

test('a token that only the cleanup had is not shown, whichever later answer repeats it', async () => {
  const tokens: string[] = [];
  const registry = await serve(({ method, target, authorization }, origin) => {
    if (target.startsWith('/token'))
      return { body: { token: tokens[tokens.push(`token-number-${tokens.length}`) - 1] } };
    const isSecond = target.endsWith(digest(2));
    const challenge = `Bearer realm="${origin}/token",service="lab",scope="repository:probe/blobs:pull,delete"`;
    if (authorization === undefined || (isSecond && tokens.length < 2))
      return { status: 401, headers: { 'www-authenticate': challenge } };
    if (!isSecond) return { status: method === 'DELETE' ? 202 : 404 };
    return { status: 500, body: `debug: ${tokens.join(' ')}` };
  });
  open.push(registry);
  const check = checkOf(registry.origin, { client: 'containerd' });
  const { signal } = new AbortController();
  const remover = openRemover({ ...clientOf(check, runDeps(), knownSecrets(check.path, check.registry)), signal });
  open.push(remover);
  const { ledger } = setUp();
  expect(await remover.remove(blob(1), ledger)).toEqual({ result: 'removed' });
  const { failure } = await remover.remove(blob(2), ledger);
  expect(tokens).toEqual(['token-number-0', 'token-number-1']);
  expect(failure?.evidence.body).toBe('debug: <secret> <secret>');
});

test.each([
  ['the login', '/token', 'auth'],
  ['the removal', '/v2/', 'cleanup'],
])('a 500 in %s is told as that of its step', async (_what, failing, phase) => {
  const registry = await serve(({ target, authorization }, origin) => {
    if (target.startsWith(failing) && (failing === '/token' || authorization !== undefined)) return { status: 500 };
    if (target.startsWith('/token')) return { body: { token: 'a-token-for-it' } };
    return { status: 401, headers: { 'www-authenticate': `Bearer realm="${origin}/token",service="lab"` } };
  });
  open.push(registry);
  const check = checkOf(registry.origin, { client: 'containerd' });
  const { signal } = new AbortController();
  const remover = openRemover({ ...clientOf(check, runDeps(), knownSecrets(check.path, check.registry)), signal });
  open.push(remover);
  const { result, failure } = await remover.remove(blob(1), setUp().ledger);
  expect({ result, phase: failure?.phase }).toEqual({ result: 'failed', phase });
});

test('a session at a place where the path may not go is told as one of the cleanup, before anything is asked', async () => {
  const check = checkOf('http://127.0.0.1:1');
  const { signal } = new AbortController();
  const remover = openRemover({ ...clientOf(check, runDeps(), knownSecrets(check.path, check.registry)), signal });
  open.push(remover);
  const location = 'https://elsewhere.example.net/1';
  const session = blob(1, { kind: 'session', state: 'open', digest: undefined, location });
  const { result, failure } = await remover.remove(session, setUp().ledger);
  expect({ result, phase: failure?.phase }).toEqual({ result: 'failed', phase: 'cleanup' });
});

describe('what could not be removed', () => {
  test('is tried again by later runs, with growing distance, and not counted again', async () => {
    const registry = await registryOf();
    const { ledger, run } = setUp();
    registry.intercept = ({ method }) => (method === 'DELETE' ? { kind: 'answer', status: 500 } : undefined);
    await run(checkOf(registry.url));
    const [left] = ledger.entries;
    expect(left).toMatchObject({ state: 'stored', tries: 1, nextTryAt: now + 60_000 });
    // Only the leftover's deletion fails from here on.
    registry.intercept = ({ method, path }) =>
      method === 'DELETE' && path.endsWith(left?.digest ?? '?') ? { kind: 'answer', status: 500 } : undefined;
    const tries = async (afterMs: number): Promise<number> => {
      now += afterMs;
      registry.clearRequests();
      const { cleanup } = await run(checkOf(registry.url));
      expect(cleanup.failures).toEqual([]);
      return sent(registry, 'DELETE').filter((line) => line === 'blob 500').length;
    };
    expect(await tries(59_999)).toBe(0);
    expect(await tries(1)).toBe(1);
    expect(await tries(119_999)).toBe(0);
    expect(await tries(1)).toBe(1);
    for (let number = 0; number < 12; number += 1) expect(await tries(6 * 3_600_000)).toBe(1);
    // A clock that was set back by more than the longest wait must not stop the retries.
    expect(await tries(-30 * 86_400_000)).toBe(1);
    registry.intercept = undefined;
    expect(await tries(6 * 3_600_000)).toBe(0);
    expect([registry.blobs.size, states(ledger)]).toEqual([0, []]);
  });

  test('over another path of the registry, by a run over that one', async () => {
    const registry = await registryOf();
    const { ledger, run } = setUp();
    const edge = await registryOf();
    const viaEdge = checkOf(edge.url, { path: { name: 'edge' } });
    // Two views of one store would be a path lab; here the other path simply knows what this one could not delete.
    edge.intercept = ({ method }) =>
      method === 'DELETE' ? { kind: 'answer', status: 403, body: 'blocked' } : undefined;
    await run(viaEdge);
    const digest = ledger.entries[0]?.digest ?? '';
    now += 60_000;
    await run(checkOf(registry.url));
    expect(registry.requests.filter(({ path, method }) => method === 'DELETE' && path.endsWith(digest))).toHaveLength(
      1,
    );
    expect(states(ledger)).toEqual([]);
  });

  test('at most ten in one cleanup, and none while the registry fails', async () => {
    const registry = await registryOf();
    const { ledger, run } = setUp();
    registry.intercept = ({ method }) => (method === 'DELETE' ? { kind: 'answer', status: 500 } : undefined);
    for (let number = 0; number < 12; number += 1) await run(checkOf(registry.url));
    now += 60_000;
    registry.clearRequests();
    await run(checkOf(registry.url));
    expect(sent(registry, 'DELETE')).toHaveLength(1);
    registry.intercept = undefined;
    registry.clearRequests();
    await run(checkOf(registry.url));
    expect(sent(registry, 'DELETE')).toHaveLength(11);
    expect(ledger.leftovers('lab').blob).toBe(3);
  });
});

test('what earlier runs left is nobody else’s while it is tried again, and not asked for any further once the registry fails', async () => {
  const registry = await registryOf();
  const { ledger, run } = setUp();
  for (const n of [1, 2, 3]) ledger.put(blob(n, { path: 'direct', origin: registry.url, nextTryAt: 0 }));
  const idle: number[] = [];
  registry.intercept = ({ method, path }) => {
    if (method !== 'DELETE' || !/sha256:0{60}/.test(decodeURIComponent(path))) return undefined;
    idle.push(ledger.idle('lab', false).length);
    return { kind: 'answer', status: 500 };
  };
  const { cleanup } = await run(checkOf(registry.url));
  expect(cleanup.failures).toEqual([]);
  expect(idle).toEqual([0]);
  expect(ledger.idle('lab', false)).toHaveLength(3);
});

test('what is to be pulled over another path is written down with the path that it was put there over', async () => {
  const registry = await registryOf();
  registry.intercept = ({ method }) => (method === 'DELETE' ? { kind: 'answer', status: 500 } : undefined);
  const { ledger, run } = setUp();
  const workload = { name: 'blob', kind: 'blob', layerBytes: [1_000], pull: true } as const;
  const { path: pushedOver } = checkOf(registry.url, { path: { name: 'direct' } });
  await run(checkOf('http://127.0.0.1:1', { path: { name: 'edge' }, check: { workload, pushedOver } }));
  expect(ledger.entries).toMatchObject([{ kind: 'blob', path: 'direct', origin: registry.url }]);
});

test('sessions come first, manifests before blobs, and sessions that nobody can name not at all', () => {
  const entries = [
    blob(1),
    blob(2, { kind: 'manifest' }),
    blob(3, { kind: 'session', state: 'opening' }),
    blob(4, { kind: 'session', state: 'open' }),
    blob(5),
    blob(6, { kind: 'manifest' }),
  ];
  expect(inOrder(entries).map(({ id }) => id)).toEqual(['blob-4', 'blob-2', 'blob-6', 'blob-1', 'blob-5']);
});

describe('the report', () => {
  /** A cleanup of one object, at a registry that answers the deletion so, 500 ms later; other clients than ours are served by nobody. */
  async function cleaningUp(status: number) {
    const registry = await serve(({ method }) => {
      atMs += 250;
      const headers = { 'docker-distribution-api-version': 'registry/2.0' };
      return { status: method === 'DELETE' ? status : 404, headers, body: '' };
    });
    open.push(registry);
    let atMs = 10_000;
    const { ledger } = setUp();
    const check = checkOf(registry.origin);
    const trail = new RunTrail(ledger, check, new Redactor());
    await trail.committing('blob', digest(1), () => Promise.resolve());
    const deps = runDeps({ clock: { nowMs: () => atMs, sleep: () => Promise.resolve() } });
    return { report: await cleanUp(check, deps, ledger, trail, new Redactor()), ledger };
  }

  test('of what is gone has nothing but its time', async () => {
    const { report, ledger } = await cleaningUp(202);
    expect([report, ledger.entries]).toEqual([{ durationMs: 500, failures: [] }, []]);
  });

  test.each([
    [500, 'registry_error', { state: 'stored', tries: 1, nextTryAt: 1_700_000_060_000 }],
    [405, 'method_not_allowed', { state: 'undeletable', tries: 1, nextTryAt: 1_700_000_000_000 }],
  ])('of a deletion that is answered %i says so', async (status, reason, left) => {
    const { report, ledger } = await cleaningUp(status);
    const message = `DELETE for cleanup was answered ${status}`;
    expect(report).toEqual({ durationMs: 250, failures: [{ kind: 'blob', reason, message }] });
    expect(ledger.entries).toMatchObject([left]);
  });
});

test('what the registry has purged by itself is not told as left over', async () => {
  const registry = await registryOf();
  const told: unknown[] = [];
  const ledger = new Ledger({
    now: () => 8 * 86_400_000,
    moment: () => ({ boot: 'two', ms: 0 }),
    onLeftovers: (_registry, { session }) => told.push(session),
  });
  ledger.put(blob(1, { kind: 'session', state: 'disowned', digest: undefined, location: registry.url }));
  await runOnce(checkOf(registry.url), runDeps({ ledger }));
  expect([told.at(-1), ledger.entries]).toEqual([0, []]);
});
