import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { WireMeter } from '../../../src/network/wire-meter.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { type ApiReport, checkApi } from '../../../src/probe/diagnose/api-check.ts';
import type { RegistryTarget } from '../../../src/registry/target.ts';
import { atBearablePace } from '../../support/pace.ts';
import { pathTo } from '../../support/paths.ts';
import { Opened } from '../../support/servers.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

const opened = new Opened();
afterEach(() => opened.closeAll());

const users = [{ name: 'probe', password: 'right' }];
const target: RegistryTarget = {
  name: 'lab',
  repository: 'team/probe',
  credentials: { kind: 'basic', username: 'probe', password: Secret.of('right') },
  cleanup: 'delete',
};
const anonymous: RegistryTarget = { ...target, credentials: { kind: 'anonymous' } };

async function check(
  origin: string,
  registry: RegistryTarget = target,
  options: { timeoutMs?: number; signal?: AbortSignal; allowHosts?: string[] } = {},
): Promise<ApiReport | undefined> {
  const { timeoutMs = 30_000, signal = new AbortController().signal, allowHosts = [] } = options;
  return checkApi(
    { registry, path: pathTo(origin, { allowHosts }) },
    { now: () => performance.now(), timeoutMs, signal },
  );
}

/** `1`, `1 (note)` or the reason, by endpoint. */
function words(report: ApiReport | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(report?.endpoints ?? {}).map(([name, state]) => [
      name,
      state.up ? `1${state.note === undefined ? '' : ` (${state.note})`}` : state.failure.reason,
    ]),
  );
}

async function registryOf(options: Parameters<typeof startRegistry>[0] = {}): Promise<DemoRegistry> {
  const registry = await startRegistry(options);
  open.push(registry);
  return registry;
}

async function pushManifest(registry: DemoRegistry, tags: readonly string[]): Promise<void> {
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [],
  });
  for (const tag of tags) {
    const response = await fetch(`${registry.url}/v2/team/probe/manifests/${tag}`, {
      method: 'PUT',
      body: manifest,
      headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
    });
    expect(response.status).toBe(201);
  }
}

describe('API checks', () => {
  test.each(['none', 'basic', 'bearer'] as const)(
    'all up on a registry with auth %s; a repository that is not there is no failure',
    async (kind) => {
      const registry = await registryOf({ auth: kind === 'none' ? { kind } : { kind, users } });
      expect(words(await check(registry.url, kind === 'none' ? anonymous : target))).toEqual({
        ping: kind === 'none' ? '1' : '1 (answered 401)',
        auth: '1',
        catalog: '1',
        tags: '1 (answered 404)',
      });
    },
  );

  test('a hop that asks for a login before an open registry is up; its 401 without a challenge is not', async () => {
    for (const challenge of ['Basic realm="private"', undefined]) {
      const server = createServer((request, response) => {
        const isIn = request.headers.authorization !== undefined;
        if (!isIn && challenge !== undefined) response.setHeader('www-authenticate', challenge);
        response.writeHead(isIn ? 200 : 401, { server: 'nginx' }).end('{}');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      open.push({ close: () => new Promise((resolve) => server.close(() => resolve(undefined))) });
      const { port } = server.address() as AddressInfo;
      const { ping, auth } = words(await check(`http://127.0.0.1:${port}`));
      expect([ping, auth]).toEqual(
        challenge === undefined ? ['auth_rejected', 'auth_challenge_bad'] : ['1 (answered 401)', '1'],
      );
    }
  });

  test('tags are read page by page', async () => {
    const registry = await registryOf();
    await pushManifest(
      registry,
      Array.from({ length: 250 }, (_, index) => `tag-${1_000 + index}`),
    );
    registry.clearRequests();
    expect(words(await check(registry.url, anonymous))).toMatchObject({ tags: '1', catalog: '1' });
    const pages = registry.requests.filter(({ path }) => path.includes('/tags/list'));
    expect(pages.map(({ url }) => url)).toEqual([
      expect.stringMatching(/\?n=100$/),
      expect.stringMatching(/last=tag-1099/),
      expect.stringMatching(/last=tag-1199/),
    ]);
  });

  test('wrong credentials: the API is there, nothing behind the login is', async () => {
    const registry = await registryOf({ auth: { kind: 'basic', users } });
    const wrong = {
      ...target,
      credentials: { kind: 'basic', username: 'probe', password: Secret.of('wrong') },
    } as const;
    expect(words(await check(registry.url, wrong))).toMatchObject({
      ping: '1 (answered 401)',
      auth: 'auth_rejected',
      tags: 'auth_rejected',
    });
  });

  test('nobody listens: all down', async () => {
    const registry = await registryOf();
    await registry.close();
    expect(new Set(Object.values(words(await check(registry.url))))).toEqual(new Set(['connect_refused']));
  });

  test('a proxy that speaks for the registry is not the registry', async () => {
    const registry = await registryOf();
    const edge = await startEdge({ upstream: registry.url, faults: [{ kind: 'answer', status: 403, page: 'waf' }] });
    open.push(edge);
    expect(new Set(Object.values(words(await check(edge.url, anonymous))))).toEqual(new Set(['blocked_by_policy']));
  });

  test('an endpoint that does not answer ends at the bound', async () => {
    const registry = await registryOf({
      intercept: ({ path }) => (path.includes('_catalog') ? { kind: 'stall' } : undefined),
    });
    const report = await atBearablePace(100, (pace) => check(registry.url, anonymous, { timeoutMs: 300 * pace }));
    expect(words(report)).toMatchObject({
      ping: '1',
      catalog: 'deadline',
      tags: '1 (answered 404)',
    });
  });

  test('aborted: no report', async () => {
    const registry = await registryOf();
    expect(await check(registry.url, anonymous, { signal: AbortSignal.abort() })).toBeUndefined();
  });
});

describe('lists from a server of our own', () => {
  async function serve(
    handle: (request: IncomingMessage, response: ServerResponse, origin: string) => void,
  ): Promise<string> {
    const server = createServer((request, response) =>
      handle(request, response, `http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    open.push({
      close: () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeAllConnections();
        }),
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** A registry whose tags and catalog come from `answers`. */
  function listing(answers: { catalog?: [number, string]; tags?: [body: string, link?: string] }): Promise<string> {
    return serve(({ url = '' }, response, origin) => {
      response.setHeader('content-type', 'application/json');
      if (url.startsWith('/v2/_catalog')) {
        const [status, body] = answers.catalog ?? [200, '{"repositories":[]}'];
        response.writeHead(status).end(body);
      } else if (url.includes('/tags/list')) {
        const [body, link] = answers.tags ?? ['{"name":"x","tags":[]}'];
        response.writeHead(200, link === undefined ? {} : { link: link.replaceAll('ORIGIN', origin) }).end(body);
      } else {
        response.writeHead(200).end('{}');
      }
    });
  }

  test.each<[name: string, tags: [body: string, link?: string], expected: string]>([
    ['null, as Go writes an empty list', ['{"name":"x","tags":null}'], '1'],
    ['no list', ['{"name":"x"}'], 'unexpected_response'],
    ['numbers', ['{"tags":[1]}'], 'unexpected_response'],
    ['HTML', ['<html></html>'], 'unexpected_response'],
    ['empty', [''], 'unexpected_response'],
    [
      'a link to another host',
      ['{"tags":["a"]}', '<http://registry.example.org/v2/x?last=a>; rel="next"'],
      'location_invalid',
    ],
    [
      'a link back to itself',
      ['{"tags":["a"]}', '</v2/team/probe/tags/list?n=100>; rel="next"'],
      'unexpected_response',
    ],
    ['a link without URL', ['{"tags":["a"]}', '<http://[>; rel="next"'], 'location_invalid'],
    ['a link that is not to the next page', ['{"tags":["a"]}', '<http://elsewhere.example.org/>; rel="prev"'], '1'],
  ])('tags: %s', async (_name, tags, expected) => {
    const origin = await listing({ tags });
    expect(words(await check(origin, anonymous))['tags']).toBe(expected);
  });

  test('tags without end are read so far and no further', async () => {
    let asked = 0;
    const origin = await serve(({ url = '' }, response) => {
      asked += url.includes('/tags/list') ? 1 : 0;
      const link = `</v2/team/probe/tags/list?n=100&last=${asked}>; rel=next`;
      response.writeHead(200, url.includes('/tags/list') ? { link } : {}).end('{"tags":["a"],"repositories":[]}');
    });
    expect(words(await check(origin, anonymous))['tags']).toBe('1');
    expect(asked).toBe(5);
  });

  test.each<[status: number, body: string, expected: string]>([
    [200, '{"repositories":["a"]}', '1'],
    [404, '404 page not found', '1 (answered 404)'],
    [405, '', '1 (answered 405)'],
    [401, '{"errors":[{"code":"UNAUTHORIZED"}]}', 'auth_challenge_bad'],
    [403, '{"errors":[{"code":"DENIED"}]}', '1 (answered 403)'],
    [403, '<html><center>cloudflare</center></html>', 'blocked_by_policy'],
    [500, '{"errors":[{"code":"UNKNOWN"}]}', 'registry_error'],
    [200, '[]', 'unexpected_response'],
  ])('catalog answered %i %s: %s', async (status, body, expected) => {
    const origin = await listing({ catalog: [status, body] });
    expect(words(await check(origin, anonymous))['catalog']).toBe(expected);
  });
});

describe('a server that answers each endpoint as it is told', () => {
  type Answer = readonly [status: number, headers?: Readonly<Record<string, string>>, body?: string];
  const denied = '{"errors":[{"code":"DENIED","message":"no"}]}';
  const nginx = '<html><center>nginx</center></html>';

  /** What each endpoint comes to, where `/v2/`, `_catalog` and `tags/list` are answered so; undefined: the connection ends. */
  async function asked(
    answers: Partial<Record<'base' | 'catalog' | 'tags', Answer | undefined>>,
    registry = anonymous,
  ) {
    const given: string[] = [];
    const agents = new Set<string>();
    const server = createServer(({ url = '', headers, socket }, response) => {
      const name = url.includes('_catalog') ? 'catalog' : url.includes('/tags/') ? 'tags' : 'base';
      given.push(`${name} ${headers.authorization ?? 'as nobody'}`);
      agents.add(headers['user-agent'] ?? '');
      const [status, sent, body] = name in answers ? (answers[name] ?? []) : [200, {}, '{"repositories":[],"tags":[]}'];
      if (status === undefined) socket.destroy();
      else response.writeHead(status, sent).end(body);
    });
    // So that a connection that is left open is seen.
    server.keepAliveTimeout = 0;
    const { port, sockets } = await opened.listen(server);
    const wire = new WireMeter();
    const path = pathTo(`http://127.0.0.1:${port}`, { name: 'edge' });
    const { signal } = new AbortController();
    const report = await checkApi(
      { registry, path },
      { now: () => performance.now(), timeoutMs: 30_000, signal, wire },
    );
    return { report, words: words(report), given, agents, wire, sockets };
  }

  test('is reported by its name and that of the path, and what it took is counted', async () => {
    const { report, wire, given, agents, sockets } = await asked({});
    await expect.poll(() => sockets.size).toBe(0);
    expect([...agents]).toEqual(['blobprobe (api check)']);
    expect(report).toMatchObject({ registry: 'lab', path: 'edge' });
    expect([wire.bytes > 500, given.length]).toEqual([true, 4]);
  });

  test('gets credentials where it asks for them, and never with the ping', async () => {
    const { given } = await asked({ base: [401, { 'www-authenticate': 'Basic realm="x"' }] }, target);
    expect(given.filter((one) => one.startsWith('base'))).toEqual([
      'base as nobody',
      'base as nobody',
      expect.stringMatching(/^base Basic /),
    ]);
  });

  const page = { 'content-type': 'Text/HTML; charset=utf-8' };
  test.each<[what: string, answer: Answer, ping: string, auth: string]>([
    ['a page for people', [200, page, '<html>'], 'unexpected_response', 'unexpected_response'],
    ['a page of a registry', [200, { ...page, 'docker-distribution-api-version': 'registry/2.0' }], '1', '1'],
    ['no page', [200, { 'content-type': 'application/json' }], '1', '1'],
    ['a refusal of the registry', [401, {}, denied], '1 (answered 401)', 'auth_challenge_bad'],
    ['a ban', [403, {}, denied], 'auth_rejected', 'auth_rejected'],
    ['nothing of the kind', [404, {}, nginx], 'unexpected_response', 'unexpected_response'],
  ])('GET /v2/ gives %s', async (_what, base, ping, auth) => {
    expect((await asked({ base })).words).toMatchObject({ ping, auth });
  });

  test.each<[what: string, base: Answer]>([
    ['cannot be followed', [401, {}, denied]],
    ['is refused', [403, {}, denied]],
  ])('a login that %s failed as one, and sent nothing', async (_what, base) => {
    const { report } = await asked({ base }, target);
    expect(report?.endpoints.auth).toMatchObject({ up: false, failure: { phase: 'auth', sentBytes: 0, blob: '' } });
  });

  test('asks for no right but to read the tags', async () => {
    const registry = await registryOf({ auth: { kind: 'bearer', users } });
    await check(registry.url);
    const tokens = registry.requests
      .filter(({ path }) => path.includes('token'))
      .map(({ url }) => url.includes('scope='));
    expect(tokens).toEqual([false, false, true]);
  });

  test('says which page it was', async () => {
    const { report } = await asked({ base: [200, page, '<html>'] });
    expect(report?.endpoints.auth).toMatchObject({
      failure: { phase: 'auth', evidence: { message: 'GET /v2/ was answered with a page for people' } },
    });
  });

  test.each<[what: string, answers: Parameters<typeof asked>[0], catalog: string]>([
    ['a hop has none, where the registry answers', { catalog: [404, {}, nginx] }, '1 (answered 404)'],
    ['none, where nobody answers as a registry', { base: [500], catalog: [404, {}, nginx] }, 'unexpected_response'],
    ['it asks for another login', { catalog: [401, {}, denied] }, 'auth_challenge_bad'],
    ['405, where nobody answers as a registry', { base: [500], catalog: [405] }, 'method_not_allowed'],
    ['it is not for us, and nobody answers else', { base: [500], catalog: [403, {}, denied] }, '1 (answered 403)'],
    [
      'it is not for this login',
      { catalog: [401, { 'www-authenticate': 'Basic realm="x"' }, denied] },
      '1 (answered 401)',
    ],
    ['it is gone', { catalog: [410] }, 'unexpected_response'],
    ['another list', { catalog: [200, {}, '{"tags":[]}'] }, 'unexpected_response'],
  ])('catalog: %s', async (_what, answers, expected) => {
    expect((await asked(answers, target)).words['catalog']).toBe(expected);
  });

  test.each<[what: string, tags: Answer, expected: string]>([
    ['the registry knows no such repository', [404, {}, '{"errors":[{"code":"NAME_UNKNOWN"}]}'], '1 (answered 404)'],
    ['a hop does not', [404, {}, nginx], 'unexpected_response'],
    ['it is not for us', [403, {}, denied], 'auth_rejected'],
  ])('tags: %s', async (_what, tags, expected) => {
    expect((await asked({ tags })).words['tags']).toBe(expected);
  });

  test('one that hangs up is down, and the others are not', async () => {
    const { words: found, report } = await asked({ tags: undefined });
    expect(found).toEqual({ ping: '1', auth: '1', catalog: '1', tags: 'connection_reset' });
    expect(report?.endpoints.tags).toMatchObject({ failure: { phase: 'pull' } });
  });
});
