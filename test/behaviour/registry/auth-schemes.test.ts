import { afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import {
  alice,
  aliceBasic,
  type AuthSession,
  type ScriptedServer,
  serve,
  serveTokenRegistry,
  session,
  type SessionOptions,
  tokenRequests,
} from '../../support/auth-fixture.ts';
import { Opened } from '../../support/servers.ts';

const open = new Opened();
afterEach(() => open.closeAll());

async function opened<T extends { close(): Promise<void> }>(item: T | Promise<T>): Promise<T> {
  return open.own(await item);
}

function basicRegistry(): Promise<ScriptedServer> {
  return opened(
    serve((request) =>
      request.authorization === aliceBasic
        ? { status: 202 }
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="registry"' } },
    ),
  );
}

async function sessionOn(server: ScriptedServer, options: SessionOptions = {}): Promise<AuthSession> {
  return opened(session(server.origin, options));
}

function authorizations(server: ScriptedServer): (string | undefined)[] {
  return server.seen.map((request) => request.authorization);
}

describe('Basic', () => {
  it('is sent after the challenge, and from then on with each request to that origin', async () => {
    const registry = await basicRegistry();
    const client = await sessionOn(registry, { credentials: alice });
    expect((await client.send('POST', '/v2/team/app/blobs/uploads/')).response?.status).toBe(202);
    expect((await client.send('PUT', '/v2/team/app/blobs/uploads/1')).response?.status).toBe(202);
    expect(authorizations(registry)).toEqual([undefined, aliceBasic, aliceBasic]);
  });

  it('is given up when it was rejected', async () => {
    const registry = await opened(serve(() => ({ status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } })));
    const client = await sessionOn(registry, { credentials: alice });
    expect((await client.send('POST', '/v2/')).response?.status).toBe(401);
    expect((await client.send('POST', '/v2/')).response?.status).toBe(401);
    expect(authorizations(registry)).toEqual([undefined, aliceBasic, aliceBasic]);
  });

  it('leaves the 401 standing when there is nothing to answer it with', async () => {
    const registry = await basicRegistry();
    const client = await sessionOn(registry);
    expect((await client.send('POST', '/v2/')).response?.status).toBe(401);
    expect(authorizations(registry)).toEqual([undefined]);
  });

  it('goes to no host that the path does not allow, whatever that host asks for', async () => {
    const [registry, other] = [await basicRegistry(), await basicRegistry()];
    const client = await sessionOn(registry, { credentials: alice });
    await client.send('POST', '/v2/');
    expect((await client.send('PUT', `${other.origin}/upload`)).response?.status).toBe(401);
    expect(authorizations(other)).toEqual([undefined]);
  });

  it('goes to an allowed host only after that host has asked itself', async () => {
    const [registry, other] = [await basicRegistry(), await basicRegistry()];
    const client = await sessionOn(registry, { credentials: alice, path: { allowHosts: [other.host] } });
    await client.send('POST', '/v2/');
    expect((await client.send('PUT', `${other.origin}/upload`)).response?.status).toBe(202);
    expect(authorizations(other)).toEqual([undefined, aliceBasic]);
  });
});

describe('Bearer', () => {
  it('fetches a token as docker does, and uses it until it is old', async () => {
    const registry = await opened(serveTokenRegistry());
    const client = await sessionOn(registry, { credentials: alice });
    await client.send('POST', '/v2/team/app/blobs/uploads/');
    await client.send('PATCH', '/v2/team/app/blobs/uploads/1');
    expect(registry.seen.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'POST /v2/team/app/blobs/uploads/',
      'GET /token?account=alice&scope=repository%3Ateam%2Fapp%3Apush%2Cpull&service=registry.test',
      'POST /v2/team/app/blobs/uploads/',
      'PATCH /v2/team/app/blobs/uploads/1',
    ]);
    expect(authorizations(registry)).toEqual([undefined, aliceBasic, 'Bearer token-1', 'Bearer token-1']);
    expect(tokenRequests(registry)[0]?.headers['user-agent']).toBe('test-client/1');
  });

  it('fetches an anonymous token without credentials', async () => {
    const registry = await opened(serveTokenRegistry());
    const client = await sessionOn(registry);
    expect((await client.send('HEAD', '/v2/')).response?.status).toBe(202);
    expect(tokenRequests(registry)[0]).toMatchObject({
      method: 'GET',
      target: '/token?scope=repository%3Ateam%2Fapp%3Apush%2Cpull&service=registry.test',
      authorization: undefined,
    });
  });

  it('answers with a static token as it is, without asking any service', async () => {
    const registry = await opened(serveTokenRegistry());
    const credentials = { kind: 'bearer', token: Secret.of('token-77') } as const;
    const client = await sessionOn(registry, { credentials });
    expect((await client.send('POST', '/v2/')).response?.status).toBe(202);
    expect(authorizations(registry)).toEqual([undefined, 'Bearer token-77']);
  });

  it('does not try a rejected static token again', async () => {
    const registry = await opened(serveTokenRegistry());
    const credentials = { kind: 'bearer', token: Secret.of('wrong') } as const;
    const client = await sessionOn(registry, { credentials, behaviour: clientProfiles.crane.tokens });
    expect((await client.send('POST', '/v2/')).response?.status).toBe(401);
    expect((await client.send('POST', '/v2/')).response?.status).toBe(401);
    expect(registry.seen).toHaveLength(3);
  });

  it('trades an identity token by POST, for every client', async () => {
    const registry = await opened(serveTokenRegistry({ token: () => ({ body: { access_token: 'token-1' } }) }));
    const credentials = { kind: 'identity', token: Secret.of('refresh&me') } as const;
    const client = await sessionOn(registry, { credentials });
    expect((await client.send('POST', '/v2/')).response?.status).toBe(202);
    const [asked] = tokenRequests(registry);
    expect(asked).toMatchObject({ method: 'POST', target: '/token', authorization: undefined });
    expect(asked?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(asked?.body))).toEqual({
      client_id: 'docker',
      grant_type: 'refresh_token',
      refresh_token: 'refresh&me',
      scope: 'repository:team/app:push,pull',
      service: 'registry.test',
    });
  });

  it('posts the password first as containerd does, and the reply counts', async () => {
    const registry = await opened(serveTokenRegistry());
    const client = await sessionOn(registry, { credentials: alice, behaviour: clientProfiles.containerd.tokens });
    expect((await client.send('POST', '/v2/')).response?.status).toBe(202);
    expect(tokenRequests(registry).map((request) => request.method)).toEqual(['POST']);
    expect(Object.fromEntries(new URLSearchParams(tokenRequests(registry)[0]?.body))).toEqual({
      client_id: 'containerd-client',
      grant_type: 'password',
      username: 'alice',
      password: 's3cret:with colon/ü',
      scope: 'repository:team/app:pull,push',
      service: 'registry.test',
    });
  });

  it.each([
    ['containerd', 400, ['POST', 'GET'], 202],
    ['containerd', 401, ['POST', 'GET'], 202],
    ['containerd', 404, ['POST', 'GET'], 202],
    ['containerd', 405, ['POST', 'GET'], 202],
    ['buildkit', 404, ['GET', 'POST'], 202],
  ] as const)('%s tries the other method after %d', async (name, refusal, methods, status) => {
    const registry = await opened(
      serveTokenRegistry({
        token: (_request, count) => (count === 1 ? { status: refusal } : { body: { token: 'token-2' } }),
      }),
    );
    const client = await sessionOn(registry, { credentials: alice, behaviour: clientProfiles[name].tokens });
    expect((await client.send('POST', '/v2/')).response?.status).toBe(status);
    expect(tokenRequests(registry).map((request) => request.method)).toEqual(methods);
  });

  it('does not try the other method after a 500', async () => {
    const registry = await opened(serveTokenRegistry({ token: () => ({ status: 500 }) }));
    const client = await sessionOn(registry, { credentials: alice, behaviour: clientProfiles.containerd.tokens });
    await expect(client.send('POST', '/v2/')).rejects.toMatchObject({ problem: 'token_refused' });
    expect(tokenRequests(registry)).toHaveLength(1);
  });

  it('resolves a relative realm and keeps the query that it has', async () => {
    const registry = await opened(serveTokenRegistry({ realm: '../token?tenant=7' }));
    const client = await sessionOn(registry);
    expect((await client.send('GET', '/v2/x')).response?.status).toBe(202);
    expect(tokenRequests(registry)[0]?.target).toBe(
      '/token?scope=repository%3Ateam%2Fapp%3Apush%2Cpull&service=registry.test&tenant=7',
    );
  });
});

describe('the scope', () => {
  it('has delete when asked for, with a token of its own', async () => {
    const registry = await opened(serveTokenRegistry());
    const client = await sessionOn(registry, { behaviour: clientProfiles.containerd.tokens });
    await client.send('POST', '/v2/');
    await client.send('DELETE', '/v2/', ['delete', 'push', 'pull']);
    await client.send('PUT', '/v2/');
    expect(tokenRequests(registry).map((request) => request.query.getAll('scope'))).toEqual([
      ['repository:team/app:pull,push'],
      ['repository:team/app:pull,push,delete'],
    ]);
    expect(authorizations(registry)).toContain('Bearer token-2');
    expect(authorizations(registry).at(-1)).toBe('Bearer token-1');
  });

  it.each([
    ['docker', ['repository:team/app:push,pull']],
    ['skopeo', ['repository:team/app:pull,push']],
    ['containerd', ['*', 'repository:team/app:pull,push']],
  ] as const)("names what Gitea's challenge names only for clients that do: %s", async (name, scopes) => {
    const challenge = (origin: string): string[] => [
      `Bearer realm="${origin}/token",service="s",scope="* repository:team/app:pull"`,
    ];
    const registry = await opened(serveTokenRegistry({ challenge }));
    const client = await sessionOn(registry, { behaviour: clientProfiles[name].tokens });
    await client.send('POST', '/v2/');
    expect(tokenRequests(registry)[0]?.query.getAll('scope')).toEqual(scopes);
  });

  it('is that of the challenge when no actions are named', async () => {
    const challenge = (origin: string): string[] => [`Bearer realm="${origin}/token",scope="registry:catalog:*"`];
    const registry = await opened(serveTokenRegistry({ challenge }));
    const client = await sessionOn(registry);
    await client.send('GET', '/v2/_catalog', []);
    expect(tokenRequests(registry)[0]?.target).toBe('/token?scope=registry%3Acatalog%3A*');
  });
});

describe('of several challenges', () => {
  const both = (origin: string): string[] => ['Negotiate', `Bearer realm="${origin}/token"`, 'Basic realm="Gitea"'];
  const accepts = (): boolean => false;

  it.each([
    ['docker', [undefined, aliceBasic, aliceBasic], 1],
    ['containerd', [undefined, undefined, 'Bearer token-1'], 1],
    ['skopeo', [undefined, aliceBasic, 'Bearer token-1'], 1],
    ['regctl', [undefined, aliceBasic], 0],
  ] as const)('%s follows its own', async (name, expected, tokens) => {
    const registry = await opened(serveTokenRegistry({ challenge: both, accepts }));
    const client = await sessionOn(registry, {
      credentials: alice,
      behaviour: { ...clientProfiles[name].tokens, refresh: 'never' },
    });
    await client.send('POST', '/v2/');
    expect(authorizations(registry)).toEqual(expected);
    expect(tokenRequests(registry)).toHaveLength(tokens);
  });

  it('an anonymous client takes the one that it can answer', async () => {
    const registry = await opened(serveTokenRegistry({ challenge: both }));
    const client = await sessionOn(registry, { behaviour: clientProfiles.regctl.tokens });
    expect((await client.send('POST', '/v2/')).response?.status).toBe(202);
  });
});

describe('a 401 that explains nothing', () => {
  it.each([
    ['challenge_missing', {}],
    ['challenge_unparsable', { 'www-authenticate': 'Negotiate' }],
    ['challenge_unparsable', { 'www-authenticate': '"""' }],
    ['challenge_unparsable', { 'www-authenticate': 'Bearer service="no realm"' }],
    ['challenge_unparsable', { 'www-authenticate': 'Bearer realm="ftp://127.0.0.1/"' }],
    ['challenge_unparsable', { 'www-authenticate': 'Bearer realm="http://["' }],
  ])('throws %s for %j', async (problem, headers) => {
    const registry = await opened(serve(() => ({ status: 401, headers })));
    const client = await sessionOn(registry, { credentials: alice });
    const sent = client.send('POST', '/v2/');
    await expect(sent).rejects.toMatchObject({ name: 'AuthError', problem, exchange: { response: { status: 401 } } });
    expect(registry.seen).toHaveLength(1);
  });
});
