import { createServer, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { NetworkPath } from '../../../src/network/path.ts';
import type { RunClock } from '../../../src/probe/deps.ts';
import { provenContrasts } from '../../../src/probe/diagnose/flips.ts';
import { holdConnection, holdWhereRefused } from '../../../src/probe/diagnose/held-connection.ts';
import { TrialLog } from '../../../src/probe/diagnose/trial-log.ts';
import type { Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';
import { Opened } from '../../support/servers.ts';
import { trialOf } from '../../support/trials.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const nothing = { refused: 0, answered: 0 };

interface Served {
  readonly origin: string;
  readonly requests: readonly IncomingMessage[];
  /** Connections that are open. */
  readonly open: () => number;
}

/** A registry that hangs up on the connections that it does not take, the first is number 1, and keeps the others open, or not. */
async function serving(takes: (number: number) => boolean, keeps = true): Promise<Served> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    if (!keeps) response.setHeader('connection', 'close');
    response.end('{}');
  });
  let number = 0;
  server.on('connection', (socket) => {
    number += 1;
    if (!takes(number)) socket.destroy();
  });
  const { port, sockets } = await opened.listen(server);
  return { origin: `http://127.0.0.1:${port}`, requests, open: () => sockets.size };
}

interface Holding {
  readonly signal?: AbortSignal;
  readonly sleep?: RunClock['sleep'];
  readonly path?: Partial<NetworkPath>;
}

async function hold(origin: string, { signal = new AbortController().signal, sleep, path = {} }: Holding = {}) {
  const { clock } = runDeps();
  const quick = { ...clock, sleep: sleep ?? (async (): Promise<void> => {}) };
  return holdConnection(checkOf(origin, { path }), quick, { signal, timeoutMs: 60_000 });
}

test.each<[string, (number: number) => boolean, boolean, object]>([
  [
    'new ones are hung up on, and the open one is answered',
    (number) => number <= 3,
    true,
    { refused: 19, answered: 2 },
  ],
  ['all get in', () => true, true, nothing],
  [
    'the open one is closed by the server: another one is no answer',
    (number) => number <= 3,
    false,
    { refused: 19, answered: 0 },
  ],
  ['none gets in', () => false, true, nothing],
  [
    'the last of two dozen new ones is the first that is hung up on',
    (number) => number <= 24,
    true,
    { refused: 19, answered: 2 },
  ],
  ['two dozen new ones get in', (number) => number <= 25, true, nothing],
  ['two dozen new ones get in, and no more', (number) => number <= 26, true, nothing],
  ['of each nine at once, one is let in', (number) => [1, 6, 16].includes(number), true, { refused: 17, answered: 2 }],
  ['of the first nine at once, two are let in', (number) => [1, 6, 7].includes(number), true, nothing],
  ['of the second nine at once, two are let in', (number) => [1, 16, 17].includes(number), true, nothing],
  [
    'every second one, as where one of two servers behind an address is dead',
    (number) => number % 2 === 1,
    true,
    nothing,
  ],
])('%s', async (_what, takes, keeps, seen) => {
  const { origin, open } = await serving(takes, keeps);
  expect(await hold(origin)).toEqual(seen);
  await expect.poll(open).toBe(0);
});

test('all ask GET /v2/, as ourselves and as the path wants, without a login', async () => {
  const { origin, requests } = await serving((number) => number <= 2);
  await hold(origin, { path: { headers: { 'x-tenant': 'a' } } });
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual(Array.from({ length: 4 }, () => 'GET /v2/'));
  expect(requests[0]?.headers).toMatchObject({ 'user-agent': 'blobprobe (connections)', 'x-tenant': 'a' });
  expect(requests.flatMap(({ headers }) => headers.authorization ?? [])).toEqual([]);
});

test('a first connection is tried for again after a rest, because what counts connections lets one in when some time is over', async () => {
  const rests: number[] = [];
  const sleep = async (ms: number): Promise<void> => void rests.push(ms);
  const late = await serving((number) => number === 3 || number === 4);
  expect(await hold(late.origin, { sleep })).toEqual({ refused: 19, answered: 2 });
  expect(rests).toEqual([4_000, 8_000]);
  const never = await serving((number) => number > 3);
  expect(await hold(never.origin, { sleep })).toEqual(nothing);
  expect(rests).toEqual([4_000, 8_000, 4_000, 8_000]);
});

test('nobody is asked once whoever wanted to know has given up: before, in a rest, or between new ones', async () => {
  const { origin, requests } = await serving(() => true);
  expect(await hold(origin, { signal: AbortSignal.abort() })).toEqual(nothing);
  expect(requests).toEqual([]);
  const resting = new AbortController();
  const shut = await serving((number) => number > 1);
  const sleep = async (): Promise<never> => {
    resting.abort();
    throw new Error('aborted');
  };
  expect(await hold(shut.origin, { signal: resting.signal, sleep })).toEqual(nothing);
  expect(shut.requests).toEqual([]);
  const between = new AbortController();
  const limited = await serving((number) => {
    if (number === 4) between.abort();
    return number <= 3;
  });
  expect(await hold(limited.origin, { signal: between.signal })).toEqual(nothing);
});

describe('whether it is asked', () => {
  const refused = fakeFailure('connect_refused', { phase: 'connect' });
  const answered = attempt({ requests: [requestRecord({ status: 202 })] });
  const seen = { refused: 19, answered: 2 };

  interface Before {
    readonly trials?: readonly Trial[];
    readonly endpoint?: Failure;
    readonly deadlineMs?: number;
    readonly cannot?: true;
    readonly untold?: true;
  }

  async function asked({ trials = [], endpoint, deadlineMs, cannot, untold }: Before) {
    vi.useFakeTimers({ toFake: ['performance'] });
    onTestFinished(() => void vi.useRealTimers());
    const steps: string[] = [];
    const timeouts: number[] = [];
    const options = {
      check: checkOf('http://registry.example'),
      signal: new AbortController().signal,
      deadlineMs,
      ...(untold === undefined && { onStep: (words: string): void => void steps.push(words) }),
    };
    const holdConnection = (_check: unknown, { timeoutMs }: { readonly timeoutMs: number }) => {
      timeouts.push(timeoutMs);
      return Promise.resolve(seen);
    };
    const run = (): Promise<Run> => Promise.reject(new Error('nothing is pushed'));
    const log = new TrialLog(options, { run, paced: () => run, checkApi: () => Promise.resolve(undefined) });
    log.trials.push(...trials);
    const up = { up: true } as const;
    const failing = endpoint === undefined ? up : ({ up: false, failure: endpoint } as const);
    const endpoints = { ping: up, auth: up, catalog: failing, tags: up };
    const api = untold === undefined ? { registry: 'lab', path: 'direct', endpoints } : undefined;
    const found = await holdWhereRefused(options, cannot === undefined ? { holdConnection } : {}, log, api);
    return { found, steps, timeouts, leftOut: log.leftOut };
  }

  const through = trialOf({ run: { attempts: [answered] } });
  const turnedAway = trialOf({ failure: refused });

  test.each<[string, Before, number]>([
    ['a push', { trials: [through, turnedAway] }, 40_000],
    ['an endpoint', { trials: [through], endpoint: refused }, 40_000],
    ['a push, in the time that is left', { trials: [through, turnedAway], deadlineMs: 9_000 }, 9_000],
  ])('where %s was turned away after others had been answered', async (_what, before, timeoutMs) => {
    expect(await asked(before)).toEqual({
      found: seen,
      steps: ['new connections beside an open one'],
      timeouts: [timeoutMs],
      leftOut: [],
    });
  });

  test('nobody need be told of it, and no endpoint need have been asked', async () => {
    expect((await asked({ trials: [through, turnedAway], untold: true })).found).toEqual(seen);
  });

  test.each<[string, Before]>([
    ['nothing was turned away', { trials: [through] }],
    ['what failed was no connection', { trials: [through, trialOf({ failure: fakeFailure('body_too_large') })] }],
    [
      'nothing was ever answered',
      { trials: [trialOf({ run: { attempts: [attempt({ requests: [] })] } }), turnedAway] },
    ],
    [
      'requests were made, and none was answered',
      {
        trials: [
          turnedAway,
          trialOf({
            failure: refused,
            run: { attempts: [attempt({ requests: [requestRecord({ status: undefined })] })] },
          }),
        ],
      },
    ],
    ['it cannot be done', { trials: [through, turnedAway], cannot: true }],
  ])('not where %s', async (_what, before) => {
    expect(await asked(before)).toEqual({ found: undefined, steps: [], timeouts: [], leftOut: [] });
  });

  test('not where there is no time, and that is said', async () => {
    const { found, steps, leftOut } = await asked({ trials: [through, turnedAway], deadlineMs: 2_000 });
    expect([found, steps]).toEqual([undefined, []]);
    expect(leftOut).toEqual(['new connections beside an open one: the 2 s of this examination were over']);
  });
});

test.each([
  ['connect_refused', { refused: 2, answered: 2 }, true],
  ['connection_reset', { refused: 2, answered: 2 }, true],
  ['connect_refused', { refused: 2, answered: 1 }, false],
  ['connect_refused', undefined, false],
  ['body_too_large', { refused: 2, answered: 2 }, false],
] as const)('the contrast `held` of %s with %o: %s', (reason, held, isProven) => {
  const trial = trialOf({ failure: fakeFailure(reason, { sentBytes: 0, answeredBy: 'none' }) });
  const subject = { path: pathTo('http://registry.example'), trials: [trial] };
  const symptom = { failure: trial.run.failure!, what: 'a push', trial };
  expect(provenContrasts(symptom, { subject, held }).has('held')).toBe(isProven);
});
