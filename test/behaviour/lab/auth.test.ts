import { afterEach, describe, expect, test } from 'vitest';
import type { RegistryAuth } from '../../support/lab/auth.ts';
import type { QuirksName } from '../../support/lab/quirks.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { type WireResponse, send } from '../../support/wire.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const users = [
  { name: 'writer', password: 'w:1' },
  { name: 'reader', password: 'r', actions: ['pull'] },
  { name: 'pusher', password: 'p', actions: ['pull', 'push'] },
] as const;

async function start(auth: RegistryAuth, quirks: QuirksName = 'spec'): Promise<DemoRegistry> {
  const registry = opened.own(await startRegistry({ auth, quirks }));
  return registry;
}
const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
const uploads = '/v2/a/b/blobs/uploads/';

function post(registry: DemoRegistry, authorization?: string, path = uploads): Promise<WireResponse> {
  return send(registry.url + path, { method: 'POST', headers: authorization === undefined ? {} : { authorization } });
}
interface TokenAnswer {
  token?: string;
  access_token?: string;
  expires_in?: number;
  issued_at?: string;
  refresh_token?: string;
}
async function token(registry: DemoRegistry, scope: string, authorization = basic('writer', 'w:1')) {
  const url = `${registry.url}/token?service=registry&scope=${encodeURIComponent(scope)}`;
  const answer = await send(url, { headers: { authorization } });
  return { status: answer.status, json: JSON.parse(answer.body.toString()) as TokenAnswer };
}

describe('basic', () => {
  test.each([
    ['writer', 'w:1', 202],
    ['writer', 'wrong', 401],
    ['nobody', 'w:1', 401],
    ['reader', 'r', 403],
  ])('%s with %s is answered %d on POST', async (name, password, status) => {
    const registry = await start({ kind: 'basic', users });
    expect((await post(registry, basic(name, password))).status).toBe(status);
  });

  test('a right to delete is a right of its own', async () => {
    const registry = await start({ kind: 'basic', users });
    const authorization = basic('pusher', 'p');
    const posted = await post(registry, authorization);
    const url = registry.url + posted.headers['location'];
    expect((await send(url, { method: 'DELETE', headers: { authorization } })).status).toBe(403);
    const owner = { authorization: basic('writer', 'w:1') };
    expect((await send(url, { method: 'DELETE', headers: owner })).status).toBe(204);
  });
});

describe('bearer', () => {
  test('the challenge names realm, service and scope; the token opens the way', async () => {
    const registry = await start({ kind: 'bearer', users, service: 'demo' });
    const challenged = await post(registry);
    expect(challenged.status).toBe(401);
    expect(challenged.headers['www-authenticate']).toBe(
      `Bearer realm="${registry.url}/token",service="demo",scope="repository:a/b:pull,push"`,
    );
    const { json } = await token(registry, 'repository:a/b:pull,push');
    expect(json.expires_in).toBe(300);
    expect((await post(registry, `Bearer ${json.token}`)).status).toBe(202);
  });

  test('a token reaches as far as its scope, and says so', async () => {
    const registry = await start({ kind: 'bearer', users });
    const pull = await token(registry, 'repository:a/b:pull');
    const refused = await post(registry, `Bearer ${pull.json.token}`);
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toContain(',error="insufficient_scope"');
    const elsewhere = await token(registry, 'repository:a/c:pull,push');
    expect((await post(registry, `Bearer ${elsewhere.json.token}`)).status).toBe(401);
    const reader = await token(registry, 'repository:a/b:pull,push', basic('reader', 'r'));
    expect(reader.status).toBe(200);
    expect((await post(registry, `Bearer ${reader.json.token}`)).status).toBe(401);
  });

  test('a cancel needs the right to delete in the token', async () => {
    const registry = await start({ kind: 'bearer', users });
    const push = { authorization: `Bearer ${(await token(registry, 'repository:a/b:pull,push')).json.token}` };
    const all = { authorization: `Bearer ${(await token(registry, 'repository:a/b:pull,push,delete')).json.token}` };
    const url = registry.url + (await post(registry, push.authorization)).headers['location'];
    expect((await send(url, { method: 'DELETE', headers: push })).status).toBe(401);
    expect((await send(url, { method: 'DELETE', headers: all })).status).toBe(204);
  });

  test('tokens expire, and forged ones are nothing', async () => {
    const patient = await start({ kind: 'bearer', users, tokenLifetimeMs: 60_000 });
    const fresh = await token(patient, 'repository:a/b:pull,push');
    expect((await post(patient, `Bearer ${fresh.json.token}`)).status).toBe(202);
    const registry = await start({ kind: 'bearer', users, tokenLifetimeMs: 1, expiresInSeconds: 60 });
    const { json } = await token(registry, 'repository:a/b:pull,push');
    expect(json.expires_in).toBe(60);
    await expect.poll(async () => (await post(registry, `Bearer ${json.token}`)).status).toBe(401);
    const late = await post(registry, `Bearer ${json.token}`);
    expect(late.headers['www-authenticate']).toContain(',error="invalid_token"');
    const [head, , mac] = json.token!.split('.');
    const claims = Buffer.from('{"sub":"writer","use":"access","exp":9e9,"actions":["push"]}').toString('base64url');
    expect((await post(registry, `Bearer ${head}.${claims}.${mac}`)).status).toBe(401);
    expect((await post(registry, 'Bearer nonsense')).status).toBe(401);
  });

  test('wrong credentials are refused by the token service', async () => {
    const registry = await start({ kind: 'bearer', users });
    expect((await token(registry, 'repository:a/b:pull', basic('writer', 'no'))).status).toBe(401);
    expect((await send(`${registry.url}/token`)).status).toBe(401);
  });

  test('anonymous pull', async () => {
    const registry = await start({ kind: 'bearer', users, anonymous: ['pull'] });
    const answer = await send(`${registry.url}/token?scope=repository:a/b:pull,push`);
    const { token: anonymous } = JSON.parse(answer.body.toString()) as TokenAnswer;
    const headers = { authorization: `Bearer ${anonymous}` };
    expect((await send(`${registry.url}/v2/a/b/tags/list`, { headers })).status).toBe(404);
    expect((await post(registry, headers.authorization)).status).toBe(401);
  });

  test('the OAuth2 form: password, then refresh token', async () => {
    const registry = await start({ kind: 'bearer', users });
    const form = async (fields: Record<string, string>) => {
      const body = Buffer.from(new URLSearchParams({ service: 'registry', client_id: 'test', ...fields }).toString());
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await send(`${registry.url}/token`, { method: 'POST', headers, body });
      return { status: answer.status, json: JSON.parse(answer.body.toString()) as TokenAnswer };
    };
    const scope = 'repository:a/b:pull repository:a/b:push';
    const login = { grant_type: 'password', username: 'writer', password: 'w:1', access_type: 'offline', scope };
    const first = await form(login);
    expect((await post(registry, `Bearer ${first.json.access_token}`)).status).toBe(202);
    const refresh = { grant_type: 'refresh_token', refresh_token: first.json.refresh_token!, scope };
    const second = await form(refresh);
    expect((await post(registry, `Bearer ${second.json.access_token}`)).status).toBe(202);
    expect((await form({ ...login, password: 'no' })).status).toBe(401);
    expect((await form({ ...refresh, refresh_token: first.json.access_token! })).status).toBe(401);
    expect((await post(registry, `Bearer ${first.json.refresh_token}`)).status).toBe(401);
  });

  test('a realm of another origin, as Gitea’s ROOT_URL makes it', async () => {
    const registry = await start({ kind: 'bearer', users }, 'gitea');
    registry.change({ realmOrigin: 'https://git.example.org' });
    expect((await post(registry)).headers['www-authenticate']).toContain('realm="https://git.example.org/v2/token"');
    registry.change({ realmOrigin: undefined });
    const headers = { host: 'public.example.org', 'x-forwarded-proto': 'https' };
    const seen = await send(`${registry.url}/v2/`, { headers });
    expect(seen.headers['www-authenticate']).toContain('realm="https://public.example.org/v2/token"');
  });

  test('Gitea: no expires_in, scopes of no matter, Basic accepted beside, no POST', async () => {
    const registry = await start({ kind: 'bearer', users }, 'gitea');
    const headers = { authorization: basic('writer', 'w:1') };
    const answer = await send(`${registry.url}/v2/token`, { headers });
    const json = JSON.parse(answer.body.toString()) as TokenAnswer;
    expect(Object.keys(json)).toEqual(['token']);
    expect((await post(registry, `Bearer ${json.token}`)).status).toBe(202);
    expect((await post(registry, headers.authorization)).status).toBe(202);
    expect((await send(`${registry.url}/v2/token`, { method: 'POST' })).status).toBe(404);
  });

  test('two challenges come as two headers', async () => {
    const secondChallenge = 'Basic realm="Gitea Container Registry"';
    const options = { auth: { kind: 'bearer', users }, quirks: 'gitea', quirksChanges: { secondChallenge } } as const;
    const registry = opened.own(await startRegistry(options));
    const { rawHeaders } = await post(registry);
    const values = rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === 'www-authenticate');
    expect(values).toEqual([expect.stringMatching(/^Bearer realm=/), secondChallenge]);
  });

  test('a mount needs the right to pull from the other repository', async () => {
    const registry = await start({ kind: 'bearer', users });
    const digest = 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
    const both = await token(registry, 'repository:a/b:pull,push repository:c/d:pull,push');
    const own = await token(registry, 'repository:c/d:pull,push');
    expect((await post(registry, `Bearer ${both.json.token}`, `${uploads}?digest=${digest}`)).status).toBe(201);
    const mount = `/v2/c/d/blobs/uploads/?mount=${digest}&from=a/b`;
    expect((await post(registry, `Bearer ${own.json.token}`, mount)).status).toBe(202);
    expect((await post(registry, `Bearer ${both.json.token}`, mount)).status).toBe(201);
  });
});

test('credentials are in no log', async () => {
  const registry = await start({ kind: 'basic', users });
  await post(registry, basic('writer', 'w:1'));
  expect(JSON.stringify(registry.requests)).not.toContain(Buffer.from('writer:w:1').toString('base64').slice(0, 8));
  expect(registry.requests[0]?.headers['authorization']).toBe('Basic');
});
