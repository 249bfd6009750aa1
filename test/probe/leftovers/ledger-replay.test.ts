import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { type EdgeOptions, startEdge } from '../../support/lab/edge.ts';
import { type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';
import type { NetworkPath } from '../../../src/network/path.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import type { LedgerEntry } from '../../../src/probe/leftovers/ledger-entry.ts';
import { locationOver } from '../../../src/probe/leftovers/ledger-removal.ts';
import { type ReplayReport, type ReplayTarget, replayLedger } from '../../../src/probe/leftovers/ledger-replay.ts';
import type { RegistryTarget } from '../../../src/registry/target.ts';
import { serve } from '../../support/auth-fixture.ts';
import { checkOf, runDeps, runOnce } from '../../support/checks.ts';
import { blob } from '../../support/ledger-entries.ts';
import { pathTo } from '../../support/paths.ts';
import { Opened } from '../../support/servers.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});
async function registryOf(options: RegistryOptions = {}) {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}
async function edgeOf(options: EdgeOptions) {
  const edge = await startEdge(options);
  open.push(edge);
  return edge;
}

const target = (paths: readonly NetworkPath[], changes: Partial<RegistryTarget> = {}): ReplayTarget => ({
  name: 'lab',
  repository: 'probe/blobs',
  credentials: { kind: 'anonymous' },
  cleanup: 'delete',
  paths,
  ...changes,
});
function replay(ledger: Ledger, targets: readonly ReplayTarget[], timeoutMs = 5_000): Promise<ReplayReport> {
  return replayLedger({ ledger, nowMs: () => performance.now(), timeoutMs }, targets);
}
/** A ledger with what a run leaves that nobody cleans up after: its process is taken to be gone. */
async function leftBehind(
  registry: Awaited<ReturnType<typeof registryOf>>,
  changes: Partial<RegistryTarget> = {},
): Promise<Ledger> {
  const ledger = new Ledger();
  registry.intercept = ({ method }) => (method === 'DELETE' ? { kind: 'reset' } : undefined);
  await runOnce(checkOf(registry.url, { registry: changes }), runDeps({ ledger }));
  registry.intercept = ({ method }) => {
    if (method === 'DELETE') return { kind: 'reset' };
    return method === 'PATCH' ? { kind: 'reset', readBytes: 10_000 } : undefined;
  };
  await runOnce(checkOf(registry.url, { registry: changes }), runDeps({ ledger }));
  registry.intercept = undefined;
  registry.clearRequests();
  expect(ledger.entries.map(({ state }) => state)).toEqual(['stored', 'open']);
  expect([registry.blobs.size, registry.openSessions.length]).toEqual([1, 1]);
  return ledger;
}

test.each(['spec', 'distribution-3', 'gitea', 'zot', 'harbor-quota'] as const)(
  '%s: session cancelled, blob deleted, counted',
  async (quirks) => {
    const registry = await registryOf({
      quirks,
      quirksChanges: {
        deletion: 'enabled',
        afterBrokenPatch: 'kept',
        ...(quirks === 'harbor-quota' ? { signedState: 'stale-416' } : {}),
      },
    });
    const ledger = await leftBehind(registry);
    const report = await replay(ledger, [target([pathTo(registry.url)])]);
    const row = { registry: 'lab', path: 'direct', via: 'direct', result: 'removed', count: 1 };
    expect(report.rows).toEqual([
      { ...row, kind: 'session' },
      { ...row, kind: 'blob' },
    ]);
    expect([registry.blobs.size, registry.openSessions.length, ledger.entries]).toEqual([0, 0, []]);
  },
);

test('with a token that may delete', async () => {
  const users = [{ name: 'probe', password: 'secret' }];
  const credentials = { kind: 'basic', username: 'probe', password: Secret.of('secret') } as const;
  const registry = await registryOf({ auth: { kind: 'bearer', users, service: 'lab' } });
  const ledger = await leftBehind(registry, { credentials });
  const report = await replay(ledger, [target([pathTo(registry.url)], { credentials })]);
  expect(report.rows.map(({ result }) => result)).toEqual(['removed', 'removed']);
  expect([registry.blobs.size, registry.openSessions.length]).toEqual([0, 0]);
});

test('over another path when the own one fails, and the report says which and why', async () => {
  const registry = await registryOf();
  const edge = await edgeOf({ upstream: registry.url });
  const ledger = new Ledger();
  const viaEdge = checkOf(edge.url, { path: { name: 'edge' } });
  registry.intercept = ({ method }) => {
    if (method === 'DELETE') return { kind: 'reset' };
    return method === 'PATCH' ? { kind: 'reset', readBytes: 10_000 } : undefined;
  };
  await runOnce(viaEdge, runDeps({ ledger }));
  registry.intercept = undefined;
  await edge.close();
  const report = await replay(ledger, [target([viaEdge.path, pathTo(registry.url, { name: 'internal' })])]);
  expect(report.rows).toMatchObject([
    { kind: 'session', path: 'edge', via: 'internal', result: 'removed', reason: 'connect_refused', count: 1 },
  ]);
  expect([registry.openSessions, ledger.entries]).toEqual([[], []]);
});

test('a path on which nobody answers is waited for once, not for each object', async () => {
  const registry = await registryOf();
  const ledger = await leftBehind(registry);
  registry.intercept = () => ({ kind: 'stall' });
  const other = await registryOf();
  const startedMs = performance.now();
  const report = await replay(ledger, [target([pathTo(registry.url), pathTo(other.url, { name: 'other' })])], 400);
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  expect(report.rows).toMatchObject([
    { kind: 'session', result: 'failed', reason: 'deadline' },
    { kind: 'blob', result: 'not_reached' },
  ]);
  expect(ledger.entries).toHaveLength(2);
  await registry.close();
  const next = await replay(ledger, [target([pathTo(registry.url)])]);
  expect(next.rows).toMatchObject([
    { kind: 'session', via: 'direct', result: 'failed', reason: 'connect_refused' },
    { kind: 'blob', result: 'failed' },
  ]);
  expect(next.rows[1]?.via).toBeUndefined();
});

test('aborted: nothing is asked, everything is kept', async () => {
  const registry = await registryOf();
  const ledger = await leftBehind(registry);
  const signal = AbortSignal.abort();
  const report = await replayLedger({ ledger, nowMs: () => performance.now(), timeoutMs: 5_000, signal }, [
    target([pathTo(registry.url)]),
  ]);
  expect(report.rows.map(({ result }) => result)).toEqual(['not_reached', 'not_reached']);
  expect(registry.requests).toEqual([]);
  expect(ledger.entries).toHaveLength(2);
});

test('deletion switched off: asked once for all; asked again, and done, once it is on', async () => {
  const registry = await registryOf({ quirksChanges: { deletion: 'disabled' } });
  const ledger = new Ledger();
  for (let run = 0; run < 3; run += 1) await runOnce(checkOf(registry.url), runDeps({ ledger }));
  registry.clearRequests();
  const report = await replay(ledger, [target([pathTo(registry.url)])]);
  expect(report.rows.map(({ result, count, via }) => [result, count, via])).toEqual([
    ['undeletable', 1, 'direct'],
    ['undeletable', 2, undefined],
  ]);
  expect(registry.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  const other = await registryOf();
  const enabled = await replay(ledger, [target([pathTo(other.url)])]);
  expect(enabled.rows).toMatchObject([{ result: 'removed', count: 3 }]);
  expect(ledger.entries).toEqual([]);
});

test('registries and repositories that are no longer configured are kept and reported', async () => {
  const registry = await registryOf();
  const ledger = await leftBehind(registry);
  for (const targets of [[], [target([pathTo(registry.url)], { repository: 'other/blobs' })]]) {
    const report = await replay(ledger, targets);
    expect(report.rows.map(({ result, kind }) => `${kind} ${result}`).toSorted()).toEqual([
      'blob not_configured',
      'session not_configured',
    ]);
  }
  expect(registry.requests).toEqual([]);
  expect(ledger.entries).toHaveLength(2);
});

test('a session whose Location was never learnt is reported as unknown, in seven days as expired', async () => {
  const registry = await registryOf();
  registry.intercept = ({ method }) => (method === 'POST' ? { kind: 'reset' } : undefined);
  let now = 1_000_000;
  const ledger = new Ledger({ now: () => now, moment: () => ({ boot: 'one', ms: now }) });
  await runOnce(checkOf(registry.url), runDeps({ ledger }));
  const targets = [target([pathTo(registry.url)])];
  expect((await replay(ledger, targets)).rows).toMatchObject([{ kind: 'session', result: 'unknown', count: 1 }]);
  now += 7 * 86_400_000 + 1;
  expect((await replay(ledger, targets)).rows).toMatchObject([{ kind: 'session', result: 'expired', count: 1 }]);
  expect(ledger.entries).toEqual([]);
});

test('`keep` and `cancel` hold for what is replayed', async () => {
  const registry = await registryOf();
  const kept = await replay(await leftBehind(registry), [target([pathTo(registry.url)], { cleanup: 'cancel' })]);
  expect(kept.rows.map(({ kind, result }) => `${kind} ${result}`)).toEqual(['session removed', 'blob kept']);
  expect([registry.blobs.size, registry.openSessions.length]).toEqual([1, 0]);
});

test('what a run is at work on is not touched', async () => {
  const registry = await registryOf();
  const ledger = new Ledger();
  const reports: ReplayReport[] = [];
  let replaying: Promise<unknown> = Promise.resolve();
  registry.intercept = ({ method }) => {
    if (method === 'PATCH')
      replaying = replay(ledger, [target([pathTo(registry.url)])]).then((report) => reports.push(report));
    return method === 'PATCH' ? { kind: 'pass', delayMs: 150 } : undefined;
  };
  const run = await runOnce(checkOf(registry.url), runDeps({ ledger }));
  await replaying;
  expect(run.failure).toBeUndefined();
  expect(reports).toMatchObject([{ rows: [] }]);
});

test('a Location is followed verbatim over another path, and only where that path may go', () => {
  const entry: LedgerEntry = {
    id: 'x',
    kind: 'session',
    state: 'open',
    registry: 'lab',
    repository: 'a',
    path: 'edge',
    origin: 'https://registry.example.org',
    createdAt: 0,
    tries: 0,
    nextTryAt: 0,
    location: 'https://registry.example.org/v2/a/blobs/uploads/1?_state=a%2Bb+c~%7E&x=@',
  };
  const internal = pathTo('http://registry.internal:5000');
  expect(locationOver(internal, entry)?.href).toBe(
    'http://registry.internal:5000/v2/a/blobs/uploads/1?_state=a%2Bb+c~%7E&x=@',
  );
  const elsewhere = { ...entry, location: 'https://uploads.example.net/1?token=secret' };
  expect(locationOver(internal, elsewhere)).toBeUndefined();
  expect(
    locationOver(pathTo('https://registry.internal', { allowHosts: ['uploads.example.net'] }), elsewhere)?.href,
  ).toBe(elsewhere.location);
  for (const location of [
    'http://169.254.169.254/latest/meta-data',
    'https://registry.example.org.evil.example/v2/',
    'https://registry.example.org@evil.example/',
  ])
    expect(locationOver(internal, { ...entry, location })).toBeUndefined();
  expect(locationOver(internal, { ...entry, location: 'https://registry.example.org//evil.example/x' })?.host).toBe(
    'registry.internal:5000',
  );
});

test('an object that its path may not reach fails without silencing the path', async () => {
  const registry = await registryOf();
  const ledger = await leftBehind(registry);
  const session = ledger.entries.find(({ kind }) => kind === 'session');
  ledger.put({ ...session!, location: 'http://192.0.2.1/upload?token=canary' });
  const report = await replay(ledger, [target([pathTo(registry.url)])]);
  expect(report.rows.map(({ kind, result }) => `${kind} ${result}`)).toEqual(['session failed', 'blob removed']);
  expect(JSON.stringify(report)).not.toContain('canary');
});

describe('of an object that', () => {
  const api = { 'docker-distribution-api-version': 'registry/2.0' };
  /** A server that answers each DELETE so, and nothing is there when it is looked for. */
  async function answering(status: number | 'hangs up') {
    const server = await serve(({ method }) => {
      if (status === 'hangs up') return { hangUp: true };
      return { status: method === 'DELETE' ? status : 404, headers: api, body: '' };
    });
    open.push(server);
    return server;
  }
  const ledgerOf = (...entries: readonly LedgerEntry[]): Ledger => {
    const ledger = new Ledger({ now: () => 1_000 });
    entries.forEach((entry) => ledger.put(entry));
    return ledger;
  };
  const row = { registry: 'lab', path: 'own', kind: 'blob', count: 1 };
  const answered500 = { reason: 'registry_error', message: 'DELETE for cleanup was answered 500' };

  test('its own path does not remove, another one is asked after it, wherever that stands', async () => {
    const [own, other, third] = [await answering(500), await answering(202), await answering(202)];
    const ledger = ledgerOf(blob(1, { path: 'own' }), blob(2, { path: 'own' }));
    const paths = [pathTo(other.origin), pathTo(own.origin, { name: 'own' }), pathTo(third.origin, { name: 'third' })];
    const { rows } = await replay(ledger, [target(paths)]);
    expect(rows).toEqual([{ ...row, via: 'direct', result: 'removed', ...answered500, count: 2 }]);
    expect([own.seen, other.seen, third.seen].map(({ length }) => length)).toEqual([2, 4, 0]);
  });

  test('no path removes, each is tried and the last one is told of', async () => {
    const [own, other] = [await answering(500), await answering(403)];
    const ledger = ledgerOf(blob(1, { path: 'own' }));
    const { rows } = await replay(ledger, [
      target([pathTo(own.origin, { name: 'own' }), pathTo(other.origin, { name: 'other' })]),
    ]);
    const message = 'DELETE for cleanup was answered 403';
    expect(rows).toEqual([{ ...row, via: 'other', result: 'failed', reason: 'auth_rejected', message }]);
    expect(ledger.entries).toMatchObject([{ state: 'stored', tries: 2, nextTryAt: 1_000 + 120_000 }]);
  });

  test('a silent path was to remove, the others are asked from then on', async () => {
    const [own, other] = [await answering('hangs up'), await answering(202)];
    const ledger = ledgerOf(...[1, 2, 3].map((n) => blob(n, { path: 'own' })));
    const { rows } = await replay(ledger, [
      target([pathTo(own.origin, { name: 'own' }), pathTo(other.origin, { name: 'other' })]),
    ]);
    expect(rows).toMatchObject([
      { via: 'other', result: 'removed', reason: 'connection_reset', count: 1 },
      { via: 'other', result: 'removed', reason: undefined, message: undefined, count: 2 },
    ]);
    expect([own.seen, other.seen].map(({ length }) => length)).toEqual([1, 6]);
  });

  test('the registry does not delete, and of those of its kind, all is known', async () => {
    const server = await answering(405);
    const entries = [blob(1), blob(2), blob(3, { kind: 'manifest' }), blob(4, { kind: 'manifest' })];
    const ledger = ledgerOf(...entries);
    const { rows } = await replay(ledger, [target([pathTo(server.origin)])]);
    const asked = { via: 'direct', reason: 'method_not_allowed', message: 'DELETE for cleanup was answered 405' };
    expect(rows).toMatchObject([
      { kind: 'manifest', result: 'undeletable', ...asked, count: 1 },
      { kind: 'manifest', result: 'undeletable', via: undefined, reason: undefined, count: 1 },
      { kind: 'blob', result: 'undeletable', ...asked, count: 1 },
      { kind: 'blob', result: 'undeletable', via: undefined, reason: undefined, count: 1 },
    ]);
    expect(server.seen).toHaveLength(2);
    expect(ledger.entries.map(({ state }) => state)).toEqual(entries.map(() => 'undeletable'));
  });
});

test('what has the same fate is one row; what is at work, and how long it took', async () => {
  const ledger = new Ledger({ now: () => 1_000 });
  const opening = blob(1, { kind: 'session', state: 'opening', digest: undefined });
  [opening, { ...opening, id: 'second' }, blob(2, { path: 'edge', repository: 'x' })].forEach((one) => ledger.put(one));
  [blob(3, { registry: 'gone' }), blob(4, { registry: 'gone' })].forEach((one) => ledger.put(one));
  let atMs = 100;
  const nowMs = (): number => (atMs *= 2);
  const report = await replayLedger({ ledger, nowMs, timeoutMs: 5_000 }, [target([])]);
  const nothingAsked = { via: undefined, reason: undefined, message: undefined };
  expect(report).toEqual({
    rows: [
      { registry: 'lab', path: 'direct', kind: 'session', result: 'unknown', ...nothingAsked, count: 2 },
      { registry: 'lab', path: 'edge', kind: 'blob', result: 'not_configured', ...nothingAsked, count: 1 },
      { registry: 'gone', path: 'direct', kind: 'blob', result: 'not_configured', ...nothingAsked, count: 2 },
    ],
    durationMs: 200,
    ledger: ledger.status,
  });
  expect(ledger.idle('lab', false)).toHaveLength(3);
});

test('one connection does for a path and ends with it; what it is at work on is nobody else’s meanwhile', async () => {
  const opened = new Opened();
  open.push({ close: () => opened.closeAll() });
  const ledger = new Ledger({ now: () => 1_000 });
  [blob(1), blob(2)].forEach((entry) => ledger.put(entry));
  const idle = (): number => ledger.idle('lab', false).length;
  const seen: unknown[] = [];
  // A server that never ends what is idle.
  const server = createServer({ keepAliveTimeout: 0 }, ({ headers }, response) => {
    seen.push([headers['user-agent']?.split('/')[0], idle()]);
    response.writeHead(500).end();
  });
  const listening = await opened.listen(server);
  await replay(ledger, [target([pathTo(`http://127.0.0.1:${listening.port}`)])]);
  expect(seen).toEqual([
    ['blobprobe', 0],
    ['blobprobe', 0],
  ]);
  expect([listening.accepted, idle()]).toEqual([1, 2]);
  await expect.poll(() => listening.sockets.size).toBe(0);
});
