import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { Ledger } from '../../src/probe/leftovers/ledger.ts';
import type { ReplayReport } from '../../src/probe/leftovers/ledger-replay.ts';
import { checkOf, runDeps, runOnce } from '../support/checks.ts';
import { describeWithComponents } from '../support/component.ts';
import { builtProgram } from '../support/program.ts';
import { startDaemon } from './support/daemon.ts';
import { type RunningRegistry, startRegistry } from './support/docker-registry.ts';
import { type RunningProcess, startProcess, waitFor } from './support/process.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';
import { Opened } from '../support/servers.ts';

const repository = 'probes/blob';
const sizeBytes = 32 * 1024 * 1024;
const opened = new Opened();
afterEach(() => opened.closeAll());

/**
 * What the two processes run: the built engine on a ledger, without a schedule. `push` and `image`: one run of the given client;
 * `replay`: what a start does. Prints one JSON line.
 */
const script = (mode: 'push' | 'image' | 'replay', ledgerFile: string, origin: string, client: string): string => `
  const load = (name) => import(${JSON.stringify(new URL('./', pathToFileURL(builtProgram())).href)} + name);
  const [{ createRunner }, { Ledger }, { replayLedger }, { clientProfiles }, { createPayloadSource }] = await Promise.all(
    ['probe/run/run.js', 'probe/leftovers/ledger.js', 'probe/leftovers/ledger-replay.js', 'probe/clients/client-profiles.js', 'registry/payload.js'].map(load));
  const path = { name: 'only', origin: ${JSON.stringify(origin)}, kind: 'direct', dnsServers: [], headers: {},
    tls: { insecure: false, minVersion: 'TLSv1.2' }, allowHosts: [], realm: 'follow' };
  const registry = { name: 'local', repository: ${JSON.stringify(repository)}, credentials: { kind: 'anonymous' }, cleanup: 'delete' };
  const ledger = new Ledger({ file: ${JSON.stringify(ledgerFile)} });
  const nowMs = () => performance.now();
  if (${JSON.stringify(mode)} !== 'replay') {
    const run = createRunner({
      clock: { nowMs, sleep: async () => {} }, payloads: createPayloadSource('crash'), random: Math.random,
      newId: () => crypto.randomUUID(), eventLoopLag: { start: () => () => 0 }, readTcpInfo: undefined, taintedAboveMs: 250,
      cleanupTimeoutMs: 8000, stallTimeoutMs: undefined, ledger });
    const check = { registry, path, client: clientProfiles[${JSON.stringify(client)}],
      workload: ${JSON.stringify(mode)} === 'image'
        ? { name: 'image', kind: 'image', layerBytes: [300000, 100000], pull: true }
        : { name: 'blob', kind: 'blob', layerBytes: [${sizeBytes}], pull: false },
      intervalMs: 60000, timeoutMs: 60000, retries: 'none', retryWaitScale: 1, payload: { kind: 'fresh' } };
    const { ok, cleanup, failure } = await run(check, { signal: new AbortController().signal });
    console.log(JSON.stringify({ ok, cleanup, reason: failure?.reason, status: ledger.status }));
  } else {
    const report = await replayLedger({ ledger, nowMs, timeoutMs: 20000 }, [{ ...registry, paths: [path] }]);
    console.log(JSON.stringify({ ...report, left: ledger.entries.map(({ kind, state }) => kind + ' ' + state) }));
  }
  await ledger.close();
`;

function runScript(...args: Parameters<typeof script>): Promise<RunningProcess> {
  return startProcess(process.execPath, ['--input-type=module', '-e', script(...args)], {
    env: { PATH: process.env['PATH'] },
  });
}

async function replay(
  ledgerFile: string,
  origin: string,
): Promise<ReplayReport & { readonly left: readonly string[] }> {
  const child = await runScript('replay', ledgerFile, origin, 'docker');
  const code = await child.exited;
  expect(`${code} ${child.output()}`).toMatch(/^0 \{/);
  return JSON.parse(child.output()) as ReplayReport & { left: string[] };
}

/** Decides, for each request of the child, where the child dies: before anything of it is passed on, in its body, or before its answer is. */
type Moment = {
  readonly method: string;
  readonly at: 'request' | 'body' | 'stuck' | 'answer';
  /** Part of the path, where the method alone does not tell. */
  readonly path?: string;
};

/** A proxy before the registry that kills the child at a moment. Locations name the proxy: the Host header is passed on. */
async function startHop(registryPort: number) {
  let moment: Moment | undefined;
  let kill: () => void = () => {};
  const server = createServer((incoming, outgoing) => {
    const isNow = moment?.method === incoming.method && incoming.url?.includes(moment?.path ?? '') === true;
    const now = isNow ? moment?.at : undefined;
    if (now === 'request') return kill();
    passOn(incoming, outgoing, registryPort, now, () => kill());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  opened.own({
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    killAt(next: Moment | undefined, child?: RunningProcess) {
      moment = next;
      kill = () => void child?.stop('SIGKILL');
    },
  };
}

function passOn(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  port: number,
  now: Moment['at'] | undefined,
  kill: () => void,
): void {
  const { method, url: path, headers } = incoming;
  const upstream = forward({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
    if (now === 'answer') {
      answer.resume();
      return kill();
    }
    outgoing.writeHead(answer.statusCode ?? 0, answer.headers);
    answer.pipe(outgoing);
  });
  upstream.on('error', () => outgoing.destroy());
  incoming.on('error', () => upstream.destroy());
  outgoing.on('close', () => !outgoing.writableFinished && upstream.destroy());
  let passedBytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    passedBytes += chunk.length;
    if (now === 'stuck' && passedBytes > sizeBytes / 4) return;
    upstream.write(chunk);
    if (now === 'body' && passedBytes > sizeBytes / 4) kill();
  });
  incoming.on('end', () => now !== 'stuck' && upstream.end());
}

async function openRegistry(): Promise<RunningRegistry> {
  const registry = opened.own(await startRegistry());
  return registry;
}

function ledgerIn(): string {
  const directory = temporaryDirectory('ledger');
  opened.own({ close: directory.remove });
  return join(directory.path, 'ledger.jsonl');
}

/** Status of HEAD for each digest that the ledger's file names. */
async function blobStatuses(ledgerFile: string, registry: RunningRegistry): Promise<number[]> {
  const digests = new Set(readFileSync(ledgerFile, 'utf8').match(/sha256:[0-9a-f]{64}/g));
  const heads = [...digests].map((digest) =>
    fetch(`${registry.origin}/v2/${repository}/blobs/${digest}`, { method: 'HEAD' }),
  );
  return (await Promise.all(heads)).map(({ status }) => status);
}

interface Point {
  readonly name: string;
  readonly client?: string;
  readonly moment: Moment;
  /** What the file says after the crash. */
  readonly remembered: readonly string[];
  /** What the registry has before the replay: sessions and blobs. */
  readonly before: readonly [sessions: number, blobStatuses: readonly number[]];
  readonly results: readonly string[];
  readonly after: readonly [sessions: number, blobStatuses: readonly number[]];
  readonly left?: readonly string[];
}

const points: readonly Point[] = [
  {
    name: 'before the ping',
    moment: { method: 'GET', at: 'request' },
    remembered: [],
    before: [0, []],
    results: [],
    after: [0, []],
  },
  {
    // A Location that never came cannot be known not to have been on its way.
    name: 'before the POST',
    moment: { method: 'POST', at: 'request' },
    remembered: ['session opening'],
    before: [0, []],
    results: ['session unknown'],
    after: [0, []],
    left: ['session opening'],
  },
  {
    name: 'after the PATCH, its answer not seen',
    moment: { method: 'PATCH', at: 'answer' },
    remembered: ['session open'],
    before: [1, []],
    results: ['session disowned'],
    after: [1, []],
    left: ['session disowned'],
  },
  {
    name: 'after the HEAD, its answer not seen',
    moment: { method: 'HEAD', at: 'answer' },
    remembered: ['blob stored'],
    before: [0, [200]],
    results: ['blob removed'],
    after: [0, [404]],
  },
  {
    name: 'after the POST',
    moment: { method: 'PATCH', at: 'request' },
    remembered: ['session open'],
    before: [1, []],
    results: ['session removed'],
    after: [0, []],
  },
  {
    name: 'before the PUT',
    moment: { method: 'PUT', at: 'request' },
    remembered: ['session open', 'blob committing'],
    before: [1, [404]],
    results: ['session removed', 'blob unsettled'],
    after: [0, [404]],
    left: ['blob committing'],
  },
  {
    name: 'after the PUT, its answer not seen',
    moment: { method: 'PUT', at: 'answer' },
    remembered: ['session open', 'blob committing'],
    before: [0, [200]],
    results: ['session absent', 'blob removed'],
    after: [0, [404]],
  },
  {
    name: 'before the HEAD',
    moment: { method: 'HEAD', at: 'request' },
    remembered: ['blob stored'],
    before: [0, [200]],
    results: ['blob removed'],
    after: [0, [404]],
  },
  {
    name: 'before the DELETE',
    moment: { method: 'DELETE', at: 'request' },
    remembered: ['blob stored'],
    before: [0, [200]],
    results: ['blob removed'],
    after: [0, [404]],
  },
  {
    name: 'after the DELETE, its answer not seen',
    moment: { method: 'DELETE', at: 'answer' },
    remembered: ['blob stored'],
    before: [0, [404]],
    results: ['blob removed'],
    after: [0, [404]],
  },
  {
    name: 'before the only PUT of containerd',
    client: 'docker-containerd',
    moment: { method: 'PUT', at: 'request' },
    remembered: ['session open', 'blob committing'],
    before: [1, [404]],
    results: ['session removed', 'blob unsettled'],
    after: [0, [404]],
    left: ['blob committing'],
  },
  {
    // Nobody can name this session: the registry told only the dead.
    name: 'after the POST, its answer not seen',
    moment: { method: 'POST', at: 'answer' },
    remembered: ['session opening'],
    before: [1, []],
    results: ['session unknown'],
    after: [1, []],
    left: ['session opening'],
  },
  {
    // Registry 2.8 signs the offset into the Location, refuses it once the offset moved (404 BLOB_UPLOAD_INVALID), closes the
    // writer before it would cancel, and so keeps the bytes until its purge, whatever a client does.
    name: 'in the PATCH',
    moment: { method: 'PATCH', at: 'body' },
    remembered: ['session open'],
    before: [1, []],
    results: ['session disowned'],
    after: [1, []],
    left: ['session disowned'],
  },
];

interface ImagePoint {
  readonly name: string;
  readonly moment: Moment;
  readonly remembered: readonly string[];
  readonly results: readonly string[];
  readonly left?: readonly string[];
}

const blobs = ['blob stored', 'blob stored', 'blob stored'];
const image = [...blobs, 'manifest stored'];
const removed = ['manifest removed', 'blob removed3'];

/** What an image adds to the steps of its blobs: the manifest, its way back, and a cleanup of several objects in their order. */
const imagePoints: readonly ImagePoint[] = [
  {
    name: 'before the PUT of the manifest',
    moment: { method: 'PUT', at: 'request', path: '/manifests/' },
    remembered: [...blobs, 'manifest committing'],
    results: ['manifest unsettled', 'blob removed3'],
    left: ['manifest committing'],
  },
  {
    name: 'after the PUT of the manifest, its answer not seen',
    moment: { method: 'PUT', at: 'answer', path: '/manifests/' },
    remembered: [...blobs, 'manifest committing'],
    results: removed,
  },
  {
    name: 'before the look at the manifest',
    moment: { method: 'HEAD', at: 'request', path: '/manifests/' },
    remembered: image,
    results: removed,
  },
  {
    name: 'before the manifest is pulled',
    moment: { method: 'GET', at: 'request', path: '/manifests/' },
    remembered: image,
    results: removed,
  },
  {
    name: 'while a blob is pulled',
    moment: { method: 'GET', at: 'answer', path: '/blobs/sha256' },
    remembered: image,
    results: removed,
  },
  {
    name: 'before the manifest is deleted',
    moment: { method: 'DELETE', at: 'request', path: '/manifests/' },
    remembered: image,
    results: removed,
  },
  {
    name: 'after the manifest is deleted, the answer not seen',
    moment: { method: 'DELETE', at: 'answer', path: '/manifests/' },
    remembered: image,
    results: removed,
  },
  {
    name: 'before the first blob is deleted',
    moment: { method: 'DELETE', at: 'request', path: '/blobs/' },
    remembered: blobs,
    results: ['blob removed3'],
  },
];

/** `kind state` of what the file remembers, in order. */
function remembered(ledgerFile: string): string[] {
  const states = new Map<string, string>();
  for (const line of readFileSync(ledgerFile, 'utf8').split('\n').filter(Boolean)) {
    const { id, kind, state, removed } = JSON.parse(line) as Record<string, string>;
    if (removed === undefined) states.set(id ?? '', `${kind} ${state}`);
    else states.delete(removed);
  }
  return [...states.values()];
}

describeWithComponents(['docker-registry'], 'a process that is killed in mid-push', () => {
  test.each(points)('$name: the next one replays the ledger', async (point) => {
    const registry = await openRegistry();
    const hop = await startHop(registry.port);
    const ledgerFile = ledgerIn();
    const child = await runScript('push', ledgerFile, hop.origin, point.client ?? 'docker');
    hop.killAt(point.moment, child);
    expect(`${await child.exited}${child.output()}`).toBe('SIGKILL');
    expect(remembered(ledgerFile)).toEqual(point.remembered);
    await waitFor('the registry to notice', () => registry.openSessions(repository).length === point.before[0], {
      timeoutMs: 30_000,
      details: registry.log,
    });
    expect(await blobStatuses(ledgerFile, registry)).toEqual(point.before[1]);

    hop.killAt(undefined);
    // The compaction of the file takes digests out of it: asked for by those known before.
    const copy = `${ledgerFile}.before`;
    writeFileSync(copy, readFileSync(ledgerFile));
    const report = await replay(ledgerFile, hop.origin);
    expect(report.rows.map(({ kind, result, count }) => `${kind} ${result}${count === 1 ? '' : count}`)).toEqual(
      point.results,
    );
    expect(report.left).toEqual(point.left ?? []);
    expect(registry.openSessions(repository)).toHaveLength(point.after[0]);
    expect(await blobStatuses(copy, registry)).toEqual(point.after[1]);
    expect(existsSync(`${ledgerFile}.lock`)).toBe(false);
  });

  test.each(imagePoints)('of an image, $name: the next one replays the ledger', async (point) => {
    const registry = await openRegistry();
    const hop = await startHop(registry.port);
    const ledgerFile = ledgerIn();
    const child = await runScript('image', ledgerFile, hop.origin, 'docker');
    hop.killAt(point.moment, child);
    expect(`${await child.exited}${child.output()}`).toBe('SIGKILL');
    expect(remembered(ledgerFile).sort()).toEqual([...point.remembered].sort());
    const digests = [...new Set(readFileSync(ledgerFile, 'utf8').match(/sha256:[0-9a-f]{64}/g))];

    hop.killAt(undefined);
    const report = await replay(ledgerFile, hop.origin);
    expect(report.rows.map(({ kind, result, count }) => `${kind} ${result}${count === 1 ? '' : count}`)).toEqual(
      point.results,
    );
    expect(report.left).toEqual(point.left ?? []);
    expect(registry.openSessions(repository)).toEqual([]);
    const accept = 'application/vnd.docker.distribution.manifest.v2+json';
    for (const digest of digests) {
      for (const kind of ['manifests', 'blobs']) {
        const url = `${registry.origin}/v2/${repository}/${kind}/${digest}`;
        expect((await fetch(url, { method: 'HEAD', headers: { accept } })).status).toBe(404);
      }
    }
  });

  test('a torn and corrupt ledger still cleans up what can be read of it', async () => {
    const registry = await openRegistry();
    const hop = await startHop(registry.port);
    const ledgerFile = ledgerIn();
    const child = await runScript('push', ledgerFile, hop.origin, 'docker');
    hop.killAt({ method: 'PATCH', at: 'request' }, child);
    expect(await child.exited).toBe('SIGKILL');
    const text = readFileSync(ledgerFile, 'utf8');
    writeFileSync(ledgerFile, `\u0000\u0000garbage\n${text}${text.slice(0, 50)}`);
    hop.killAt(undefined);
    const report = await replay(ledgerFile, hop.origin);
    expect(report.ledger).toMatchObject({ skippedLines: 2 });
    expect(report.rows).toMatchObject([{ kind: 'session', result: 'removed' }]);
    expect(registry.openSessions(repository)).toEqual([]);
  });
});

describeWithComponents(['docker-registry'], 'a push that reaches its deadline', () => {
  // By then a busy machine has come as far as the body, too.
  const timeoutMs = 8_000;

  test('while a hop holds its body back: the session is cancelled and gone', async () => {
    const registry = await openRegistry();
    const hop = await startHop(registry.port);
    hop.killAt({ method: 'PATCH', at: 'request' });
    const ledger = new Ledger();
    const check = checkOf(hop.origin, { sizeBytes, registry: { repository }, check: { timeoutMs } });
    const run = await runOnce(check, runDeps({ ledger }));
    expect(run.failure?.reason).toBe('deadline');
    expect([run.cleanup.failures, ledger.entries]).toEqual([[], []]);
    expect(registry.openSessions(repository)).toEqual([]);
    const asked = (): string[] => registry.requests().map(({ method, status }) => `${method} ${status}`);
    // The log comes through a pipe of its own.
    await waitFor('the last request in the log', () => asked().includes('GET 404'), {
      timeoutMs: 30_000,
      details: registry.log,
    });
    expect(asked().slice(-2)).toEqual(['DELETE 204', 'GET 404']);
  });

  test('while the registry takes its body: the registry disowns the session, the run says so and the ledger counts it', async () => {
    const registry = await openRegistry();
    const hop = await startHop(registry.port);
    // Passed on to a quarter, then neither passed on nor answered; nobody is there to be killed.
    hop.killAt({ method: 'PATCH', at: 'stuck' });
    const ledger = new Ledger();
    const check = checkOf(hop.origin, { sizeBytes, registry: { repository }, check: { timeoutMs } });
    const run = await runOnce(check, runDeps({ ledger }));
    expect(run.failure?.reason).toBe('deadline');
    expect(run.cleanup.failures).toMatchObject([{ kind: 'session', reason: 'range_conflict' }]);
    expect(ledger.leftovers('lab')).toEqual({ session: 1, blob: 0, manifest: 0 });
    expect(registry.openSessionBytes(repository)).toBeGreaterThan(1_000_000);
    await waitFor('the log', () => registry.log().includes('upload resumed at wrong off'), { timeoutMs: 30_000 });
  });
});

describeWithComponents(['docker-registry'], 'a ledger on a full disk', () => {
  test('is reported and counted; the run goes on and cleans up', async () => {
    const registry = await openRegistry();
    const ledgerFile = ledgerIn();
    // One block of 512 bytes a file, for this process: the first record fits, the second does not.
    const limited = 'ulimit -f 1 && exec "$0" --input-type=module -e "$1"';
    const code = script('push', ledgerFile, registry.origin, 'docker');
    const child = await startProcess('/bin/sh', ['-c', limited, process.execPath, code], {
      env: { PATH: process.env['PATH'] },
    });
    expect(`${await child.exited} ${child.output()}`).toMatch(/^0 \{/);
    const { ok, cleanup, status } = JSON.parse(child.output()) as Record<string, unknown>;
    expect({ ok, cleanup, status }).toMatchObject({
      ok: true,
      cleanup: { failures: [] },
      status: { problem: expect.stringMatching(/EFBIG|ENOSPC/), failedWrites: expect.any(Number) },
    });
    expect((status as { failedWrites: number }).failedWrites).toBeGreaterThan(1);
    expect(registry.openSessions(repository)).toEqual([]);
    const deletions = (): unknown[] =>
      registry.requests().filter(({ method, status: answer }) => method === 'DELETE' && answer === 202);
    await waitFor('the deletion in the log', () => deletions().length > 0, { timeoutMs: 30_000 });
    expect(deletions()).toHaveLength(1);
    // What could be written is whole lines and one torn one: the next process goes on from there.
    const next = await replay(ledgerFile, registry.origin);
    expect(next.ledger).not.toHaveProperty('problem');
    expect(next.left).toEqual([]);
  });
});

describeWithComponents(['docker-registry'], 'the daemon', () => {
  test('killed in mid-push and started again: cleans up before it pushes, says so, and keeps Locations to itself', async () => {
    const registry = await openRegistry();
    const hop = await startHop(registry.port);
    const ledgerFile = ledgerIn();
    const configuration = {
      registries: { local: { repository, paths: { only: { url: hop.origin } } } },
      checks: { small: { size: '1MiB', every: '10s', clients: ['docker'] } },
      ledgerFile,
    };
    hop.killAt({ method: 'PATCH', at: 'request' });
    const first = await startDaemon(configuration);
    opened.own({ close: first.stop });
    await waitFor('a push', () => remembered(ledgerFile).includes('session open'), { timeoutMs: 30_000 });
    process.kill(first.pid, 'SIGKILL');
    await waitFor('its end', () => !first.isRunning(), { timeoutMs: 30_000 });
    const [abandoned] = registry.openSessions(repository);
    expect(abandoned).toBeDefined();

    hop.killAt(undefined);
    const second = await startDaemon(configuration);
    opened.own({ close: second.stop });
    expect(registry.openSessions(repository)).not.toContain(abandoned);
    expect(second.output()).toMatch(/msg="left by an earlier process" .*kind=session count=1 result=removed via=only/);
    const scrape = await second.scrapeUntil('a run', (now) => now.value('blobprobe_last_run_success') === 1, 30_000);
    expect(scrape.value('blobprobe_leftover_objects', { kind: 'session' })).toBe(0);
    expect(scrape.value('blobprobe_leftover_objects', { kind: 'blob' })).toBe(0);
    expect(await second.stop()).toBe(0);
    expect(registry.openSessions(repository)).toEqual([]);
    expect(remembered(ledgerFile)).toEqual([]);
    expect(readFileSync(ledgerFile, 'utf8')).toContain('_state=');
    expect(first.output() + second.output() + scrape.text).not.toContain('_state=');
    expect(existsSync(`${ledgerFile}.lock`)).toBe(false);
  }, 90_000);
});
