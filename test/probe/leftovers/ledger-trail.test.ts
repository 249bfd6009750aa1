import { describe, expect, test } from 'vitest';
import { type Exchange, NetworkError, type NetworkStage } from '../../../src/network/exchange.ts';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import type { LedgerEntry } from '../../../src/probe/leftovers/ledger-entry.ts';
import { RunTrail } from '../../../src/probe/leftovers/ledger-trail.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import { ProtocolError } from '../../../src/registry/errors.ts';
import type { UploadSession } from '../../../src/registry/upload.ts';
import { checkOf } from '../../support/checks.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import { blob, digest } from '../../support/ledger-entries.ts';

const origin = 'http://registry.test';

function setUp() {
  let now = 1_000;
  const told: unknown[] = [];
  const ledger = new Ledger({
    now: () => now,
    moment: () => ({ boot: 'one', ms: 1_000 }),
    onLeftovers: (registry, counts) => told.push([registry, counts]),
  });
  const trail = new RunTrail(ledger, checkOf(origin, { path: { name: 'edge' } }), Redactor.of(['canary-secret']));
  const states = (): string[] => ledger.entries.map(({ kind, state }) => `${kind} ${state}`);
  /** What others may work at. */
  const idle = (): number => ledger.idle('lab', false).length;
  return { ledger, trail, told, states, idle, pass: (ms: number) => void (now += ms) };
}
function sessionAt(href: string): UploadSession {
  return { location: new URL(href), acknowledgedBytes: undefined, chunkMinBytes: undefined };
}
const answered = (status: number, changes: Partial<Exchange> = {}, firstSending?: unknown): ProtocolError =>
  new ProtocolError({
    step: 'commit',
    problem: 'unexpected_status',
    exchange: exchangeOf({ response: answerOf(status), ...changes }),
    message: String(status),
    firstSending,
  });
const broken = (stage: NetworkStage): NetworkError => new NetworkError({ stage, code: 'X', message: stage });
const confirmed = (status: number) => (): Promise<Exchange> =>
  Promise.resolve(exchangeOf({ method: 'PUT', response: answerOf(status) }));

/** What made the request fail, and whether the registry may have done what it asked for. */
const failures: readonly (readonly [what: string, error: unknown, mayBeDone: boolean])[] = [
  ['no name', broken('dns'), false],
  ['no connection', broken('connect'), false],
  ['no tunnel', broken('proxy'), false],
  ['no handshake', broken('tls'), false],
  ['a cut while it was sent', broken('send'), true],
  ['no answer', broken('wait'), true],
  ['half an answer', broken('receive'), true],
  ['a cut before the end of its body', answered(500, { plannedBytes: 2, offeredBytes: 1 }), false],
  ['a cut at the end of its body', answered(500, { plannedBytes: 2, offeredBytes: 2 }), true],
  ['a 299', answered(299), true],
  ['a 300', answered(300), false],
  ['a 407', answered(407), false],
  ['a 408', answered(408), true],
  ['a 498', answered(498), false],
  ['a 499', answered(499), true],
  ['a 500', answered(500), true],
  ['nothing of the registry’s', new Error('no login'), false],
];

describe('a session', () => {
  test('is known before it is asked for, and where it is afterwards', async () => {
    const { ledger, trail, states, idle } = setUp();
    const session = sessionAt(`${origin}/1`);
    const post = (): Promise<UploadSession> => {
      expect([states(), idle()]).toEqual([['session opening'], 0]);
      return Promise.resolve(session);
    };
    expect(await trail.opening(post)).toBe(session);
    expect(ledger.entries).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
        kind: 'session',
        state: 'open',
        registry: 'lab',
        repository: 'probe/blobs',
        path: 'edge',
        origin,
        createdAt: 1_000,
        madeAt: { boot: 'one', ms: 1_000 },
        tries: 0,
        nextTryAt: 1_000,
        location: `${origin}/1`,
        repeatsSecrets: undefined,
      },
    ]);
    expect([trail.entries(), idle()]).toEqual([ledger.entries, 0]);
  });

  test('at a place that repeats a secret is marked', async () => {
    const { ledger, trail } = setUp();
    await trail.opening(() => Promise.resolve(sessionAt(`${origin}/1?token=canary-secret`)));
    trail.opened(sessionAt(`${origin}/2?token=canary-secret`));
    expect(ledger.entries.map(({ repeatsSecrets }) => repeatsSecrets)).toEqual([true, true]);
  });

  test.each<readonly [what: string, mount: string | undefined, states: readonly string[]]>([
    ['that was mounted', digest(1), ['blob stored']],
    ['that nobody asked to mount', undefined, []],
  ])('is forgotten for a blob %s', async (_what, mount, left) => {
    const { ledger, trail, states, idle } = setUp();
    expect(await trail.opening(() => Promise.resolve(undefined), mount)).toBeUndefined();
    expect([states(), idle()]).toEqual([left, 0]);
    expect(ledger.entries.map((entry) => entry.digest)).toEqual(left.map(() => mount));
  });

  test.each(failures)('that ends in %s: it may be there %s', async (_what, error, mayBeDone) => {
    const { trail, states } = setUp();
    await expect(trail.opening(() => Promise.reject(error as Error))).rejects.toBe(error);
    expect(states()).toEqual(mayBeDone ? ['session opening'] : []);
  });

  test('that came unasked is the run’s, wherever it is by now', () => {
    const { ledger, trail, states, idle } = setUp();
    const session = sessionAt(`${origin}/1`);
    trail.opened(session);
    session.location = new URL(`${origin}/2`);
    expect([states(), idle()]).toEqual([['session open'], 0]);
    expect(ledger.entries[0]?.location).toBe(`${origin}/1`);
    expect(trail.entries().map(({ location }) => location)).toEqual([`${origin}/2`]);
  });
});

describe('a commit', () => {
  test('is known before it is sent, with the place of its session by then, and closes it', async () => {
    const { ledger, trail, states, idle, pass } = setUp();
    const [first, second] = [sessionAt(`${origin}/1`), sessionAt(`${origin}/2`)];
    trail.opened(first);
    trail.opened(second);
    second.location = new URL(`${origin}/3`);
    const commit = (): Promise<Exchange> => {
      expect(states()).toEqual(['session open', 'session open', 'blob committing']);
      expect(ledger.entries.map(({ location }) => location)).toEqual([`${origin}/1`, `${origin}/3`, undefined]);
      pass(500);
      return confirmed(201)();
    };
    const answer = await trail.committing('blob', digest(1), commit, second);
    expect(answer.response?.status).toBe(201);
    expect(states()).toEqual(['session open', 'blob stored']);
    expect(ledger.entries[1]).toMatchObject({ digest: digest(1), createdAt: 1_500 });
    expect([trail.entries(), idle()]).toEqual([ledger.entries, 0]);
  });

  test('that is not confirmed, though accepted, leaves its session open', async () => {
    const { trail, states, pass, ledger } = setUp();
    const session = sessionAt(`${origin}/1`);
    trail.opened(session);
    pass(500);
    await trail.committing('blob', digest(1), confirmed(202), session);
    expect(states()).toEqual(['session open', 'blob committing']);
    expect(ledger.entries.map(({ createdAt }) => createdAt)).toEqual([1_000, 1_500]);
  });

  test('of which nothing is handed on has succeeded; a session of nobody’s is left alone', async () => {
    const { trail, states } = setUp();
    trail.opened(sessionAt(`${origin}/1`));
    await trail.committing('manifest', digest(1), () => Promise.resolve(), sessionAt(`${origin}/1`));
    expect(states()).toEqual(['session open', 'manifest stored']);
  });

  test.each(failures)('that ends in %s: the object may be there %s', async (_what, error, mayBeDone) => {
    const { ledger, trail, pass } = setUp();
    const commit = async (): Promise<void> => {
      await Promise.resolve();
      pass(500);
      throw error;
    };
    await expect(trail.committing('manifest', digest(1), commit)).rejects.toBe(error);
    const doubtful = { state: 'committing', doubts: 1, createdAt: 1_500 };
    expect(ledger.entries).toMatchObject(mayBeDone ? [doubtful] : []);
  });

  test.each<readonly [kind: 'blob' | 'manifest', status: number, isLeft: boolean]>([
    ['blob', 404, true],
    ['blob', 416, true],
    ['blob', 400, false],
    ['manifest', 404, false],
    ['manifest', 416, false],
  ])('of a %s that is answered %i: by an earlier one it may be there %s', async (kind, status, isLeft) => {
    const { ledger, trail } = setUp();
    await trail.committing(kind, digest(1), () => Promise.reject(answered(status))).catch(() => {});
    expect(ledger.entries.map(({ state, doubts }) => [state, doubts])).toEqual(
      isLeft ? [['committing', undefined]] : [],
    );
  });

  test('that was sent twice is in doubt when the first one may have been done', async () => {
    for (const [first, states] of [
      [answered(504), ['manifest committing']],
      [answered(400), []],
    ] as const) {
      const setting = setUp();
      const commit = (): Promise<void> => Promise.reject(answered(400, {}, first));
      await setting.trail.committing('manifest', digest(1), commit).catch(() => {});
      expect(setting.states()).toEqual(states);
    }
  });

  test('of an object that is known already is one more of that object', async () => {
    const { ledger, trail, idle, pass } = setUp();
    const known: LedgerEntry = blob(1, { state: 'committing', doubts: 1 });
    ledger.put(known);
    expect(idle()).toBe(1);
    const commit = (error: Error) => (): Promise<void> => {
      expect([ledger.entries.length, idle()]).toEqual([1, 0]);
      return Promise.reject(error);
    };
    await trail.committing('blob', digest(1), commit(answered(400))).catch(() => {});
    expect(ledger.entries).toEqual([known]);
    pass(500);
    await trail.committing('blob', digest(1), commit(broken('wait'))).catch(() => {});
    expect(ledger.entries).toEqual([{ ...known, doubts: 2, createdAt: 1_500 }]);
    await trail.committing('blob', digest(1), confirmed(201));
    expect(ledger.entries).toEqual([{ ...known, state: 'stored', doubts: 2, createdAt: 1_500 }]);
    expect(trail.entries()).toEqual(ledger.entries);
  });

  test('keeps the doubt that another one of the same object left meanwhile', async () => {
    const { ledger, trail } = setUp();
    const commit = async (): Promise<Exchange> => {
      await trail.committing('blob', digest(1), () => Promise.reject(broken('wait'))).catch(() => {});
      return confirmed(201)();
    };
    await trail.committing('blob', digest(1), commit);
    expect(ledger.entries).toMatchObject([{ state: 'stored', doubts: 1 }]);
  });

  test('of a session that is gone meanwhile does not bring it back', async () => {
    const { ledger, trail, states } = setUp();
    const session = sessionAt(`${origin}/1`);
    trail.opened(session);
    ledger.remove(ledger.entries[0]?.id ?? '');
    session.location = new URL(`${origin}/2`);
    await trail.committing('blob', digest(1), confirmed(201), session);
    expect(states()).toEqual(['blob stored']);
  });
});

test('what is gone meanwhile is not the run’s any more, and all that is left is anybody’s when it ends', async () => {
  const { ledger, trail, told, idle } = setUp();
  trail.opened(sessionAt(`${origin}/1`));
  await trail.committing('blob', digest(1), confirmed(201));
  ledger.remove(ledger.entries[0]?.id ?? '');
  expect(trail.entries().map(({ kind }) => kind)).toEqual(['blob']);
  expect([idle(), told]).toEqual([0, []]);
  trail.release();
  expect([idle(), told]).toEqual([1, [['lab', { session: 0, blob: 1, manifest: 0 }]]]);
});
