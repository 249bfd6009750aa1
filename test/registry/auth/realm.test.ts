import { afterEach, describe, expect, it } from 'vitest';
import type { NetworkPath } from '../../../src/network/path.ts';
import { AuthError } from '../../../src/registry/auth/auth-error.ts';
import { type AuthFact, resolveRealm } from '../../../src/registry/auth/realm.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { exchangeOf } from '../../support/exchanges.ts';
import { pathTo } from '../../support/paths.ts';
import { alice, serve, serveTokenRegistry, session } from '../../support/auth-fixture.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

async function opened<T extends { close(): Promise<void> }>(item: T | Promise<T>): Promise<T> {
  const value = await item;
  open.push(value);
  return value;
}

describe('a realm on another host', () => {
  it('gets no request at all, and is named in the error and as a fact', async () => {
    const other = await opened(serve(() => ({ body: { token: 'token-1' } })));
    const registry = await opened(serveTokenRegistry({ realm: `${other.origin}/token` }));
    const client = await opened(session(registry.origin, { credentials: alice }));
    await expect(client.send('POST', '/v2/')).rejects.toMatchObject({
      name: 'AuthError',
      problem: 'realm_not_allowed',
      host: other.host,
      exchange: { response: { status: 401 } },
    });
    expect(other.seen).toEqual([]);
    expect(client.facts).toEqual([{ kind: 'foreign_realm', host: other.host, treatment: 'refused' }]);
  });

  it('is asked when the path allows it, and still is a fact', async () => {
    const other = await opened(serve(() => ({ body: { token: 'token-1' } })));
    const registry = await opened(serveTokenRegistry({ realm: `${other.origin}/token` }));
    const client = await opened(session(registry.origin, { credentials: alice, path: { allowHosts: [other.host] } }));
    expect((await client.send('POST', '/v2/')).response?.status).toBe(202);
    expect(other.seen).toHaveLength(1);
    expect(client.facts).toEqual([{ kind: 'foreign_realm', host: other.host, treatment: 'allowed' }]);
  });

  it("is asked for at the path's own origin with realm: rewrite", async () => {
    const other = await opened(serve(() => ({ body: { token: 'token-9' } })));
    const registry = await opened(serveTokenRegistry({ realm: `${other.origin}/token?tenant=7` }));
    const client = await opened(session(registry.origin, { credentials: alice, path: { realm: 'rewrite' } }));
    expect((await client.send('POST', '/v2/')).response?.status).toBe(202);
    expect(other.seen).toEqual([]);
    expect(registry.seen[1]?.target).toMatch(/^\/token\?account=alice&.*tenant=7$/);
    expect(client.facts).toEqual([{ kind: 'foreign_realm', host: other.host, treatment: 'rewritten' }]);
  });

  it('cannot be slipped in by a later challenge', async () => {
    const other = await opened(serve(() => ({ body: { token: 'token-2' } })));
    let evil = false;
    const registry = await opened(
      serveTokenRegistry({
        accepts: ({ authorization }) => authorization === 'Bearer token-1' && !evil,
        challenge: (origin) => [`Bearer realm="${evil ? other.origin : origin}/token"`],
      }),
    );
    const client = await opened(
      session(registry.origin, { credentials: alice, behaviour: clientProfiles.containerd.tokens }),
    );
    await client.send('POST', '/v2/');
    evil = true;
    await expect(client.send('PUT', '/v2/')).rejects.toMatchObject({ problem: 'realm_not_allowed' });
    expect(other.seen).toEqual([]);
  });
});

describe('extra headers of the path', () => {
  const headers = { 'x-access': 'proxy-credential' };

  it('go along to a token service on its own origin', async () => {
    const registry = await opened(serveTokenRegistry());
    const client = await opened(session(registry.origin, { path: { headers } }));
    await client.send('POST', '/v2/');
    expect(registry.seen[1]).toMatchObject({ method: 'GET', headers: { ...headers, 'user-agent': 'test-client/1' } });
  });

  it('do not go to a token service elsewhere, even an allowed one', async () => {
    const other = await opened(serve(() => ({ body: { token: 'token-1' } })));
    const registry = await opened(serveTokenRegistry({ realm: `${other.origin}/token` }));
    const client = await opened(session(registry.origin, { path: { headers, allowHosts: [other.host] } }));
    await client.send('POST', '/v2/');
    expect(other.seen).toHaveLength(1);
    expect(other.seen[0]?.headers).not.toHaveProperty('x-access');
  });
});

function resolved(origin: string, realm: string, changes: Partial<NetworkPath> = {}): string {
  try {
    return resolveRealm(pathTo(origin, changes), exchangeOf({ url: `${origin}/v2/a/b` }), realm, () => {}).href;
  } catch (error) {
    return error instanceof AuthError ? error.problem : String(error);
  }
}

describe('resolveRealm', () => {
  const own = 'https://registry.example.org';

  it.each([
    ['the same origin', 'https://registry.example.org/token', 'https://registry.example.org/token'],
    ['the same origin in capitals, with the default port', 'HTTPS://Registry.Example.ORG:443/t', `${own}/t`],
    ['an absolute path', '/token', `${own}/token`],
    ['a relative path', '../token', `${own}/v2/token`],
    ['a fragment and userinfo, which are dropped', 'https://user:pw@registry.example.org/t#x', `${own}/t`],
  ])('follows %s', (_name, realm, expected) => {
    expect(resolved(own, realm)).toBe(expected);
  });

  it.each([
    ['another port', 'https://registry.example.org:8443/token'],
    ['http behind https', 'http://registry.example.org/token'],
    ['the http port of the own host', 'http://registry.example.org:443/token'],
    ['a scheme-relative host', '//auth.example.org/token'],
    ['a longer name', 'https://registry.example.org.evil.test/token'],
    ['a trailing dot', 'https://registry.example.org./token'],
    ['the own host as userinfo', 'https://registry.example.org@evil.test/token'],
    ['loopback', 'https://127.0.0.1/token'],
    ['loopback written as a number', 'https://2130706433/token'],
    ['loopback by name', 'https://localhost/token'],
    ['loopback in IPv6', 'https://[::1]/token'],
    ['mapped loopback', 'https://[::ffff:127.0.0.1]/token'],
    ['the metadata address', 'http://169.254.169.254/latest/meta-data/'],
    ['a link-local address', 'https://[fe80::1]/token'],
    ['a private address', 'https://10.0.0.1/token'],
  ])('refuses %s', (_name, realm) => {
    expect(resolved(own, realm)).toBe('realm_not_allowed');
  });

  it.each(['', 'file:///etc/passwd', 'javascript:1', 'https://', 'http://[', 'data:,x'])(
    'takes %j for no realm',
    (realm) => {
      expect(resolved(own, realm)).toBe('challenge_unparsable');
    },
  );

  it('does not let allowHosts of an https path mean http', () => {
    const changes = { allowHosts: ['auth.example.org'] };
    expect(resolved(own, 'https://auth.example.org/t', changes)).toBe('https://auth.example.org/t');
    expect(resolved(own, 'http://auth.example.org/t', changes)).toBe('realm_not_allowed');
    expect(resolved(own, 'http://auth.example.org/t', { allowHosts: ['http://auth.example.org'] })).toBe(
      'http://auth.example.org/t',
    );
  });

  it('rewrites scheme and host, and keeps path and query', () => {
    const changes = { realm: 'rewrite' } as const;
    expect(resolved('http://gitea-http:3000', 'https://git.example.org/v2/token?a=b', changes)).toBe(
      'http://gitea-http:3000/v2/token?a=b',
    );
    expect(resolved(own, 'http://registry.example.org/token', changes)).toBe(`${own}/token`);
    expect(resolved(own, 'http://169.254.169.254//evil.test/x', changes)).toBe(`${own}//evil.test/x`);
  });

  it('does not follow where the client itself would not', () => {
    const facts: AuthFact[] = [];
    const refuses = (url: URL, asked: URL): string => `at ${url.host}, asked by ${asked.host}`;
    const realm = 'https://auth.example.org/token';
    const path = pathTo(own, { allowHosts: ['auth.example.org'] });
    const resolve = (): URL => resolveRealm(path, exchangeOf({ url: own }), realm, (fact) => facts.push(fact), refuses);
    expect(resolve).toThrow(
      expect.objectContaining({
        problem: 'realm_refused_by_client',
        message: 'the client does not ask a token service at auth.example.org, asked by registry.example.org',
        host: 'auth.example.org',
      }),
    );
    expect(facts).toEqual([{ kind: 'foreign_realm', host: 'auth.example.org', treatment: 'refused' }]);
    resolveRealm(
      path,
      exchangeOf({ url: own }),
      realm,
      (fact) => facts.push(fact),
      () => undefined,
    );
    expect(facts[1]?.treatment).toBe('allowed');
  });

  it('does not follow to its own host either, where the client itself would not', () => {
    const path = pathTo(own, { realm: 'rewrite' });
    const resolve = (realm: string): URL =>
      resolveRealm(
        path,
        exchangeOf({ url: own }),
        realm,
        () => {},
        () => 'of that kind',
      );
    expect(() => resolve('/token')).toThrow('the client does not ask a token service of that kind');
    expect(resolve('https://auth.example.org/token').href).toBe(`${own}/token`);
  });

  it('tells of foreign hosts only', () => {
    const facts: AuthFact[] = [];
    resolveRealm(pathTo(own), exchangeOf({ url: `${own}/v2/` }), '/token', (fact) => facts.push(fact));
    expect(facts).toEqual([]);
  });
});
