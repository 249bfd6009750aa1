import { describe, expect, test } from 'vitest';
import { NetworkError, type HttpRequest } from '../../../src/network/exchange.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { type Action, Bearer } from '../../../src/registry/auth/bearer.ts';
import { AuthError } from '../../../src/registry/auth/auth-error.ts';
import { parseChallenges } from '../../../src/registry/auth/challenge.ts';
import type { TokenBehaviour } from '../../../src/registry/auth/token-behaviour.ts';
import type { TokenQuestion } from '../../../src/registry/auth/token.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import { pathTo } from '../../support/paths.ts';

const { signal } = new AbortController();
const anonymous = { kind: 'anonymous' } as const;
const amy = { kind: 'basic', username: 'amy', password: Secret.of('pä ss') } as const;
const refresh = { kind: 'identity', token: Secret.of('refresh-me') } as const;
const challengeOf = (parameters: string) => parseChallenges([`Bearer ${parameters}`])[0]!;
const challenged = exchangeOf();

/** The tokens of a challenge, and the requests for them, each answered with another token unless `answer` says otherwise. */
function bearerOf(
  parameters: string,
  behaviour: Partial<TokenBehaviour> = {},
  answer = (count: number) => Promise.resolve(answerOf(200, {}, `{"token":"t${count}"}`)),
) {
  const sent: HttpRequest[] = [];
  const secrets: string[] = [];
  const exchange = async (request: HttpRequest) => {
    sent.push(request);
    return exchangeOf({ url: request.url, response: await answer(sent.length) });
  };
  const bearer = new Bearer({
    path: pathTo('https://registry.example.org', { headers: { 'x-access': 'own' }, allowHosts: ['auth.example.org'] }),
    repository: 'a/b',
    service: {
      transport: { exchange },
      behaviour: { ...clientProfiles.docker.tokens, method: 'get', actionOrder: 'pull,push', ...behaviour },
      now: () => 0,
      onSecret: (secret) => void secrets.push(secret),
    },
    headers: { 'user-agent': 'ua' },
    challenge: challengeOf(parameters),
    challenged,
    onFact: () => {},
  });
  const token = async (actions: readonly Action[], credentials: TokenQuestion['credentials'] = anonymous) =>
    (await bearer.token(credentials, actions, signal)).reveal();
  return { bearer, sent, secrets, token };
}

const realm = 'realm="https://auth.example.org/token"';
const queryOf = ({ url }: HttpRequest): string => decodeURIComponent(url.search);

describe('scopes', () => {
  const many = Array.from({ length: 40 }, (_, n) => `repository:r${String(n).padStart(2, '0')}:pull`);
  const both: readonly Action[] = ['push', 'pull'];

  test.each<[string, Partial<TokenBehaviour>, readonly Action[], readonly string[]]>([
    ['', {}, both, ['repository:a/b:pull,push']],
    ['', { actionOrder: 'push,pull' }, both, ['repository:a/b:push,pull']],
    ['', {}, ['delete', 'pull'], ['repository:a/b:pull,delete']],
    ['', { actionOrder: 'push,pull' }, ['delete', 'pull'], ['repository:a/b:pull,delete']],
    ['', {}, [], []],
    [
      'registry:catalog:*  repository:c:pull',
      { addsChallengeScope: false },
      [],
      ['registry:catalog:*', 'repository:c:pull'],
    ],
    ['registry:catalog:*', { addsChallengeScope: false }, both, ['repository:a/b:pull,push']],
    ['registry:catalog:*', { addsChallengeScope: true }, both, ['registry:catalog:*', 'repository:a/b:pull,push']],
    ['zoo:x:pull', { addsChallengeScope: true }, both, ['repository:a/b:pull,push', 'zoo:x:pull']],
    ['repository:a/b:pull', { addsChallengeScope: true }, both, ['repository:a/b:pull,push']],
    ['repository:a/b:push,pull', { addsChallengeScope: true }, both, ['repository:a/b:pull,push']],
    [
      'repository:a/b:pull,delete',
      { addsChallengeScope: true },
      both,
      ['repository:a/b:pull,delete', 'repository:a/b:pull,push'],
    ],
    ['repository:a/b:plus', { addsChallengeScope: true }, both, ['repository:a/b:plus', 'repository:a/b:pull,push']],
    ['repository:a:pull', { addsChallengeScope: true }, both, ['repository:a/b:pull,push', 'repository:a:pull']],
    ['repository:a/b:pull repository:a/b:pull', { addsChallengeScope: false }, [], ['repository:a/b:pull']],
    [many.join(' '), {}, [], many.slice(0, 32)],
    [`${'x'.repeat(512)} ${'y'.repeat(513)}`, {}, [], ['x'.repeat(512)]],
  ])('challenge %#', async (named, behaviour, actions, scopes) => {
    const { sent, token } = bearerOf(`${realm},scope="${named}"`, { addsChallengeScope: true, ...behaviour });
    await token(actions);
    expect(sent[0]?.url.searchParams.getAll('scope')).toEqual(scopes);
  });
});

describe('tokens', () => {
  test('are kept by scope, until they are forgotten', async () => {
    const { bearer, sent, token } = bearerOf(realm, { refresh: 'never' });
    expect([await token(['pull']), await token(['push']), await token(['pull'])]).toEqual(['t1', 't2', 't1']);
    bearer.forget(['pull']);
    expect([await token(['pull']), await token(['push'])]).toEqual(['t3', 't2']);
    expect(sent).toHaveLength(3);
  });

  test('of scopes whose names run together are two', async () => {
    const { bearer, token } = bearerOf(`${realm},scope="ab c"`, { refresh: 'never' });
    const first = await token([]);
    bearer.learn(challengeOf(`${realm},scope="x"`), challenged);
    expect(await token([])).not.toBe(first);
  });

  test('that could not be had are asked for again, also side by side', async () => {
    const refusal = new NetworkError({ stage: 'connect', code: 'ECONNREFUSED', message: 'no' });
    const { sent, token } = bearerOf(realm, {}, (count) =>
      count === 1 ? Promise.reject(refusal) : Promise.resolve(answerOf(200, {}, `{"token":"t${count}"}`)),
    );
    const together = await Promise.allSettled([token(['pull']), token(['pull'])]);
    expect(together.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(sent).toHaveLength(1);
    expect(await token(['pull'])).toBe('t2');
  });
});

describe('a later challenge', () => {
  test.each([
    [`${realm},scope="more"`, true],
    ['realm="https://auth.example.org/other"', false],
    [`${realm},service="other"`, false],
  ])('%s: the same service: %j', async (parameters, same) => {
    const { bearer, sent, token } = bearerOf(realm);
    expect(bearer.learn(challengeOf(parameters), challenged)).toBe(same);
    await token([]);
    expect(sent[0]?.url.searchParams.getAll('scope')).toEqual(same ? ['more'] : []);
  });

  test('without a realm is none', () => {
    const { bearer } = bearerOf(realm);
    expect(() => bearer.learn(challengeOf('service="x"'), challenged)).toThrow(AuthError);
    const message = 'the realm of the Bearer challenge is not an http(s) URL';
    expect(() => bearerOf('service="x"')).toThrow(
      expect.objectContaining({ problem: 'challenge_unparsable', message }),
    );
  });
});

describe('the request for a token', () => {
  const service = `${realm},service="s 1"`;
  const identified = { clientId: 'cli', account: true, clientIdInGet: true } as const;
  const scope = 'scope=repository:a/b:pull';

  test.each<[string, Partial<TokenBehaviour>, TokenQuestion['credentials'], string, string | undefined]>([
    [realm, { account: true }, anonymous, `?${scope}`, undefined],
    [service, {}, anonymous, `?${scope}&service=s+1`, undefined],
    [service, identified, amy, `?account=amy&client_id=cli&${scope}&service=s+1`, 'Basic'],
    [realm, { account: false, clientIdInGet: false, clientId: 'cli' }, amy, `?${scope}`, 'Basic'],
  ])('by GET %#', async (parameters, behaviour, credentials, query, scheme) => {
    const { sent, token } = bearerOf(parameters, { clientIdInGet: false, ...behaviour });
    await token(['pull'], credentials);
    expect([sent[0]?.method, sent[0] && queryOf(sent[0])]).toEqual(['GET', query]);
    expect(sent[0]?.headers['authorization']?.split(' ')[0]).toBe(scheme);
    expect(sent[0]?.headers).toMatchObject({ 'user-agent': 'ua' });
    expect(sent[0]?.headers).not.toHaveProperty('x-access');
  });

  test.each<[string, Partial<TokenBehaviour>, TokenQuestion['credentials'], readonly Action[], string, string]>([
    [
      realm,
      {},
      amy,
      ['pull', 'push'],
      'client_id=cli&grant_type=password&password=p%C3%A4+ss&scope=repository%3Aa%2Fb%3Apull%2Cpush&username=amy',
      'application/x-www-form-urlencoded',
    ],
    [
      service,
      { formCharset: 'utf-8' },
      refresh,
      [],
      'client_id=cli&grant_type=refresh_token&refresh_token=refresh-me&service=s+1',
      'application/x-www-form-urlencoded; charset=utf-8',
    ],
  ])('by POST %#', async (parameters, behaviour, credentials, actions, form, type) => {
    const { sent, token } = bearerOf(parameters, {
      clientId: 'cli',
      method: 'post-then-get',
      formCharset: undefined,
      ...behaviour,
    });
    await token(actions, credentials);
    const body = sent[0]?.body;
    expect([
      sent[0]?.method,
      body?.kind === 'bytes' && Buffer.from(body.bytes).toString(),
      sent[0]?.headers['content-type'],
    ]).toEqual(['POST', form, type]);
  });

  test('of two scopes by POST has them in one field', async () => {
    const { sent, token } = bearerOf(`${realm},scope="zoo:x:pull"`, {
      method: 'post-then-get',
      addsChallengeScope: true,
    });
    await token(['pull'], amy);
    const body = sent[0]?.body;
    const form = new URLSearchParams(body?.kind === 'bytes' ? Buffer.from(body.bytes).toString() : '');
    expect(form.get('scope')).toBe('repository:a/b:pull zoo:x:pull');
  });

  test.each<[string, (gone: Secret) => TokenQuestion['credentials']]>([
    ['the password', (password) => ({ ...amy, password })],
    ['the identity token', (token) => ({ ...refresh, token })],
  ])('is not sent without %s', async (what, credentials) => {
    const gone = new Secret(() => {
      throw new Error('gone');
    });
    const { sent, token } = bearerOf(realm);
    await expect(token(['pull'], credentials(gone))).rejects.toThrow(`${what} cannot be read`);
    expect(sent).toEqual([]);
  });

  test('to the path’s own host has its headers', async () => {
    const { sent, token } = bearerOf('realm="/token"');
    await token(['pull']);
    expect(sent[0]?.headers).toEqual({ 'user-agent': 'ua', 'x-access': 'own' });
  });

  test('tells what it sent in confidence, and the token', async () => {
    const { secrets, token } = bearerOf(realm);
    await token(['pull'], amy);
    expect(secrets).toEqual(['pä ss', Buffer.from('amy:pä ss').toString('base64'), 't1']);
    const other = bearerOf(realm);
    await other.token(['pull'], refresh);
    expect(other.secrets).toEqual(['refresh-me', 't1']);
    const nobody = bearerOf(realm);
    await nobody.token(['pull']);
    expect(nobody.secrets).toEqual(['t1']);
  });

  test.each([
    [199, false],
    [200, true],
    [299, true],
    [300, false],
  ])('is answered %d: a token: %j', async (status, given) => {
    const { token } = bearerOf(realm, {}, () => Promise.resolve(answerOf(status, {}, '{"token":"t1"}')));
    const outcome = await token(['pull']).catch(({ message }: Error) => message);
    expect(outcome).toBe(given ? 't1' : `the token service auth.example.org answered ${status}`);
  });

  test.each<[string, Error, object]>([
    [
      'no answer',
      new NetworkError({ stage: 'connect', code: 'ECONNREFUSED', message: 'no' }),
      {
        problem: 'realm_unreachable',
        message: 'the token service auth.example.org gave no response (ECONNREFUSED)',
        exchange: undefined,
        host: 'auth.example.org',
      },
    ],
    ['another error', new TypeError('x'), { name: 'TypeError', message: 'x' }],
  ])('%s', async (_what, error, expected) => {
    const { token } = bearerOf(realm, {}, () => Promise.reject(error));
    await expect(token(['pull'])).rejects.toMatchObject(expected);
  });
});
