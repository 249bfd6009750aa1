import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { type ApiReport, checkApi } from '../../../src/probe/diagnose/api-check.ts';
import type { RegistryTarget } from '../../../src/registry/target.ts';
import { atBearablePace } from '../../support/pace.ts';
import { pathTo } from '../../support/paths.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

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
