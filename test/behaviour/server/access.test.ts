import { hashSync } from 'bcryptjs';
import { describe, expect, test } from 'vitest';
import { demoRoutes } from '../../../src/lab/control-routes.ts';
import type { DemoLab } from '../../../src/lab/lab.ts';
import type { ServerDeps } from '../../../src/server/deps.ts';
import { buildServer } from '../../../src/server/server.ts';
import { webActions } from '../../../src/server/web-actions.ts';
import { serverDeps } from '../../support/server-fixtures.ts';

interface Route {
  readonly url: string;
  readonly methods: readonly string[];
}

/** Actions that were really done. */
let done: string[] = [];
function note(what: string): string {
  done.push(what);
  return what;
}

/** Everything that the server has, the demo's routes as well. */
function all(changes: Partial<ServerDeps> = {}): ServerDeps {
  const lab = {
    paths: [{ name: 'direct' }],
    edge: () => ({ change: () => note('demo'), heal: () => note('demo'), restore: () => note('demo') }),
  } as unknown as DemoLab;
  return serverDeps({
    reload: async () => ({ ok: true, message: note('reload') }),
    onDemand: { start: () => ({ kind: 'refused', message: note('run') }) },
    pause: {
      state: () => undefined,
      pause: () => ({ error: note('pause') }),
      resume: () => void note('pause'),
    },
    extraRoutes: demoRoutes(lab),
    ...changes,
  });
}

/** Fastify's own table of routes, read from its drawing of it: nothing that is registered can be missing here. */
async function routesOf(deps: ServerDeps): Promise<Route[]> {
  const app = buildServer(deps);
  await app.ready();
  const parents: string[] = [];
  const routes: Route[] = [];
  for (const line of app.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent = '', name = '', methods] = /^((?:│ {3}| {4})*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?/.exec(line) ?? [];
    if (name === '') continue;
    const depth = indent.length / 4;
    parents.splice(depth, parents.length, `${parents[depth - 1] ?? ''}${name}`);
    if (methods !== undefined) routes.push({ url: parents[depth] ?? '', methods: methods.split(', ') });
  }
  await app.close();
  return routes;
}

const asked = (url: string): string => url.replace(':id', 'some-id');
const writing = new Set(['PATCH', 'DELETE', 'PUT', 'POST']);

describe('the table of routes', () => {
  test('is read to the end', async () => {
    const urls = new Set((await routesOf(all())).map(({ url }) => url));
    for (const url of ['/', '/metrics', '/runs/:id', '/api/v1/runs/:id', '/api/v1/pause', '/-/reload', '/demo/break'])
      expect(urls).toContain(url);
    expect(urls.size).toBeGreaterThan(20);
  });

  test('has the demo only in the demo', async () => {
    const { extraRoutes: _demo, ...proper } = all();
    expect((await routesOf(proper)).filter(({ url }) => url.includes('demo'))).toEqual([]);
  });
});

describe('with users, nothing is answered without a login', () => {
  const users = new Map([['alice', hashSync('right', 4)]]);
  const webConfig = () => ({ headers: { 'Strict-Transport-Security': 'max-age=1' }, users });

  test('no route, by any method', async () => {
    const deps = all({ webConfig });
    const routes = await routesOf(deps);
    const app = buildServer(deps);
    done = [];
    for (const { url, methods } of routes) {
      for (const method of methods) {
        const answer = await app.inject({ method: method as 'GET', url: asked(url) });
        expect([method, url, answer.statusCode]).toEqual([method, url, 401]);
        expect(answer.headers).toMatchObject({ 'www-authenticate': 'Basic', 'strict-transport-security': 'max-age=1' });
        expect(answer.body).toBe(method === 'HEAD' ? '' : 'Unauthorized\n');
      }
    }
    expect(done).toEqual([]);
    await app.close();
  });

  test.each([
    '/nothing',
    '/%zz',
    '/%',
    `/runs/${'x'.repeat(300)}`,
    '/runs/%zz',
    '//',
    '/metrics/',
    '/METRICS',
    '/..%2f',
  ])('nor %s, which is none', async (url) => {
    const app = buildServer(all({ webConfig }));
    const answer = await app.inject({ url });
    expect([answer.statusCode, answer.body]).toEqual([401, 'Unauthorized\n']);
    const login = { authorization: `Basic ${Buffer.from('alice:right').toString('base64')}` };
    expect((await app.inject({ url, headers: login })).statusCode).toBeGreaterThanOrEqual(400);
    await app.close();
  });

  test('and the rate limit counts what is no route, too', async () => {
    const rateLimit = { intervalMs: 3_600_000, burst: 1 };
    const app = buildServer(all({ webConfig: () => ({ headers: {}, users: new Map(), rateLimit }) }));
    expect([(await app.inject('/%zz')).statusCode, (await app.inject('/%zz')).statusCode]).toEqual([400, 429]);
    await app.close();
  });
});

describe('what another site makes a browser send', () => {
  const foreign: readonly Record<string, string>[] = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { origin: 'https://evil.test' },
    { origin: 'null' },
    { origin: 'http://localhost:1' },
    { origin: Buffer.from('http://①②⑦.0.0.1').toString('latin1') },
    { referer: 'https://evil.test/page' },
    // Browsers send neither Origin nor Fetch Metadata with these, to plain http under a name: image, style sheet, script.
    { accept: 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', 'user-agent': 'Mozilla/5.0' },
    { accept: 'text/css,*/*;q=0.1', 'user-agent': 'Mozilla/5.0' },
    { accept: '*/*', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36' },
  ];

  test.each<[string, Record<string, string>]>([
    [
      'Prometheus',
      {
        accept: 'application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
        'user-agent': 'Prometheus/3.16.0',
      },
    ],
    ['curl', { accept: '*/*', 'user-agent': 'curl/8.5.0' }],
    ['no header at all', {}],
    [
      'a browser whose user follows a link of ours',
      {
        accept: 'text/html,application/xhtml+xml,image/avif,*/*;q=0.8',
        'user-agent': 'Mozilla/5.0',
        referer: 'http://localhost:10719/',
      },
    ],
    [
      'a program in a page of ours',
      { accept: 'application/json', 'user-agent': 'Mozilla/5.0', origin: 'http://localhost:10719' },
    ],
  ])('lets %s in', async (_name, headers) => {
    const app = buildServer(all());
    const answer = await app.inject({ url: '/probe?path=direct', headers: { host: 'localhost:10719', ...headers } });
    expect(answer.statusCode).not.toBe(403);
    await app.close();
  });

  test('is refused by every route that does something', async () => {
    const deps = all();
    const asks = (await routesOf(deps)).flatMap(({ url, methods }) =>
      methods.filter((method) => writing.has(method) || url === '/probe').map((method) => ({ url, method })),
    );
    const app = buildServer(deps);
    done = [];
    const refused = new Set<string>();
    for (const { url, method } of asks) {
      for (const headers of foreign) {
        const type = method === 'POST' ? { 'content-type': 'application/json' } : {};
        const answer = await app.inject({
          method: method as 'GET',
          url: `${asked(url)}?path=direct&preset=envoy`,
          headers: { host: 'localhost:10719', ...headers, ...type },
          ...(method === 'POST' ? { payload: '{}' } : {}),
        });
        // 405: there is nothing that could be done.
        expect([method, url, answer.statusCode]).toEqual([method, url, expect.toBeOneOf([403, 405])]);
        if (answer.statusCode === 403) refused.add(`${method} ${url}`);
      }
    }
    expect(done).toEqual([]);
    expect([...refused].sort()).toEqual([
      'GET /probe',
      'HEAD /probe',
      'POST /-/reload',
      'POST /api/v1/pause',
      'POST /api/v1/resume',
      'POST /api/v1/run',
      'POST /demo/break',
      'POST /demo/heal',
      'POST /demo/restore',
      'POST /run',
      'PUT /-/reload',
    ]);
    await app.close();
  });
});

describe('--web.disable', () => {
  const requests = {
    run: [
      ['GET', '/probe'],
      ['POST', '/api/v1/run'],
    ],
    reload: [
      ['POST', '/-/reload'],
      ['PUT', '/-/reload'],
    ],
    pause: [
      ['POST', '/api/v1/pause'],
      ['POST', '/api/v1/resume'],
    ],
  } as const;

  test.each(webActions)('%s: 403 that says so, and nothing is done', async (action) => {
    const app = buildServer(all({ disabled: new Set([action]) }));
    done = [];
    const ask = async (method: 'GET' | 'POST' | 'PUT', url: string): Promise<[number, string]> => {
      const type = url.endsWith('run') ? { 'content-type': 'application/json' } : {};
      const answer = await app.inject({
        method,
        url,
        headers: type,
        ...(url.endsWith('run') ? { payload: '{}' } : {}),
      });
      return [answer.statusCode, answer.body];
    };
    for (const [method, url] of requests[action])
      expect(await ask(method, url)).toEqual([403, expect.stringContaining(`--web.disable=${action}`)]);
    expect(done).toEqual([]);
    for (const other of webActions.filter((one) => one !== action))
      for (const [method, url] of requests[other]) expect((await ask(method, url))[0]).not.toBe(403);
    expect(new Set(done)).toEqual(new Set(webActions.filter((one) => one !== action)));
    expect((await app.inject('/metrics')).statusCode).toBe(200);
    await app.close();
  });

  test('all of it: what is left reads', async () => {
    const { extraRoutes: _demo, ...proper } = all({ disabled: new Set(webActions) });
    const app = buildServer(proper);
    done = [];
    for (const { url, methods } of await routesOf(proper))
      for (const method of methods) await app.inject({ method: method as 'GET', url: asked(url) });
    expect(done).toEqual([]);
    await app.close();
  });
});
