import { afterEach, describe, expect, it } from 'vitest';
import { followed, type TokenRequest } from '../../../src/registry/auth/token-redirect.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import {
  alice,
  type Reply,
  type ScriptedServer,
  type SeenRequest,
  serve,
  serveTokenRegistry,
  session,
  type SessionOptions,
  tokenRequests,
} from '../../support/auth-fixture.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';
import { Opened } from '../../support/servers.ts';

const open = new Opened();
afterEach(() => open.closeAll());

async function login(token: (request: SeenRequest, count: number) => Reply, options: SessionOptions = {}) {
  const registry = open.own(await serveTokenRegistry({ token }));
  const client = open.own(session(registry.origin, { credentials: alice, ...options }));
  return { registry, answer: client.send('POST', '/v2/').then((exchange) => exchange.response?.status) };
}

async function elsewhere(): Promise<ScriptedServer> {
  return open.own(await serve(() => ({ body: { token: 'token-9' } })));
}

const once =
  (status: number, location: string) =>
  (request: SeenRequest): Reply =>
    request.target.startsWith('/token/moved') ? { body: { token: 'token-9' } } : { status, headers: { location } };

const byPost = { behaviour: clientProfiles.containerd.tokens };
const methodsOf = (server: ScriptedServer): string[] =>
  tokenRequests(server).map(({ method, target }) => `${method} ${target.replace(/\?.*/, '')}`);

describe('a token service that has moved is followed, as Go does', () => {
  it.each([301, 302, 303, 307, 308])('%d after GET, with the login', async (status) => {
    const { registry, answer } = await login(once(status, '/token/moved?service=registry.test'));
    expect(await answer).toBe(202);
    expect(methodsOf(registry)).toEqual(['GET /token', 'GET /token/moved']);
    const [first, second] = tokenRequests(registry);
    expect(second?.authorization).toBe(first?.authorization);
    expect(second?.authorization).toMatch(/^Basic /);
    expect(second?.headers['user-agent']).toBe(first?.headers['user-agent']);
  });

  it.each([
    [301, 'GET', '', undefined],
    [302, 'GET', '', undefined],
    [303, 'GET', '', undefined],
    [307, 'POST', expect.stringContaining('grant_type=password'), expect.stringContaining('x-www-form-urlencoded')],
    [308, 'POST', expect.stringContaining('grant_type=password'), expect.stringContaining('x-www-form-urlencoded')],
  ])('%d after POST: by %s', async (status, method, body, contentType) => {
    const { registry, answer } = await login(once(status, '/token/moved'), byPost);
    expect(await answer).toBe(202);
    expect(methodsOf(registry)).toEqual(['POST /token', `${method} /token/moved`]);
    expect(tokenRequests(registry)[1]).toMatchObject({ body });
    expect(tokenRequests(registry)[1]?.headers['content-type']).toEqual(contentType);
  });

  it('to another host that the path allows, whose name is another: without the Authorization header', async () => {
    const other = await elsewhere();
    const { port } = new URL(other.origin);
    const { answer } = await login(once(302, `http://localhost:${port}/t`), {
      path: { allowHosts: [`localhost:${port}`] },
    });
    expect(await answer).toBe(202);
    expect(other.seen.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it('to a host that the path does not allow: not, and our rule is named', async () => {
    const other = await elsewhere();
    const { answer } = await login(once(307, `${other.origin}/t`), byPost);
    await expect(answer).rejects.toMatchObject({
      problem: 'realm_not_allowed',
      host: other.host,
      message: expect.stringContaining('our rule'),
    });
    expect(other.seen).toEqual([]);
  });

  it('ten requests in all: the last answer stands', async () => {
    const { registry, answer } = await login(() => ({ status: 302, headers: { location: '/token' } }));
    await expect(answer).rejects.toMatchObject({ problem: 'token_refused', exchange: { response: { status: 302 } } });
    expect(tokenRequests(registry)).toHaveLength(10);
  });
});

it.each([
  ['the same host', 'https://auth.example.org:8443/t', ['authorization', 'content-type']],
  ['a host below it', 'https://eu.auth.example.org/t', ['authorization', 'content-type']],
  ['a host whose name ends alike', 'https://myauth.example.org/t', ['content-type']],
  ['a host above it', 'https://example.org/t', ['content-type']],
])('what goes along to %s', async (_what, location, names) => {
  const sent: TokenRequest[] = [];
  const send = async (request: TokenRequest) => {
    const response = sent.push(request) === 1 ? answerOf(307, { location }) : answerOf(200);
    return exchangeOf({ url: request.url, response });
  };
  const url = new URL('https://auth.example.org/token');
  const headers = { authorization: 'Basic eA==', 'content-type': 'text/plain' };
  await followed({ method: 'POST', url, headers, body: undefined }, send, (_answer, to) => new URL(to));
  expect(Object.keys(sent[1]?.headers ?? {})).toEqual(names);
});
