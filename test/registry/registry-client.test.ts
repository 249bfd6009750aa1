import { describe, expect, test } from 'vitest';
import { NetworkError } from '../../src/network/exchange.ts';
import { addressForbidden } from '../../src/network/reach.ts';
import type { RegistryClientOptions } from '../../src/registry/registry-client.ts';
import type { RegistryRequest } from '../../src/registry/registry-request.ts';
import type { RequestEnd } from '../../src/registry/resend.ts';
import { answerOf } from '../support/exchanges.ts';
import { pathTo } from '../support/paths.ts';
import { lines, type Scripted, scriptedClient } from '../support/scripted-client.ts';

const stream = (sizeBytes: number) => ({ kind: 'stream', sizeBytes, declareLength: true, chunks: () => [] }) as const;
const cut = new NetworkError({ stage: 'send', code: 'ECONNRESET', message: 'cut' });

/** Sends one request; the status of what came or the error, what was sent, and the steps that were told. */
async function send(
  answers: readonly Scripted[],
  request: Partial<RegistryRequest> = {},
  changes: Partial<RegistryClientOptions> = {},
) {
  const steps: string[] = [];
  const { client, sent } = scriptedClient(answers, { onStep: (step) => steps.push(step), ...changes });
  const url = client.url('x');
  const whole = { step: 'start', method: 'GET', url, actions: ['pull'], accepted: [200], ...request } as const;
  const outcome = await client.send(whole).then(
    ({ response }) => response?.status,
    (error: unknown) => error as Error & { problem?: string; firstSending?: unknown },
  );
  return { outcome, sent, steps };
}

describe('an answer', () => {
  test.each<[number, readonly number[], string | number]>([
    [200, [200], 200],
    [202, [201, 202], 202],
    [299, [200], 'unexpected_status: GET for start was answered 299'],
    [300, [200], 'redirected: GET for start was answered 300'],
    [399, [200], 'redirected: GET for start was answered 399'],
    [400, [200], 'unexpected_status: GET for start was answered 400'],
  ])('%d, where %j are taken', async (status, accepted, expected) => {
    const { outcome } = await send([answerOf(status)], { accepted });
    const seen = outcome instanceof Error ? `${outcome.problem}: ${outcome.message}` : outcome;
    expect(seen).toBe(expected);
  });

  test('that did not come is the error', async () => {
    expect((await send([cut])).outcome).toBe(cut);
  });

  test('without a status is no success', async () => {
    expect((await send([{}])).outcome).toMatchObject({ message: 'GET for start was answered 0' });
  });
});

describe('headers', () => {
  const path = pathTo('https://registry.example.org', {
    headers: { 'x-access': 'secret' },
    allowHosts: ['up.example.org'],
  });
  const requestHeaders = { 'user-agent': 'ua', 'accept-encoding': 'gzip' };
  const authorizer = { authorization: () => Promise.resolve('Basic eA=='), challenged: () => Promise.resolve(false) };

  test('are those of client, path, request and login', async () => {
    const { sent } = await send(
      [answerOf(200)],
      { headers: { accept: 'a', 'user-agent': 'own' } },
      { path, requestHeaders, authorizer },
    );
    expect(sent[0]?.headers).toEqual({
      'user-agent': 'own',
      'accept-encoding': 'gzip',
      'x-access': 'secret',
      accept: 'a',
      authorization: 'Basic eA==',
    });
  });

  test('to HEAD offer no coding', async () => {
    const { sent } = await send([answerOf(200)], { method: 'HEAD' }, { requestHeaders });
    expect(sent[0]?.headers).toEqual({ 'user-agent': 'ua' });
  });

  test('of the path stay on its own host', async () => {
    const { sent } = await send([answerOf(200)], { url: new URL('https://up.example.org/x') }, { path });
    expect(sent[0]?.headers).toEqual({});
  });
});

test('what the transport is told of a request', async () => {
  const own = new AbortController().signal;
  const onResponseChunk = (): void => {};
  const { sent, steps } = await send(
    [answerOf(200)],
    { step: 'pull', signal: own, body: stream(5), resendBody: true, onResponseChunk, responseLimitBytes: 7 },
    { responseHeaderTimeoutMs: 3, stallTimeoutMs: 4 },
  );
  expect(sent[0]).toMatchObject({
    purpose: 'pull',
    resendBody: true,
    responseHeaderTimeoutMs: 3,
    stallTimeoutMs: 4,
    responseLimitBytes: 7,
  });
  expect([sent[0]?.signal, sent[0]?.onResponseChunk, sent[0]?.body?.kind]).toEqual([own, onResponseChunk, 'stream']);
  expect(steps).toEqual(['auth', 'pull']);
  expect((await send([answerOf(200)])).sent[0]).not.toHaveProperty('responseHeaderTimeoutMs');
});

describe('a 401', () => {
  const answering = (answers: boolean) => {
    const asked: unknown[] = [];
    const challenged: RegistryClientOptions['authorizer']['challenged'] = (exchange, actions) => {
      asked.push([exchange.response?.status, actions]);
      return Promise.resolve(answers);
    };
    const authorization = () => Promise.resolve(asked.length === 0 ? undefined : 'Bearer t');
    return { asked, authorizer: { authorization, challenged } };
  };

  test('that can be answered is, once', async () => {
    const { asked, authorizer } = answering(true);
    const { outcome, sent, steps } = await send([answerOf(401), answerOf(401)], {}, { authorizer });
    expect(outcome).toMatchObject({ problem: 'unexpected_status' });
    expect(sent.map(({ headers }) => headers['authorization'])).toEqual([undefined, 'Bearer t']);
    expect(asked).toEqual([[401, ['pull']]]);
    expect(steps).toEqual(['auth', 'start', 'auth', 'auth', 'start']);
  });

  test('that cannot be answered stands', async () => {
    const { authorizer } = answering(false);
    expect((await send([answerOf(401)], {}, { authorizer })).outcome).toMatchObject({ problem: 'unexpected_status' });
  });

  test.each<[string, Partial<RegistryRequest>, number]>([
    ['a body that is used up', { body: stream(1) }, 1],
    ['a body that can be read again', { body: stream(1), resendBody: true }, 2],
    ['an empty body', { body: stream(0) }, 2],
    ['bytes', { body: { kind: 'bytes', bytes: Buffer.from('x') } }, 2],
  ])('to %s', async (_what, request, requests) => {
    const { authorizer } = answering(true);
    const { sent } = await send([answerOf(401), answerOf(200)], request, { authorizer });
    expect(sent).toHaveLength(requests);
  });

  test('no other status is a challenge', async () => {
    const { asked, authorizer } = answering(true);
    await send([answerOf(403)], {}, { authorizer });
    expect(asked).toEqual([]);
  });
});

describe('redirects', () => {
  const to = (location: string): Scripted => answerOf(307, { location });

  test('are followed, each with the step and the one before', async () => {
    const { outcome, sent } = await send([to('/one'), to('https://store.example.net/two'), answerOf(200)]);
    expect(outcome).toBe(200);
    expect(lines(sent)).toEqual(['GET /v2/a/b/x', 'GET /one', 'GET https://store.example.net/two']);
    expect(sent.map(({ redirectedFrom }) => redirectedFrom?.pathname)).toEqual([undefined, '/v2/a/b/x', '/one']);
    expect(sent[2]?.headers).toEqual({ referer: 'https://registry.example.org/one' });
  });

  test('end after ten requests', async () => {
    const { outcome, sent } = await send(Array.from({ length: 12 }, () => to('/more')));
    expect([outcome instanceof Error && outcome.message, sent.length]).toEqual(['GET for start was answered 307', 10]);
  });

  test('to an address that nobody may name are those of the answer before', async () => {
    const forbidden = new NetworkError({ stage: 'connect', code: addressForbidden, message: 'no way' });
    const { outcome } = await send([to('https://store.example.net/'), forbidden]);
    expect(outcome).toMatchObject({
      problem: 'location_foreign',
      step: 'start',
      message: 'no way',
      exchange: { response: { status: 307 } },
    });
    expect((await send([to('/y'), cut])).outcome).toBe(cut);
    expect((await send([forbidden])).outcome).toBe(forbidden);
  });
});

describe('what a client sends again', () => {
  /** A policy that waits `delays` in turn, what it was told, and the waits. */
  function resending(delays: readonly (number | undefined)[], waitMs?: () => number) {
    const told: RequestEnd[] = [];
    const waits: number[] = [];
    const policy = (end: RequestEnd): number | undefined => delays[told.push(end) - 1];
    const sleep = async (ms: number): Promise<void> => void waits.push(ms);
    return { told, waits, resend: { policy, sleep, waitMs } };
  }

  test('goes as its policy says, and the policy is told how each one ended', async () => {
    const { told, waits, resend } = resending([5, 0]);
    const answers = [
      { response: answerOf(503, { 'retry-after': '2' }), startedAtMs: 10, endedAtMs: 40 },
      Object.assign(new NetworkError({ stage: 'send', code: 'EPIPE', message: 'cut' }), { exchange: undefined }),
      answerOf(200),
    ];
    const { outcome, sent } = await send(answers, { body: stream(1), refusalForgives: true }, { resend });
    expect([outcome, sent.length, waits]).toEqual([200, 3, [5, 0]]);
    expect(told).toEqual([
      {
        sending: 1,
        status: 503,
        statusBefore: undefined,
        code: undefined,
        hasBody: true,
        retryAfterMs: 2_000,
        durationMs: 30,
        forgives: true,
      },
      {
        sending: 2,
        status: undefined,
        statusBefore: 503,
        code: 'EPIPE',
        hasBody: true,
        retryAfterMs: undefined,
        durationMs: 0,
        forgives: true,
      },
      {
        sending: 3,
        status: 200,
        statusBefore: undefined,
        code: undefined,
        hasBody: true,
        retryAfterMs: undefined,
        durationMs: 1,
        forgives: true,
      },
    ]);
  });

  test('an answer without a status has none, and the next one none before it', async () => {
    const { told, resend } = resending([0]);
    expect((await send([{}, answerOf(200)], {}, { resend })).outcome).toBe(200);
    expect(told).toMatchObject([{ status: undefined }, { status: 200, statusBefore: undefined }]);
  });

  test.each<[Partial<RegistryRequest>, boolean]>([
    [{ body: stream(0) }, false],
    [{ body: { kind: 'bytes', bytes: Buffer.from('x') } }, false],
    [{}, false],
    [{ body: stream(1) }, true],
  ])('%j: with a body: %j', async (request, hasBody) => {
    const { told, resend } = resending([]);
    await send([answerOf(200)], request, { resend });
    expect(told).toMatchObject([{ hasBody }]);
  });

  test('an error that is none of the network has no code', async () => {
    const { told, resend } = resending([]);
    expect((await send([Object.assign(new Error('x'), { code: 'EPIPE' })], {}, { resend })).outcome).toMatchObject({
      message: 'x',
    });
    expect(told).toMatchObject([{ code: undefined, status: undefined }]);
  });

  test('nothing, where the request is to be sent once or the signal has aborted', async () => {
    const once = resending([5]);
    await send([answerOf(503)], { sentOnce: true }, { resend: once.resend });
    const ended = resending([5]);
    await send([answerOf(503)], { signal: AbortSignal.abort() }, { resend: ended.resend });
    const stopped = resending([5]);
    await send([answerOf(503)], {}, { resend: stopped.resend, signal: AbortSignal.abort() });
    expect([once.told, ended.told, stopped.told]).toEqual([[], [], []]);
  });

  test('waits before each request when the client remembers', async () => {
    const pauses = [7, 0];
    const { waits, resend } = resending([5], () => pauses.shift() ?? 0);
    await send([answerOf(503), answerOf(200)], {}, { resend });
    expect(waits).toEqual([7, 5]);
  });

  test.each<[string, readonly Scripted[], unknown]>([
    ['an answer', [answerOf(503), answerOf(500), answerOf(404)], { message: 'GET for start was answered 503' }],
    ['a cut', [cut, answerOf(500), answerOf(404)], cut],
  ])('the last end tells of the first: %s', async (_what, answers, first) => {
    const { resend } = resending([0, 0]);
    const { outcome } = await send(answers, {}, { resend });
    expect(outcome).toMatchObject({ message: 'GET for start was answered 404', firstSending: first });
  });

  test('sent once, there is no first sending', async () => {
    expect((await send([answerOf(404)])).outcome).toMatchObject({ firstSending: undefined });
  });
});

test('a client knows its path, repository and signal, and whether it sends again', () => {
  const signal = new AbortController().signal;
  const { client } = scriptedClient([], { signal });
  expect([client.repository, client.resends, client.url('tags/list?n=1').href, client.signal]).toEqual([
    'a/b',
    false,
    'https://registry.example.org/v2/a/b/tags/list?n=1',
    signal,
  ]);
  const resend = { policy: () => undefined, sleep: () => Promise.resolve() };
  expect(scriptedClient([], { resend }).client.resends).toBe(true);
});
