import { afterEach, describe, expect, test } from 'vitest';
import type { Pacer } from '../../../src/network/body/pump.ts';
import type { Transport } from '../../../src/network/transport.ts';
import { RunAborted } from '../../../src/probe/bounded-signal.ts';
import type { Check } from '../../../src/probe/check.ts';
import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { type AttemptNotes, type AttemptWork, runAttempt } from '../../../src/probe/run/attempt.ts';
import type { Step } from '../../../src/registry/errors.ts';
import type { RegistryClient } from '../../../src/registry/registry-client.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { runContext } from '../../support/run-context.ts';
import { type Scene, type Scripts, startScriptedRegistry, uploadLocation } from '../../support/scripted-registry.ts';
import { get, Opened, streamed } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

type Context = Parameters<typeof runAttempt>[0];
interface Options extends Partial<Context> {
  readonly client?: ClientName;
  readonly retries?: Check['retries'];
  readonly scripts?: Scripts;
}

/** One attempt of this work at a registry of these scripts, and what it told of itself. */
async function attempted(work: AttemptWork, { client, retries = 'none', scripts, ...changes }: Options = {}) {
  const registry = opened.own(await startScriptedRegistry(scripts));
  const check = checkOf(registry.url, { ...(client && { client }), check: { retries, retryWaitScale: 0.5 } });
  const steps: (readonly [step: Step, doneBytes: number])[] = [];
  const result = await runAttempt(
    {
      ...runContext({ check: changes.check ?? check }),
      blob: 'blob',
      pull: undefined,
      number: 1,
      waitedMs: 0,
      sizeRefusedBefore: false,
      signal: new AbortController().signal,
      onProgress: (step, doneBytes) => steps.push([step, doneBytes]),
      ...changes,
    },
    work,
  );
  return { ...result, steps, registry };
}

const patch = (client: RegistryClient, sizeBytes: number) =>
  client.send({
    step: 'send',
    method: 'PATCH',
    url: new URL(uploadLocation, client.path.origin),
    body: streamed(sizeBytes),
    actions: ['push'],
    accepted: [202],
  });
const commit = (client: RegistryClient) =>
  client.send({ step: 'commit', method: 'PUT', url: client.url('commit'), actions: ['push'], accepted: [201] });
const look = (client: RegistryClient, step: Step = 'verify') =>
  client.send({ step, method: 'HEAD', url: client.url('blobs/x'), actions: ['pull'], accepted: [200] });
const open = (acknowledgedBytes?: number): NonNullable<AttemptNotes['session']> => ({
  location: new URL('http://registry.example/1'),
  acknowledgedBytes,
  chunkMinBytes: undefined,
});

describe('an attempt', () => {
  test('is what its requests were, over connections of its own', async () => {
    const { attempt, pathFacts, endedInPing, registry } = await attempted(
      async (client, notes) => {
        await patch(client, 100_000);
        notes.committedBytes = 100_000;
      },
      { blob: 'layer2', number: 3, waitedMs: 7, pull: 'warm' },
    );
    expect(attempt).toMatchObject({
      blob: 'layer2',
      pull: 'warm',
      number: 3,
      waitedMs: 7,
      sentBytes: 100_000,
      acknowledgedBytes: 100_000,
      pulledBytes: 0,
      resends: 0,
      fellBack: false,
      failure: undefined,
      requests: [{ phase: 'send', method: 'PATCH', status: 202, sentBytes: 100_000 }],
    });
    expect(attempt.phaseMs).toHaveProperty('send');
    expect([pathFacts.remoteAddress, endedInPing]).toEqual(['127.0.0.1', false]);
    await expect.poll(() => registry.openConnections).toBe(0);
  });

  test('has its times from the start of the run', async () => {
    let nowMs = 110;
    const deps = runDeps({ clock: { nowMs: () => nowMs, sleep: () => Promise.resolve() } });
    const work: AttemptWork = () => Promise.resolve(void (nowMs = 160));
    expect((await attempted(work, { deps, originMs: 10 })).attempt).toMatchObject({ startMs: 100, durationMs: 50 });
  });

  test('tells its steps, with the bytes that are done', async () => {
    const { steps } = await attempted(async (client) => {
      await patch(client, 100_000);
      await patch(client, 50_000);
      await commit(client);
    });
    expect(
      steps.filter(
        ([, bytes], index) =>
          index === 0 || bytes !== steps[index - 1]?.[1] || steps[index - 1]?.[0] !== steps[index]?.[0],
      ),
    ).toEqual(
      expect.arrayContaining([
        ['auth', 0],
        ['send', 0],
        ['auth', 100_000],
        ['send', 100_000],
        ['auth', 150_000],
        ['commit', 150_000],
      ]),
    );
    const bytes = steps.map(([, doneBytes]) => doneBytes);
    expect(bytes).toEqual(bytes.toSorted((a, b) => a - b));
  });

  test('has what is asked for tokens among its requests', async () => {
    const authorizer = (transport: Transport) => ({
      authorization: async (url: URL) => {
        await transport.exchange(get(new URL('/token', url).href));
        return undefined;
      },
      challenged: () => Promise.resolve(false),
    });
    const { attempt } = await attempted((client) => look(client).then(() => {}), {
      authorizer,
      scripts: { HEAD: (scene) => scene.answer(200) },
    });
    expect(attempt.requests.map(({ phase, method }) => `${phase} ${method}`)).toEqual(['auth GET', 'verify HEAD']);
  });

  test('hands on what its work noted', async () => {
    const { attempt, endedInPing } = await attempted((_client, notes) => {
      Object.assign(notes, { pinging: true, pulledBytes: 12, fellBack: true });
      return Promise.reject(new Error('no'));
    });
    expect([endedInPing, attempt.pulledBytes, attempt.fellBack]).toEqual([true, 12, true]);
    // It begins with a login.
    expect(attempt.failure?.phase).toBe('auth');
  });
});

describe('what the registry has', () => {
  test.each<readonly [what: string, notes: Partial<AttemptNotes>, fails: boolean, acknowledgedBytes: number]>([
    ['nothing without a session', {}, true, 0],
    ['nothing where the session says nothing', { session: open() }, true, 0],
    ['what the session says', { session: open(42) }, true, 42],
    ['all of what was committed, whatever came then', { session: open(42), committedBytes: 99 }, true, 99],
    ['what was committed', { session: open(42), committedBytes: 99 }, false, 99],
    ['nothing of a pull', { session: open(42) }, false, 0],
  ])('%s', async (_what, noted, fails, acknowledgedBytes) => {
    const { attempt } = await attempted((_client, notes) => {
      Object.assign(notes, noted);
      return fails ? Promise.reject(new Error('no')) : Promise.resolve();
    });
    expect([attempt.failure !== undefined, attempt.acknowledgedBytes]).toEqual([fails, acknowledgedBytes]);
  });
});

describe('waits of the client', () => {
  const given = async (retries: Check['retries']) => {
    let pulling: Parameters<AttemptWork>[2] | undefined;
    const waits: number[] = [];
    await attempted((_client, _notes, pull) => Promise.resolve(void (pulling = pull)), {
      retries,
      deps: runDeps({ random: () => 0.25 }, waits),
    });
    return { pulling, waits };
  };

  test('are scaled as those between attempts', async () => {
    const { pulling, waits } = await given('profile');
    expect(pulling?.random()).toBe(0.25);
    await pulling?.pause?.(2);
    expect(waits).toEqual([1]);
  });

  test.each(['none', 3] as const)('are none with retries %s', async (retries) => {
    expect((await given(retries)).pulling?.pause).toBeUndefined();
  });

  test('end with the run, for its reason', async () => {
    const abort = new AbortController();
    const waits: AttemptWork = async (_client, _notes, { pause }) => {
      setImmediate(() => abort.abort(new RunAborted('deadline')));
      await pause?.(7_200_000);
    };
    const { attempt } = await attempted(waits, { retries: 'profile', signal: abort.signal });
    expect(attempt.failure?.reason).toBe('deadline');
  });
});

describe('what the client sends again', () => {
  const busy = (): { readonly scripts: Scripts; readonly times: () => number } => {
    let times = 0;
    const answer = (scene: Scene): void => scene.answer((times += 1) < 3 ? 503 : 200);
    return { scripts: { HEAD: answer }, times: () => times };
  };
  const lookOnce: AttemptWork = (client) => look(client).then(() => {});
  const waits: number[] = [];
  const resend = ({ sending, status }: { sending: number; status?: number | undefined }): number | undefined =>
    status === 503 ? sending * 10 : undefined;
  const asking = async (options: Options) => {
    waits.length = 0;
    const { scripts, times } = busy();
    const { attempt } = await attempted(lookOnce, {
      deps: runDeps({}, waits),
      retries: 'profile',
      ...options,
      scripts,
    });
    return { reason: attempt.failure?.reason, times: times(), resends: attempt.resends };
  };
  const checkWith = (changes: Partial<Check['client']>) => async (options: Options) => {
    const { scripts, times } = busy();
    const registry = opened.own(await startScriptedRegistry(scripts));
    const plain = checkOf(registry.url, { check: { retries: 'profile' } });
    const check = { ...plain, client: { ...plain.client, ...changes } };
    await attempted(lookOnce, { deps: runDeps({}, waits), ...options, check });
    return times();
  };

  test('goes as its row says, after its waits', async () => {
    const memory = { resend, waitMs: () => 0 };
    expect(await asking({ hostMemory: memory })).toEqual({ reason: undefined, times: 3, resends: 2 });
    expect(waits).toEqual([5, 10]);
  });

  test('waits for what it remembers of the host', async () => {
    await asking({ hostMemory: { resend: () => undefined, waitMs: () => 30 } });
    expect(waits).toEqual([15]);
  });

  test('is nothing where its row says nothing', async () => {
    expect(await asking({})).toEqual({ reason: 'origin_unreachable', times: 1, resends: 0 });
  });

  test('is nothing where each answer is to stand', async () => {
    const memory = { resend, waitMs: () => 0 };
    for (const retries of ['none', 3] as const)
      expect(await asking({ hostMemory: memory, retries })).toMatchObject({ times: 1, resends: 0 });
    expect(waits).toEqual([]);
  });

  test('is for pulls what it is for pulls', async () => {
    const { pull } = checkOf('http://127.0.0.1:1').client;
    const ofPushes = checkWith({ resend, pull: { ...pull, resend: () => undefined } });
    expect([await ofPushes({}), await ofPushes({ pull: 'cold' })]).toEqual([3, 1]);
    const ofPulls = checkWith({ resend: () => undefined, pull: { ...pull, resend } });
    expect([await ofPulls({}), await ofPulls({ pull: 'cold' })]).toEqual([1, 3]);
  });
});

describe('a failure is judged by', () => {
  const uploads: AttemptWork = async (client, notes) => {
    notes.session = open(0);
    await patch(client, 1_000);
    await commit(client);
  };
  const invalid: Scripts = {
    PUT: (scene) => scene.answer(400, {}, '{"errors":[{"code":"DIGEST_INVALID","message":"no"}]}'),
  };

  test('step and blob, and the bytes that were sent', async () => {
    const looks: AttemptWork = (client, notes, pull) =>
      uploads(client, notes, pull).then(async () => void (await look(client)));
    const { attempt } = await attempted(looks, { scripts: { HEAD: (scene) => scene.answer(500) }, blob: 'layer1' });
    expect(attempt.failure).toMatchObject({ phase: 'verify', blob: 'layer1', sentBytes: 1_000 });
  });

  test.each<readonly [ClientName, string, boolean, string]>([
    ['docker', 'blob', false, 'body_dropped'],
    // The answers to its PUT say nothing of what arrived.
    ['docker-containerd', 'blob', false, 'body_corrupted'],
    ['regctl', 'blob', true, 'body_dropped'],
    ['docker', 'manifest', false, 'body_corrupted'],
  ])('what the answers to %s can say of a %s (second way: %s)', async (client, blob, fellBack, reason) => {
    const work: AttemptWork = (registry, notes, pull) => uploads(registry, Object.assign(notes, { fellBack }), pull);
    expect((await attempted(work, { scripts: invalid, client, blob })).attempt.failure?.reason).toBe(reason);
  });

  test('how much the session says to have', async () => {
    const some: AttemptWork = async (client, notes) => {
      notes.session = open(500);
      await patch(client, 1_000);
      await commit(client);
    };
    expect((await attempted(some, { scripts: invalid })).attempt.failure?.reason).toBe('body_truncated');
  });

  test('whether the registry had let the client begin', async () => {
    const refused: Scripts = { HEAD: (scene) => scene.answer(401) };
    const asks: AttemptWork = (client) => look(client, 'send').then(() => {});
    const begun: AttemptWork = (client, notes) => {
      notes.session = open();
      return look(client, 'send').then(() => {});
    };
    const before = (await attempted(asks, { scripts: refused })).attempt.failure;
    const after = (await attempted(begun, { scripts: refused })).attempt.failure;
    expect([before?.reason, after?.reason]).toEqual(['auth_rejected', 'auth_expired']);
  });

  test.each([
    [false, 'connection_reset'],
    [true, 'body_too_large'],
  ])('a refusal for the size at an earlier attempt: %s', async (sizeRefusedBefore, reason) => {
    const { attempt } = await attempted((client) => patch(client, 1_000_000).then(() => {}), {
      sizeRefusedBefore,
      scripts: {
        PATCH: async (scene) => {
          await scene.read(1_000);
          scene.reset();
        },
      },
    });
    expect(attempt.failure?.reason).toBe(reason);
  });
});

describe('the bandwidth', () => {
  const pacerOf = (asked: string[], name: string): Pacer => ({
    take: () => Promise.resolve(void asked.push(name)),
  });
  test.each<readonly [pull: 'cold' | undefined, hasPullPacer: boolean, asked: string]>([
    [undefined, true, 'push'],
    ['cold', true, 'pull'],
    ['cold', false, 'push'],
  ])('of round %s, with one of its own for pulls: %s', async (pull, hasPullPacer, name) => {
    const asked: string[] = [];
    const pullPacer = hasPullPacer ? pacerOf(asked, 'pull') : undefined;
    const deps = runDeps({ pacer: pacerOf(asked, 'push'), pullPacer });
    await attempted((client) => patch(client, 1_000).then(() => {}), { pull, deps });
    expect(new Set(asked)).toEqual(new Set([name]));
  });
});
