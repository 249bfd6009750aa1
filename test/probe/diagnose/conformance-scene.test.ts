import { describe, expect, test } from 'vitest';
import { NetworkError } from '../../../src/network/exchange.ts';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import {
  absentDigest,
  answerTo,
  openUpload,
  seen,
  statusOf,
  unknown,
} from '../../../src/probe/diagnose/conformance-scene.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import { RunTrail } from '../../../src/probe/leftovers/ledger-trail.ts';
import { checkOf } from '../../support/checks.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import { lines, type Scripted, scriptedClient } from '../../support/scripted-client.ts';

const nginx = '<html><center>nginx</center></html>';
const answer = (status: number, body = '') => exchangeOf({ response: answerOf(status, {}, body) });
const silence = exchangeOf({});

describe('what an answer says of a behaviour', () => {
  test('it is supported where it is as it should be, whatever the status', () => {
    expect(seen(answer(503), true)).toEqual({ outcome: 'supported', words: 'answered 503', status: 503 });
    expect(seen(answer(200), true, 'with it')).toMatchObject({ words: 'answered 200 with it' });
  });

  test.each([
    ...[401, 403, 407, 408, 425, 429, 499, 500, 502, 503, 504, 599].map((status) => [status, 'not known'] as const),
    ...[200, 202, 400, 404, 405, 409, 416, 428, 501].map((status) => [status, 'not supported'] as const),
  ])('%i is not: %s', (status, outcome) => {
    const words = 'without it';
    expect(seen(answer(status), false, words)).toEqual({ outcome, words: `answered ${status} ${words}`, status });
  });

  test('no answer is status 0', () => {
    expect(seen(silence, false)).toEqual({ outcome: 'not supported', words: 'answered 0', status: 0 });
    expect([statusOf(silence), statusOf(answer(204))]).toEqual([0, 204]);
  });

  test.each<[status: number, body: string, isByHop: boolean]>([
    [403, nginx, true],
    [404, nginx, false],
    [403, '{"errors":[{"code":"DENIED","message":"no"}]}', false],
    [403, 'who says so?', false],
  ])('%i with %j: forbidden by a hop that is known is %s', (status, body, isByHop) => {
    expect(seen(answer(status, body), false).forbiddenByHop).toBe(isByHop ? true : undefined);
  });

  test('what could not be tried is not known', () => {
    expect(unknown('no blob')).toEqual({ outcome: 'not known', words: 'no blob' });
  });
});

test('a digest of nothing is another one each time', () => {
  const [one, other] = [absentDigest(), absentDigest()];
  expect([one, other]).toEqual([expect.stringMatching(/^sha256:[0-9a-f]{64}$/), expect.not.stringMatching(one)]);
});

describe('the answer to a request', () => {
  const asked = (scripted: Scripted) => {
    const { client } = scriptedClient([scripted]);
    const request = { step: 'pull', method: 'GET', url: client.url('tags/list'), actions: ['pull'] } as const;
    return answerTo(client, request);
  };

  test.each([200, 404, 500])('is one whatever its status: %i', async (status) => {
    expect(statusOf(await asked(answerOf(status)))).toBe(status);
  });

  test('is none where it leads elsewhere, or nothing came', async () => {
    await expect(asked(answerOf(304))).rejects.toMatchObject({ problem: 'redirected' });
    const cut = new NetworkError({ stage: 'wait', code: 'ECONNRESET', message: 'cut' });
    await expect(asked(cut)).rejects.toBe(cut);
  });
});

describe('an upload', () => {
  const location = '/v2/a/b/blobs/uploads/1';
  const open = async (scripted: Scripted, mount?: string) => {
    const { client, sent } = scriptedClient([scripted]);
    const ledger = new Ledger();
    const trail = new RunTrail(ledger, checkOf('https://registry.example.org'), new Redactor());
    const result = await openUpload(client, trail, mount).catch((error: unknown) => ({ error }));
    return { result, sent, left: ledger.entries.map(({ kind, state }) => `${kind} ${state}`) };
  };

  test('is opened by an empty POST, and written down', async () => {
    const { result, sent, left } = await open(answerOf(202, { location }));
    expect(lines(sent)).toEqual(['POST /v2/a/b/blobs/uploads/']);
    expect(sent[0]?.body).toMatchObject({ kind: 'bytes', bytes: new Uint8Array() });
    expect(result).toMatchObject({
      opened: { response: { status: 202 } },
      session: { location: { pathname: location } },
    });
    expect(left).toEqual(['session open']);
  });

  test('asks for a blob of the same repository, and is none where that is mounted', async () => {
    const { result, sent, left } = await open(answerOf(201), 'sha256:ab');
    expect(lines(sent)).toEqual(['POST /v2/a/b/blobs/uploads/?mount=sha256%3Aab&from=a%2Fb']);
    expect(result).toMatchObject({ opened: { response: { status: 201 } }, session: undefined });
    expect(left).toEqual(['blob stored']);
    expect((await open(answerOf(202, { location }), 'sha256:ab')).left).toEqual(['session open']);
  });

  test.each([
    ['a 201 to a POST without a mount', answerOf(201), undefined, 'unexpected_status'],
    ['a refusal', answerOf(404), 'sha256:ab', 'unexpected_status'],
    ['a 202 that leads nowhere', answerOf(202), undefined, 'location_missing'],
  ])('is not opened by %s', async (_what, scripted, mount, problem) => {
    expect((await open(scripted, mount)).result).toMatchObject({ error: { step: 'start', problem } });
  });
});
