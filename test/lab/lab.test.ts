import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { setTimeout as delay } from 'node:timers/promises';
import { type DemoLab, startLab } from '../../src/lab/lab.ts';
import { startLoggedRegistry } from '../support/lab/registry.ts';
import { eventually, observe, send, sha256 } from '../support/wire.ts';

type Shape = 'streamed' | 'put' | 'chunked';
const chunkBytes = 256 * 1024;

type LoggedRegistry = Awaited<ReturnType<typeof startLoggedRegistry>>;

let lab: DemoLab;
let registry: LoggedRegistry;
beforeAll(async () => {
  const outage = { everyMs: 600_000, downMs: 1 };
  lab = await startLab({
    outage,
    startRegistry: async (options = {}) => (registry = await startLoggedRegistry(options)),
  });
});
afterAll(() => lab.close());

let nonce = 0;

/** One push without any second try; the first answer that is not a success, or `ok`. */
async function push(of: DemoLab, name: string, shape: Shape, size: number): Promise<string> {
  const path = of.paths.find((one) => one.name === name)!;
  const ca = path.caFile === undefined ? {} : { ca: readFileSync(path.caFile, 'utf8') };
  const { username, password, repository } = of.registry;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const headers = { authorization };
  const body = Buffer.alloc(size, `blob ${(nonce += 1)} `);
  const digest = encodeURIComponent(sha256(body));
  const post = await send(`${path.origin}/v2/${repository}/blobs/uploads/`, { method: 'POST', headers, ...ca });
  if (post.status !== 202) return `POST ${post.status}`;
  let location = new URL(post.headers['location'] ?? '', path.origin).href;
  const patchedBytes = shape === 'put' ? 0 : size;
  const step = shape === 'streamed' ? size : chunkBytes;
  for (let start = 0; start < patchedBytes; start += step) {
    const end = Math.min(size, start + step);
    const framing =
      shape === 'streamed' ? { chunked: true } : { headers: { ...headers, 'content-range': `${start}-${end - 1}` } };
    const patch = await observe(location, {
      method: 'PATCH',
      headers,
      body: body.subarray(start, end),
      ...framing,
      ...ca,
    });
    if (patch.response?.status !== 202) return `PATCH ${patch.response?.status ?? patch.code}`;
    if (patch.response.headers['range'] !== `0-${end - 1}`) return `PATCH Range ${patch.response.headers['range']}`;
    location = new URL(patch.response.headers['location'] ?? '', path.origin).href;
  }
  const rest = shape === 'put' ? body : Buffer.alloc(0);
  const put = await observe(`${location}?digest=${digest}`, { method: 'PUT', headers, body: rest, ...ca });
  return put.response?.status === 201 ? 'ok' : `PUT ${put.response?.status ?? put.code}`;
}

const dropped = 'PATCH Range undefined';
/** Traefik ends what takes too long with 504 and 499, by turns. */
const ofTraefik = (method: string): string => expect.stringMatching(new RegExp(`^${method} (?:504|499)$`)) as string;

const fine: Sizes = ['ok', 'ok', 'ok'];
type Sizes = readonly [small: string, medium: string, large: string];

/** Path, then what a streamed, a PUT and a chunked upload of a small, a medium and a large blob come to. */
const table: [string, Sizes, Sizes, Sizes][] = [
  ['cloudflare', ['ok', dropped, dropped], ['ok', 'ok', 'PUT 413'], fine],
  ['internal', fine, fine, fine],
  ['loadbalancer', fine, fine, fine],
  ['bypass', fine, fine, fine],
  ['internal-tls', fine, fine, fine],
  ['cloudflare-free', ['ok', 'ok', 'PATCH 413'], ['ok', 'ok', 'PUT 413'], fine],
  ['cloudflare-enterprise', fine, fine, fine],
  ['cloudflared-quic', [dropped, dropped, dropped], ['ok', 'ok', 'PUT 413'], fine],
  ['ingress-nginx-default', ['ok', 'PATCH 413', 'PATCH 413'], ['ok', 'PUT 413', 'PUT 413'], fine],
  ['traefik-3', ['ok', 'ok', ofTraefik('PATCH')], ['ok', 'ok', ofTraefik('PUT')], fine],
  ['envoy', ['ok', 'ok', 'PUT 504'], ['ok', 'ok', 'PUT 504'], ['ok', 'ok', 'PUT 504']],
  ['alb', ['ok', 'ok', 'PATCH 504'], ['ok', 'ok', 'PUT 504'], fine],
];

test('the table speaks of every path', () => {
  expect(lab.paths.map((path) => path.name)).toEqual(table.map(([name]) => name));
});

describe.concurrent.each(table)('%s', (name, streamed, put, chunked) => {
  test.concurrent.each([
    ['streamed', streamed],
    ['put', put],
    ['chunked', chunked],
  ] as const)('%s', async (shape, expected) => {
    const { small, medium, large } = lab.sizes;
    const seen: string[] = [];
    for (const size of [small, medium, large]) seen.push(await push(lab, name, shape, size));
    expect(seen).toEqual(expected);
  });
});

test('the streamed client sees an empty body where the client with a length does not', async () => {
  registry.clearRequests();
  await push(lab, 'cloudflare', 'streamed', lab.sizes.medium);
  expect(registry.requests.find((request) => request.method === 'PATCH')).toMatchObject({
    framing: 'content-length',
    receivedBytes: 0,
  });
  registry.clearRequests();
  await push(lab, 'cloudflare', 'put', lab.sizes.medium);
  expect(registry.requests.find((request) => request.method === 'PUT')).toMatchObject({
    framing: 'content-length',
    receivedBytes: lab.sizes.medium,
  });
});

test('a path can be broken, healed and restored while it runs', async () => {
  const { small, large } = lab.sizes;
  lab.break('internal', 'ingress-nginx-default');
  expect(await push(lab, 'internal', 'put', large)).toBe('PUT 413');
  lab.edge('internal').setFaults([{ kind: 'answer', status: 403 }]);
  expect(await push(lab, 'internal', 'put', small)).toBe('POST 403');
  lab.heal('internal');
  expect(await push(lab, 'internal', 'put', large)).toBe('ok');
  lab.heal('ingress-nginx-default');
  expect(await push(lab, 'ingress-nginx-default', 'put', large)).toBe('ok');
  lab.restore('ingress-nginx-default');
  expect(await push(lab, 'ingress-nginx-default', 'put', large)).toBe('PUT 413');
  expect(() => lab.break('nowhere', 'envoy')).toThrow('no path "nowhere" in the demo');
});

test('an outage comes and goes by itself, elsewhere nothing happens, and nothing stays behind', async () => {
  let server: LoggedRegistry | undefined;
  const own = await startLab({
    outage: { everyMs: 600, downMs: 300 },
    startRegistry: async (options = {}) => (server = await startLoggedRegistry(options)),
  });
  const caFile = own.paths.find((path) => path.caFile !== undefined)!.caFile!;
  try {
    const seen = new Set<string>();
    for (let tries = 0; tries < 60; tries += 1) {
      seen.add(await push(own, 'loadbalancer', 'put', 1000));
      expect(await push(own, 'internal', 'put', 1000)).toBe('ok');
      await delay(20);
    }
    expect(seen).toContain('ok');
    expect([...seen].some((outcome) => outcome.endsWith('503'))).toBe(true);
    expect(existsSync(caFile)).toBe(true);
  } finally {
    await own.close();
  }
  expect(existsSync(caFile)).toBe(false);
  await eventually('no connection is left', () => server?.openConnections === 0);
});
