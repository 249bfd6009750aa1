import { afterEach, describe, expect, it } from 'vitest';
import type { AuthError } from '../../../src/registry/auth/auth-error.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import {
  alice,
  type AuthSession,
  type Reply,
  type ScriptedServer,
  serveTokenRegistry,
  session,
  type SessionOptions,
  tokenRequests,
  type TokenRegistryOptions,
} from '../../support/auth-fixture.ts';
import { Opened } from '../../support/servers.ts';

const open = new Opened();
afterEach(() => open.closeAll());

interface Scene {
  readonly registry: ScriptedServer;
  readonly client: AuthSession;
  readonly clock: { ms: number };
}

async function scene(options: TokenRegistryOptions & SessionOptions = {}): Promise<Scene> {
  const clock = { ms: Date.parse('2026-01-01T00:00:00Z') };
  const registry = await serveTokenRegistry(options);
  const client = session(registry.origin, { credentials: alice, now: () => clock.ms, ...options });
  open.own(registry);
  open.own(client);
  return { registry, client, clock };
}

describe('refresh by the clock', () => {
  it.each([
    ['docker', {}, 60],
    ['docker', { expires_in: 5 }, 60],
    ['docker', { expires_in: 300 }, 300],
    ['docker', { expires_in: 300, issued_at: '2026-01-01T00:00:00Z' }, 300],
    ['docker', { expires_in: 300, issued_at: '2025-12-31T23:58:20.5Z' }, 200.5],
    ['docker', { expires_in: 300, issued_at: '2026-01-01T01:00:10+01:00' }, 310],
    ['docker', { expires_in: 300, issued_at: '0001-01-01T00:00:00Z' }, 300],
    ['docker', { expires_in: null, issued_at: null }, 60],
    ['podman', { expires_in: 120 }, 120],
    ['buildkit', { expires_in: 100 }, 90],
    ['buildkit', {}, 54],
    ['containerd', { expires_in: 30 }, 30],
    ['regctl', { expires_in: 30 }, 60],
  ] as const)('%s takes a reply with %j for old after %d s', async (name, fields, seconds) => {
    const { registry, client, clock } = await scene({
      behaviour: clientProfiles[name].tokens,
      token: (_request, count) => ({ body: { token: `token-${count}`, ...fields } }),
    });
    await client.send('POST', '/v2/');
    clock.ms += seconds * 1000;
    await client.send('PATCH', '/v2/');
    expect(tokenRequests(registry)).toHaveLength(1);
    clock.ms += 1;
    await client.send('PUT', '/v2/');
    expect(tokenRequests(registry)).toHaveLength(2);
    expect(registry.seen.at(-1)?.authorization).toBe('Bearer token-2');
  });

  it.each(['containerd', 'crane', 'oras'] as const)('%s keeps a token without expires_in', async (name) => {
    const { registry, client, clock } = await scene({ behaviour: clientProfiles[name].tokens });
    await client.send('POST', '/v2/');
    clock.ms += 1000 * 24 * 3600 * 1000;
    await client.send('PUT', '/v2/');
    expect(tokenRequests(registry)).toHaveLength(1);
  });
});

describe('a 401 with a token', () => {
  /** token-1 is good for the first request only, as a token that runs out during a long PATCH. */
  function expiring(): TokenRegistryOptions {
    let used = 0;
    return {
      accepts: ({ authorization }) => {
        if (authorization === 'Bearer token-1') used += 1;
        return authorization === 'Bearer token-2' || (authorization === 'Bearer token-1' && used === 1);
      },
    };
  }

  it.each([
    ['docker', 401, 1],
    ['skopeo', 401, 1],
    ['oras', 401, 1],
    ['crane', 202, 2],
    ['containerd', 202, 2],
    ['buildkit', 202, 2],
    ['regctl', 401, 1],
  ] as const)('on the PUT of %s ends in %d', async (name, status, tokens) => {
    const { registry, client } = await scene({ ...expiring(), behaviour: clientProfiles[name].tokens });
    await client.send('POST', '/v2/team/app/blobs/uploads/');
    expect((await client.send('PUT', '/v2/team/app/blobs/uploads/1')).response?.status).toBe(status);
    expect(tokenRequests(registry)).toHaveLength(tokens);
  });

  it('on a later POST, or the PUT of a manifest, makes oras ask again', async () => {
    for (const [method, target] of [
      ['POST', '/v2/team/app/blobs/uploads/'],
      ['PUT', '/v2/team/app/manifests/probe'],
    ] as const) {
      const { client } = await scene({ ...expiring(), behaviour: clientProfiles.oras.tokens });
      await client.send('POST', '/v2/team/app/blobs/uploads/');
      expect((await client.send(method, target)).response?.status).toBe(202);
    }
  });

  it('is final when it has no challenge', async () => {
    let accepted = 0;
    const { registry, client } = await scene({
      behaviour: clientProfiles.crane.tokens,
      accepts: ({ authorization }) => authorization !== undefined && (accepted += 1) === 1,
      challenge: (origin) => (accepted > 1 ? [] : [`Bearer realm="${origin}/token"`]),
    });
    await client.send('POST', '/v2/');
    expect((await client.send('PUT', '/v2/')).response?.status).toBe(401);
    expect(tokenRequests(registry)).toHaveLength(1);
  });

  it('is followed to another service when the challenge names one', async () => {
    let service = 'first';
    const { registry, client } = await scene({
      behaviour: clientProfiles.crane.tokens,
      accepts: ({ authorization }) => authorization === (service === 'first' ? 'Bearer token-1' : 'Bearer token-2'),
      challenge: (origin) => [`Bearer realm="${origin}/token",service="${service}"`],
    });
    await client.send('POST', '/v2/');
    service = 'second';
    expect((await client.send('PUT', '/v2/')).response?.status).toBe(202);
    expect(tokenRequests(registry).map((request) => request.query.get('service'))).toEqual(['first', 'second']);
  });
});

describe('side by side', () => {
  it('layers share one token request', async () => {
    const { registry, client } = await scene({
      token: async (_request, count) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return { body: { token: `token-${count}` } };
      },
    });
    const sent = await Promise.all([1, 2, 3, 4, 5].map((layer) => client.send('POST', `/v2/?layer=${layer}`)));
    expect(sent.map((exchange) => exchange.response?.status)).toEqual([202, 202, 202, 202, 202]);
    expect(tokenRequests(registry)).toHaveLength(1);
  });

  it("one layer's abort does not take the token from the others", async () => {
    const abort = new AbortController();
    let goOn: () => void = () => {};
    const aborted = new Promise<void>((resolve) => (goOn = resolve));
    let first = true;
    const { registry, client } = await scene({
      token: async (_request, count) => {
        if (first) {
          first = false;
          await aborted;
        }
        return { body: { token: `token-${count}` } };
      },
    });
    const doomed = client.send('POST', '/v2/?layer=1', ['pull', 'push'], abort.signal);
    const outcome = doomed.catch((error: unknown) => error);
    await expect.poll(() => tokenRequests(registry)).toHaveLength(1);
    const other = client.send('POST', '/v2/?layer=2');
    // It needs no answer to join those who wait for the token.
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    expect(await outcome).toMatchObject({ name: 'NetworkError', code: 'ABORTED' });
    goOn();
    expect((await other).response?.status).toBe(202);
  });
});

describe('a token service that does not do its part', () => {
  async function failureOf(reply: Reply, options: SessionOptions = {}): Promise<AuthError> {
    const { client } = await scene({ ...options, token: () => reply });
    return client.send('POST', '/v2/').then(
      () => expect.fail('a token came'),
      (error: AuthError) => error,
    );
  }

  it.each([
    ['no JSON', '<html>'],
    ['nothing', ''],
    ['an array', []],
    ['null', 'null'],
    ['no token', { token: '', access_token: null }],
    ['a number', { token: 7 }],
    ['a token that would end the header', { token: 'abc\r\nX-Evil: 1' }],
    ['a token with a blank', { token: 'abc def' }],
    ['a token beyond ASCII', { token: 'abcé' }],
    ['a bad access_token beside a good token', { token: 'good', access_token: {} }],
    ['a lifetime that is text', { token: 'abc', expires_in: '300' }],
    ['a lifetime that is a fraction', { token: 'abc', expires_in: 1.5 }],
    ['a lifetime without end', '{"token":"abc","expires_in":1e999}'],
    ['a time that is none', { token: 'abc', issued_at: 'yesterday' }],
    ['a time that is a number', { token: 'abc', issued_at: 1700000000 }],
    ['a day that is none', { token: 'abc', issued_at: '2026-13-45T00:00:00Z' }],
    ['a deep one', '['.repeat(60_000)],
    ['a huge one', { token: 'a'.repeat(200 * 1024) }],
    ['a reply beyond what the transport keeps', { token: 'a'.repeat(2 * 1024 * 1024) }],
  ])('answers with %s', async (_name, body) => {
    const error = await failureOf({ body });
    expect(error).toMatchObject({ name: 'AuthError', problem: 'token_reply_invalid' });
    expect(error.host).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(error.exchange?.response?.status).toBe(200);
    expect(error.exchange?.response?.body).toHaveLength(0);
  });

  it.each([
    [401, {}],
    [403, {}],
    [429, { 'retry-after': '7' }],
    [503, {}],
    [302, {}],
    [300, { location: '/elsewhere' }],
  ])('refuses with %d', async (status, headers) => {
    const error = await failureOf({ status, headers, body: { errors: [{ code: 'UNAUTHORIZED' }] } });
    expect(error).toMatchObject({ name: 'AuthError', problem: 'token_refused', exchange: { response: { status } } });
    expect(Buffer.from(error.exchange?.response?.body ?? []).toString()).toContain('UNAUTHORIZED');
  });

  it('breaks off after a token', async () => {
    const error = await failureOf({ body: { token: 'token-1' }, breakOff: true });
    expect(error).toMatchObject({ problem: 'token_reply_invalid', message: expect.stringContaining('broke off') });
  });

  it('gives no response', async () => {
    const error = await failureOf({ hangUp: true });
    expect(error).toMatchObject({
      name: 'AuthError',
      problem: 'realm_unreachable',
      cause: { name: 'NetworkError' },
      exchange: { method: 'GET' },
    });
  });

  it('gives no response in the time that the client waits', async () => {
    const { client } = await scene({
      behaviour: { ...clientProfiles.docker.tokens, timeoutMs: 50 },
      token: () => new Promise(() => {}),
    });
    await expect(client.send('POST', '/v2/')).rejects.toMatchObject({
      problem: 'realm_unreachable',
      cause: { name: 'NetworkError', timer: 'response_header' },
    });
  });
});
