import { afterEach, describe, expect, test } from 'vitest';
import type { Check } from '../../../src/probe/check.ts';
import type { RunDeps } from '../../../src/probe/deps.ts';
import type { LedgerEntry } from '../../../src/probe/leftovers/ledger-entry.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import type { Progress, Run, RunCheck } from '../../../src/probe/outcome.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { startEdge } from '../../support/lab/edge.ts';
import type { Intercept, Reaction } from '../../support/lab/intercept.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { pathTo } from '../../support/paths.ts';
import { startScriptedRegistry } from '../../support/scripted-registry.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const registryOf = async (intercept?: Intercept): Promise<DemoRegistry> =>
  opened.own(await startRegistry({ ...(intercept && { intercept }) }));

interface Asking {
  readonly deps?: Partial<RunDeps>;
  readonly options?: Partial<Parameters<RunCheck>[1]>;
  readonly waits?: number[];
}

function runOf(check: Check, { deps, options, waits }: Asking = {}): Promise<Run> {
  return createRunner(runDeps(deps, waits))(check, { signal: new AbortController().signal, ...options });
}

const small = { sizeBytes: 10_000 };
const image = { name: 'image', kind: 'image', layerBytes: [10_001, 10_002], pull: false } as const;
/** What every PATCH meets. */
const patched =
  (reaction: Reaction): Intercept =>
  ({ method }) =>
    method === 'PATCH' ? reaction : undefined;

describe('a run', () => {
  test('has the id that was promised, else a new one', async () => {
    const { url } = await registryOf();
    const deps = { newId: () => 'new' };
    expect((await runOf(checkOf(url, small), { deps })).id).toBe('new');
    expect((await runOf(checkOf(url, small), { deps, options: { id: 'promised' } })).id).toBe('promised');
  });

  test('lasts from when the client would start to the end of its push: neither hashing nor cleanup counts', async () => {
    let nowMs = 1_000;
    const registry = await registryOf(({ method }) => {
      nowMs += method === 'DELETE' ? 500 : method === 'PATCH' ? 7_000 : 0;
      return undefined;
    });
    const source = createPayloadSource('test');
    const payloads: RunDeps['payloads'] = {
      ...source,
      prepare: (...asked) => {
        nowMs += 60_000;
        return source.prepare(...asked);
      },
    };
    const { clock } = runDeps();
    const deps = { payloads, clock: { ...clock, nowMs: () => nowMs } };
    const run = await runOf(checkOf(registry.url, { ...small, client: 'chunked' }), { deps });
    expect([run.failure, run.durationMs, run.attempts[0]?.startMs]).toEqual([undefined, 7_000, 0]);
  });

  test('adds up what its attempts sent, were told of, and carried over the wire', async () => {
    let patches = 0;
    const registry = await registryOf(({ method }) =>
      method === 'PATCH' && (patches += 1) === 1 ? { kind: 'answer', status: 503 } : undefined,
    );
    const check = checkOf(registry.url, { sizeBytes: 10_000, check: { retries: 'profile' } });
    const run = await runOf(check, { waits: [] });
    expect(run.attempts).toHaveLength(2);
    expect(run).toMatchObject({ ok: true, sentBytes: 20_000, acknowledgedBytes: 10_000, pulledBytes: 0 });
    expect(run.wireBytes).toBeGreaterThan(20_000);
    expect([run.realWaits, run.pulls]).toEqual([true, undefined]);
    expect([run.pushBytesPerSecond, run.pullBytesPerSecond]).toEqual([expect.any(Number), undefined]);
  });

  test('that fails has no throughput', async () => {
    const registry = await registryOf(({ method }) =>
      method === 'HEAD' ? { kind: 'answer', status: 500 } : undefined,
    );
    const run = await runOf(checkOf(registry.url, small));
    expect([run.ok, run.pushBytesPerSecond, run.sentBytes]).toEqual([false, undefined, 10_000]);
    const manifests = await registryOf(({ path }) =>
      path.includes('/manifests/') ? { kind: 'answer', status: 400 } : undefined,
    );
    // Its layers got through; what failed it is the manifest.
    const unnamed = await runOf(checkOf(manifests.url, { check: { workload: image } }));
    expect([unnamed.ok, unnamed.failure?.status, unnamed.pushBytesPerSecond]).toEqual([false, 400, undefined]);
  });

  test('that pulls says how fast, and what came', async () => {
    const { url } = await registryOf();
    const workload = { name: 'blob', kind: 'blob', layerBytes: [10_000], pull: true } as const;
    const run = await runOf(checkOf(url, { check: { workload } }));
    expect([run.ok, run.pulledBytes]).toEqual([true, 20_000]);
    expect(run.pulls).toMatchObject({ cold: { resumed: 0 }, warm: { resumed: 0 } });
    expect(run.pullBytesPerSecond).toBeGreaterThan(0);
    // Ranges that nothing cut are no resumptions.
    const docker = checkOf(url, { check: { workload } });
    const pull = { ...docker.client.pull, ranges: { bytes: 4_000, atOnce: 2 } };
    const inRanges = await runOf({ ...docker, client: { ...docker.client, pull } });
    expect([inRanges.ok, inRanges.pulls?.cold?.resumed]).toEqual([true, 0]);
    // Each pull is cut once, and its next attempt goes on from there.
    const cutting = await registryOf(({ method, path, headers }) =>
      method === 'GET' && path.includes('sha256') && !('range' in headers)
        ? { kind: 'pass', blobBody: { cutAfterBytes: 4_000 } }
        : undefined,
    );
    const resuming = await runOf(checkOf(cutting.url, { check: { workload, retries: 'profile' } }), { waits: [] });
    expect([resuming.ok, resuming.pulls?.cold?.resumed, resuming.pulls?.warm?.resumed]).toEqual([true, 1, 1]);
    let pulls = 0;
    const refusing = await registryOf(({ method, path }) => {
      pulls += method === 'GET' && path.includes('sha256') ? 1 : 0;
      return pulls > 1 && method === 'GET' ? { kind: 'answer', status: 500 } : undefined;
    });
    const failed = await runOf(checkOf(refusing.url, { check: { workload } }));
    expect(failed.attempts.map(({ pull, failure }) => [pull, failure?.phase])).toEqual([
      [undefined, undefined],
      ['cold', undefined],
      ['warm', 'pull'],
    ]);
    expect(failed.pullBytesPerSecond).toBeUndefined();
  });

  test('tells its attempts in the order in which they began, whichever was over first', async () => {
    let isOver: () => void = () => {};
    const second = new Promise<void>((resolve) => (isOver = resolve));
    const registry = opened.own(
      await startScriptedRegistry({
        async PUT(scene) {
          const [first, last] = image.layerBytes;
          const sizeBytes = await scene.read();
          // An attempt closes its connection when it is over.
          if (sizeBytes === last) scene.request.socket.once('close', isOver);
          if (sizeBytes === first) await second;
          scene.answer(201);
        },
      }),
    );
    const told: Progress[] = [];
    const check = checkOf(registry.url, { client: 'docker-containerd', check: { workload: image } });
    const run = await runOf(check, { options: { onProgress: (one) => told.push(one) } });
    expect(run.attempts.map(({ blob }) => blob).slice(0, 2)).toEqual(['layer1', 'layer2']);
    expect(told.map(({ blob }) => blob)).toEqual(expect.arrayContaining(['layer1', 'layer2']));
  });

  test('says what this process did to it', async () => {
    const { url } = await registryOf();
    const order: string[] = [];
    const watch = <T>(name: string, seen: T) => ({
      start: () => {
        order.push(`${name} begins`);
        return () => {
          order.push(`${name} ends`);
          return seen;
        };
      },
    });
    const throttled = { periods: 3, ms: 260 };
    const deps = {
      eventLoopLag: watch('lag', 100),
      cpuThrottling: watch('throttling', throttled),
      taintedAboveMs: 250,
    };
    const run = await runOf(checkOf(url, small), { deps });
    expect(run).toMatchObject({ eventLoopLagMs: 100, cpuThrottling: throttled, tainted: true });
    expect(order).toEqual(['lag begins', 'throttling begins', 'lag ends', 'throttling ends']);
    const calm = await runOf(checkOf(url, small), { deps: { eventLoopLag: watch('lag', 250) } });
    expect([calm.tainted, calm.cpuThrottling]).toEqual([false, undefined]);
  });

  test('whose body cannot be made failed in this process, and has cleaned up', async () => {
    const registry = await registryOf();
    const payloads = { prepare: () => Promise.reject(new Error('no memory')) } as unknown as RunDeps['payloads'];
    const run = await runOf(checkOf(registry.url, small), { deps: { payloads } });
    expect(run).toMatchObject({ ok: false, attempts: [], failure: { phase: 'start', blame: 'prober' } });
    expect([run.failure?.evidence.message, run.cleanup.failures, registry.requestTotal]).toEqual(['no memory', [], 0]);
  });

  test('keeps in its ledger what could not be deleted', async () => {
    const registry = await registryOf(({ method }) =>
      method === 'DELETE' ? { kind: 'answer', status: 405 } : undefined,
    );
    const ledger = new Ledger();
    const run = await runOf(checkOf(registry.url, small), { deps: { ledger } });
    expect(run.cleanup.failures).toMatchObject([{ kind: 'blob', reason: 'method_not_allowed' }]);
    expect(ledger.entries).toMatchObject([{ kind: 'blob', state: 'undeletable' }]);
  });

  test('that is ended between two parts is no success', async () => {
    const { url } = await registryOf();
    const ending = new AbortController();
    class Ending extends Ledger {
      override put(entry: LedgerEntry): void {
        super.put(entry);
        if (entry.state === 'stored') ending.abort();
      }
    }
    const usual = checkOf(url, { client: 'docker-containerd', check: { workload: image } });
    const inTurn = { ...usual, client: { ...usual.client, concurrency: 1 } };
    const run = await runOf(inTurn, { deps: { ledger: new Ending() }, options: { signal: ending.signal } });
    expect(run.attempts.map(({ blob, failure }) => [blob, failure])).toEqual([['layer1', undefined]]);
    expect([run.ok, run.failure?.reason]).toEqual([false, 'cancelled']);
  });

  test('fails with what ended it, not with what was given up beside it', async () => {
    let patches = 0;
    const registry = await registryOf(({ method }) => {
      if (method !== 'PATCH') return undefined;
      patches += 1;
      return patches === 1 ? { kind: 'stall' } : { kind: 'answer', status: 413 };
    });
    const run = await runOf(checkOf(registry.url, { check: { workload: image } }));
    const reasons = run.attempts.map(({ failure }) => failure?.reason);
    expect(new Set(reasons)).toEqual(new Set(['body_too_large', 'cancelled']));
    expect(run.failure?.reason).toBe('body_too_large');
  });
});

describe('what the registry is asked afterwards', () => {
  const asks = { options: { inspectsSession: true } };
  const sentUnread: Reaction = { kind: 'reset', readBytes: 1_000 };

  test('how much it holds, after a cut', async () => {
    const { url } = await registryOf(patched(sentUnread));
    expect(await runOf(checkOf(url, small), asks)).toMatchObject({ ok: false, heldBytes: 0 });
    expect(await runOf(checkOf(url, small))).not.toHaveProperty('heldBytes');
  });

  test('whether it knows the session, where a refusal leaves that open', async () => {
    const { url } = await registryOf(patched({ kind: 'answer', status: 404 }));
    const run = await runOf(checkOf(url, small), asks);
    expect([run.failure?.reason, run.sessionAnswers?.disowned]).toEqual(['session_lost', 0]);
    expect(run.sessionAnswers?.known).toBeGreaterThan(0);
    expect(run).not.toHaveProperty('heldBytes');
  });

  test.each<[string, Reaction | undefined]>([
    ['another refusal', { kind: 'answer', status: 413 }],
    ['a success', undefined],
  ])('nothing, after %s', async (_what, reaction) => {
    const { url } = await registryOf(reaction && patched(reaction));
    const run = await runOf(checkOf(url, small), asks);
    expect(run).not.toHaveProperty('heldBytes');
    expect(run).not.toHaveProperty('sessionAnswers');
  });
});

describe('ways', () => {
  test('what is pulled may be put there over another path, on which it is taken away', async () => {
    const registry = await registryOf();
    const edge = opened.own(await startEdge({ upstream: registry.url }));
    const pushedOver = pathTo(registry.url, { name: 'internal' });
    const workload = { name: 'blob', kind: 'blob', layerBytes: [10_000], pull: true } as const;
    const check = checkOf(edge.url, { check: { workload, pushedOver } });
    const run = await runOf(check);
    expect([run.failure, run.check]).toEqual([undefined, check]);
    expect(edge.requests.map(({ method }) => method)).toEqual(['GET', 'GET']);
    expect(registry.blobs.size).toBe(0);
    expect(run.attempts.map(({ pull }) => pull)).toEqual([undefined, 'cold']);
  });

  test('layers side by side are logged in once, there and back, over a connection that the end of the run closes', async () => {
    const tokens = opened.own(
      await startScriptedRegistry({ 'GET /token': (scene) => scene.answer(200, {}, '{"token":"shared"}') }),
    );
    const challenge = `Bearer realm="${tokens.url}/token",service="lab"`;
    const registry = await registryOf(({ headers }) =>
      'authorization' in headers
        ? undefined
        : { kind: 'answer', status: 401, headers: { 'www-authenticate': challenge } },
    );
    const path = { allowHosts: [`http://127.0.0.1:${tokens.port}`] };
    const run = await runOf(checkOf(registry.url, { path, check: { workload: { ...image, pull: true } } }));
    // The cleanup asks over one of its own.
    expect([run.failure, tokens.acceptedConnections]).toEqual([undefined, 2]);
    await expect.poll(() => tokens.openConnections).toBe(0);
  });

  test('a token service elsewhere is a fact of the path, and else there is none', async () => {
    const elsewhere = await opened.tcp((socket) => socket.destroy(), '127.0.0.2');
    const realm = `http://127.0.0.2:${elsewhere.port}/token`;
    const registry = await registryOf(({ path }) =>
      path === '/v2/'
        ? { kind: 'answer', status: 401, headers: { 'www-authenticate': `Bearer realm="${realm}",service="lab"` } }
        : undefined,
    );
    const { pathFacts } = await runOf(checkOf(registry.url, small));
    expect(pathFacts).toMatchObject({
      remoteAddress: '127.0.0.1',
      foreignRealmHost: expect.stringMatching(/^127\.0\.0\.2/),
    });
    const { url } = await registryOf();
    expect((await runOf(checkOf(url, small))).pathFacts).not.toHaveProperty('foreignRealmHost');
  });
});
