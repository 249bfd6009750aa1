import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { HttpRequest } from '../../../src/network/exchange.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { ChallengeAuthorizer } from '../../../src/registry/auth/authorizer.ts';
import type { Action } from '../../../src/registry/auth/bearer.ts';
import type { TokenBehaviour } from '../../../src/registry/auth/token-behaviour.ts';
import type { Credentials } from '../../../src/registry/target.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import { pathTo } from '../../support/paths.ts';

const own = 'https://registry.example.org';
const uploads = `${own}/v2/a/b/blobs/uploads/`;
const bearer = 'Bearer realm="/token"';
const amy: Credentials = { kind: 'basic', username: 'amy', password: Secret.of('s3cr') };
const basicOf = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
const { signal } = new AbortController();
const actions: readonly Action[] = ['pull', 'push'];

/** An authorizer whose token service gives `t1`, `t2` …; nothing is connected. */
function setup(credentials: Credentials, behaviour: Partial<TokenBehaviour> = {}) {
  const asked: HttpRequest[] = [];
  const authorizer = new ChallengeAuthorizer({
    path: pathTo(own),
    target: { name: 'r', repository: 'a/b', credentials, cleanup: 'keep' },
    transport: {
      exchange: async (request) => {
        const response = answerOf(200, {}, `{"token":"t${asked.push(request)}"}`);
        return exchangeOf({ url: request.url, response });
      },
    },
    tokenBehaviour: { ...clientProfiles.docker.tokens, learnsFrom: 'each-401', ...behaviour },
    now: () => 0,
  });
  return {
    asked,
    sends: (url = uploads) => authorizer.authorization(new URL(url), actions, signal),
    /** Learns from a 401 to a request that carried `authorization`. */
    learns: (challenges: readonly string[], authorization?: string, url = uploads) =>
      authorizer.challenged(
        exchangeOf({
          method: 'POST',
          url,
          requestHeaders: authorization === undefined ? {} : { Authorization: authorization },
          response: { ...answerOf(401), headers: { 'www-authenticate': challenges } },
        }),
        actions,
        signal,
      ),
  };
}

describe('a client whose ping asked for nothing', () => {
  const elseBasic = { learnsFrom: 'ping-else-basic' } as const;

  test.each<[string, Credentials, string | undefined]>([
    ['user and password', amy, basicOf('amy:s3cr')],
    ['nothing', { kind: 'anonymous' }, undefined],
    ['a refresh token', { kind: 'identity', token: Secret.of('x') }, undefined],
  ])('sends what it has: %s', async (_what, credentials, expected) => {
    const { sends } = setup(credentials, elseBasic);
    expect([await sends(), await sends(`${own}/v2/`)]).toEqual([expected, undefined]);
  });

  test('takes a 401 to that for the last word', async () => {
    expect(await setup(amy, elseBasic).learns([bearer], basicOf('amy:s3cr'))).toBe(false);
  });

  test('fails for that, when it sent nothing', async () => {
    await expect(setup(amy, { learnsFrom: 'ping' }).learns([bearer])).rejects.toMatchObject({
      problem: 'ping_asked_nothing',
      message: 'GET /v2/ asks for no login, so this client sends none, and the 401 to POST is final',
    });
  });
});

describe('a 401', () => {
  test('to a client that learned from its ping leads to another token', async () => {
    const { learns, sends } = setup(amy, { learnsFrom: 'ping', refresh: 'on-401' });
    expect(await learns([bearer], undefined, `${own}/v2/`)).toBe(true);
    expect(await sends()).toBe('Bearer t1');
    expect(await learns([bearer], 'Bearer t1')).toBe(true);
    expect(await sends()).toBe('Bearer t2');
  });

  test('is learned from, whatever header the path itself sends', async () => {
    const { learns, sends } = setup(amy);
    expect(await learns([bearer], 'Bearer of-the-path')).toBe(true);
    expect(await sends()).toBe('Bearer t1');
  });

  test('to another layer, which had no token either, leaves the token', async () => {
    const { asked, learns, sends } = setup(amy);
    expect([await learns([bearer]), await learns([bearer])]).toEqual([true, true]);
    expect([await sends(), asked.length]).toEqual(['Bearer t1', 1]);
  });

  test('may ask for another scheme than the one before', async () => {
    const { learns, sends } = setup(amy, { refresh: 'on-401' });
    await learns([bearer]);
    expect(await learns(['Basic realm="r"'], 'Bearer t1')).toBe(true);
    expect(await sends()).toBe(basicOf('amy:s3cr'));
  });

  test('asks for Basic, when its Bearer has no realm', async () => {
    for (const useless of ['Bearer service="s"', 'Bearer realm=""']) {
      const { learns, sends } = setup(amy);
      expect(await learns([useless, 'Basic realm="r"'])).toBe(true);
      expect(await sends()).toBe(basicOf('amy:s3cr'));
    }
  });

  test.each<[readonly string[], string, string]>([
    [[], 'challenge_missing', '401 without WWW-Authenticate'],
    [['Digest realm="r"'], 'challenge_unparsable', 'WWW-Authenticate offers neither Basic nor Bearer with a realm'],
  ])('of %j is not followed', async (challenges, problem, message) => {
    await expect(setup(amy).learns(challenges)).rejects.toMatchObject({ problem, message });
  });

  test('is answered by a token that is given, whatever service the challenge names', async () => {
    const { asked, learns, sends } = setup({ kind: 'bearer', token: Secret.of('given') });
    expect(await learns(['Bearer realm="https://other.example.net/token"'])).toBe(true);
    expect([await sends(), asked]).toEqual(['Bearer given', []]);
  });
});

test('a run has one login: the file is read once', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'blobprobe-authorizer-'));
  const file = join(folder, 'config.json');
  const save = (pair: string): void =>
    writeFileSync(file, JSON.stringify({ auths: { 'registry.example.org': { auth: basicOf(pair).slice(6) } } }));
  try {
    save('amy:old');
    const { learns, sends } = setup({ kind: 'docker-config', file });
    await learns(['Basic realm="r"']);
    save('amy:new');
    expect(await sends()).toBe(basicOf('amy:old'));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
