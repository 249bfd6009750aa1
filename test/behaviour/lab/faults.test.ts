import { Agent } from 'node:http';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createCertificates } from '../../support/certificates.ts';
import { type DemoEdge, type EdgeOptions, startEdge } from '../../support/lab/edge.ts';
import type { Fault } from '../../support/lab/faults/fault.ts';
import { type DemoRegistry, type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';
import { atBearablePace } from '../../support/pace.ts';
import { type WireRequest, eventually, observe, send, sha256 } from '../../support/wire.ts';
import { Opened } from '../../support/servers.ts';

/** Where this process keeps its spool files, and nobody else does. */
const spool = mkdtempSync(join(tmpdir(), 'blobprobe-spool-'));
beforeAll(() => void vi.stubEnv('TMPDIR', spool));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(spool, { recursive: true });
});

const opened = new Opened();
afterEach(() => opened.closeAll());

async function lab(
  faults: readonly Fault[],
  options: Partial<EdgeOptions> = {},
  registryOptions: RegistryOptions = {},
): Promise<{ registry: DemoRegistry; edge: DemoEdge }> {
  const registry = opened.own(await startRegistry(registryOptions));
  const edge = opened.own(await startEdge({ upstream: registry.url, faults, ...options }));
  return { registry, edge };
}

/** Opens a session past the faults and returns its path. */
async function session(registry: DemoRegistry): Promise<string> {
  const post = await send(`${registry.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
  registry.clearRequests();
  return post.headers['location'] ?? '';
}

function bytes(size: number): Buffer {
  return Buffer.alloc(size, 'blobprobe');
}

const streamed = (size: number): WireRequest => ({ method: 'PATCH', body: bytes(size), chunked: true });
const declared = (size: number): WireRequest => ({ method: 'PATCH', body: bytes(size) });

describe('body-limit', () => {
  test('keep-alive: the answer comes, the rest is read, and the connection serves again', async () => {
    const { registry, edge } = await lab([{ kind: 'body-limit', limitBytes: 1000, ending: 'keep-alive' }]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const path = await session(registry);
    const refused = await observe(edge.url + path, { ...declared(500_000), agent, sendsAll: true });
    expect([refused.response?.status, refused.code]).toEqual([413, undefined]);
    const next = await observe(`${edge.url}/v2/`, { agent });
    expect([next.response?.status, next.reusedSocket]).toEqual([200, true]);
    agent.destroy();
  });

  test('linger: the whole body can still be sent after the answer, then the connection ends', async () => {
    const { registry, edge } = await lab([{ kind: 'body-limit', limitBytes: 1000, ending: 'linger' }]);
    const path = await session(registry);
    const refused = await observe(edge.url + path, {
      ...declared(20_000_000),
      sendsAll: true,
      pause: { afterBytes: 10_000_000, ms: 50 },
    });
    expect([refused.response?.status, refused.code]).toEqual([413, undefined]);
    expect(refused.response?.headers['connection']).toBe('close');
    expect(registry.requests).toEqual([]);
    await eventually('the edge has no connection left', () => edge.openConnections === 0);
  });

  test('linger has an end when the client neither ends nor leaves', async () => {
    const limit: Fault = { kind: 'body-limit', limitBytes: 1000, ending: 'linger' };
    const { registry, edge } = await lab([limit], { lingerMs: 50 });
    const path = await session(registry);
    const pending = observe(edge.url + path, { ...streamed(100_000), pause: { afterBytes: 60_000, ms: 500 } });
    await eventually('the refused client is connected', () => edge.requests[0]?.status === 413);
    await eventually('the edge has no connection left', () => edge.openConnections === 0);
    expect((await pending).response?.status).toBe(413);
  });

  test('reset: no answer at all', async () => {
    const { registry, edge } = await lab([{ kind: 'body-limit', limitBytes: 100_000, ending: 'reset' }]);
    const path = await session(registry);
    const refused = await observe(edge.url + path, streamed(20_000_000));
    expect(refused.response).toBeUndefined();
    expect(['ECONNRESET', 'EPIPE']).toContain(refused.code);
  });

  test('reset-after-reply: the socket fails under a client that goes on writing', async () => {
    const { registry, edge } = await lab([{ kind: 'body-limit', limitBytes: 1000, ending: 'reset-after-reply' }]);
    const path = await session(registry);
    const refused = await observe(edge.url + path, {
      ...streamed(20_000_000),
      pause: { afterBytes: 100_000, ms: 50 },
    });
    expect(edge.requests[0]?.status).toBe(413);
    expect(['ECONNRESET', 'EPIPE', 'undefined']).toContain(String(refused.code));
    await eventually('the edge has no connection left', () => edge.openConnections === 0);
  });

  test('the upstream sees the beginning of a streamed body, and nothing of a declared one', async () => {
    const { registry, edge } = await lab([{ kind: 'body-limit', limitBytes: 200_000, ending: 'linger' }]);
    const path = await session(registry);
    await observe(edge.url + path, declared(300_000));
    expect(registry.requests).toEqual([]);
    await observe(edge.url + path, streamed(300_000));
    await eventually('the registry has seen the end', () => registry.requests[0]?.done === true);
    expect(registry.requests[0]).toMatchObject({ method: 'PATCH', aborted: true, status: 0 });
    expect(registry.requests[0]?.receivedBytes).toBeGreaterThan(0);
    expect(registry.requests[0]?.receivedBytes).toBeLessThanOrEqual(200_000);
  });
});

describe('time', () => {
  test('total-duration ends a body that flows, but too long', async () => {
    const { registry, edge } = await lab(
      [
        { kind: 'total-duration', limitMs: 150, ending: 'linger', status: 499 },
        { kind: 'throttle', bytesPerSecond: 4_000_000, direction: 'request' },
      ],
      { identity: { style: 'traefik' } },
    );
    const path = await session(registry);
    const cut = await observe(edge.url + path, streamed(8_000_000));
    expect(cut.response?.status).toBe(499);
    expect(cut.response?.body.toString()).toBe('Client Closed Request');
    expect(cut.elapsedMs).toBeGreaterThan(140);
    expect((await observe(edge.url + path, { method: 'GET' })).response?.status).toBe(204);
  });

  test('total-duration answers several statuses by turns', async () => {
    const limit: Fault = { kind: 'total-duration', limitMs: 50, ending: 'linger', status: [504, 499] };
    const slow: Fault = { kind: 'throttle', bytesPerSecond: 4_000_000, direction: 'request' };
    const { registry, edge } = await lab([limit, slow], { identity: { style: 'traefik' } });
    const path = await session(registry);
    const seen: unknown[] = [];
    for (let tries = 0; tries < 3; tries += 1)
      seen.push((await observe(edge.url + path, streamed(8_000_000))).response?.status);
    expect(seen).toEqual([504, 499, 504]);
  });

  test('total-duration does not count the time the upstream takes to answer', async () => {
    const limit: Fault = { kind: 'total-duration', limitMs: 60, ending: 'reset', status: 499 };
    const { registry, edge } = await lab([limit]);
    registry.intercept = () => ({ kind: 'pass', delayMs: 150 });
    expect((await send(`${edge.url}/v2/`)).status).toBe(200);
  });

  test('response-timeout counts from the last byte and answers with the page', () =>
    atBearablePace(25, async (pace) => {
      const limit: Fault = { kind: 'response-timeout', limitMs: 100 * pace, status: 524 };
      const { registry, edge } = await lab([limit], { identity: { style: 'cloudflare' } });
      const path = await session(registry);
      registry.intercept = () => ({ kind: 'pass', delayMs: 400 * pace });
      const late = await observe(edge.url + path, {
        ...streamed(100_000),
        pause: { afterBytes: 50_000, ms: 150 * pace },
      });
      expect(late.response?.status).toBe(524);
      expect(late.response?.headers['cf-ray']).toMatch(/^[0-9a-f]{16}-[A-Z]{3}$/);
      expect(late.elapsedMs).toBeGreaterThan(240 * pace);
      expect(late.elapsedMs).toBeLessThan(400 * pace);
      registry.intercept = () => ({ kind: 'pass', delayMs: 10 });
      expect((await send(`${edge.url}/v2/`)).status).toBe(200);
    }));

  test('idle-cut tells a pause from a slow body', () =>
    atBearablePace(25, async (pace) => {
      const cut: Fault = { kind: 'idle-cut', limitMs: 100 * pace, ending: 'linger', status: 408 };
      const { registry, edge } = await lab([
        cut,
        { kind: 'throttle', bytesPerSecond: 500_000 / pace, direction: 'request' },
      ]);
      const path = await session(registry);
      const paused = await observe(edge.url + path, {
        ...streamed(70_000),
        pause: { afterBytes: 30_000, ms: 400 * pace },
      });
      expect(paused.response?.status).toBe(408);
      const slow = await observe(edge.url + (await session(registry)), streamed(150_000));
      expect(slow.response?.status).toBe(202);
      expect(slow.elapsedMs).toBeGreaterThan(200 * pace);
    }));

  test('latency is added once to each exchange', async () => {
    const { edge } = await lab([{ kind: 'latency', delayMs: 80 }]);
    const outcome = await observe(`${edge.url}/v2/`);
    expect(outcome.response?.status).toBe(200);
    expect(outcome.elapsedMs).toBeGreaterThan(75);
  });

  test.each(['request', 'response'] as const)('throttle holds the rate of the %s', (direction) =>
    atBearablePace(25, async (pace) => {
      const { registry, edge } = await lab([{ kind: 'throttle', bytesPerSecond: 1_000_000 / pace, direction }]);
      const body = bytes(200_000);
      const path = `${await session(registry)}?digest=${sha256(body)}`;
      const put = await observe(edge.url + path, { method: 'PUT', body });
      expect(put.response?.status).toBe(201);
      const get = await observe(`${edge.url}/v2/a/b/blobs/${sha256(body)}`);
      expect(get.response?.body.equals(body)).toBe(true);
      const [slow, fast] = direction === 'request' ? [put, get] : [get, put];
      expect(slow.elapsedMs).toBeGreaterThan(190 * pace);
      expect(fast.elapsedMs).toBeLessThan(150 * pace);
    }),
  );
});

describe('what becomes of the body', () => {
  test('drop-undeclared-body: the origin sees Content-Length: 0 and acknowledges nothing', async () => {
    const { registry, edge } = await lab([{ kind: 'drop-undeclared-body' }], {}, { quirks: 'gitea-1.24.0' });
    const path = await session(registry);
    const dropped = await send(edge.url + path, streamed(300_000));
    expect([dropped.status, dropped.headers['range']]).toEqual([202, '0--1']);
    expect(registry.requests[0]).toMatchObject({ framing: 'content-length', receivedBytes: 0 });
    const kept = await send(edge.url + path, declared(300_000));
    expect([kept.status, kept.headers['range']]).toEqual([202, '0-299999']);
  });

  test.each([streamed(100_000), declared(100_000)])('truncate-body: less arrives, and it looks whole', async (wire) => {
    const { registry, edge } = await lab([{ kind: 'truncate-body', afterBytes: 40_000 }]);
    const answer = await send(edge.url + (await session(registry)), wire);
    expect([answer.status, answer.headers['range']]).toEqual([202, '0-39999']);
    expect(registry.requests[0]).toMatchObject({ receivedBytes: 40_000, aborted: false });
  });

  test('corrupt-body: every byte arrives, one of them wrong', async () => {
    const { registry, edge } = await lab([{ kind: 'corrupt-body', atByte: 70_000 }]);
    const body = bytes(100_000);
    const patch = await send(edge.url + (await session(registry)), { method: 'PATCH', body, chunked: true });
    expect(patch.headers['range']).toBe('0-99999');
    const wrong = Buffer.from(body);
    wrong[70_000] = body[70_000]! ^ 1;
    const put = (digest: string) => send(`${edge.url}${patch.headers['location']}?digest=${digest}`, { method: 'PUT' });
    expect((await put(sha256(wrong))).status).toBe(201);
    expect(registry.blobs.has(sha256(body))).toBe(false);
  });

  test.each([100_000, 3_000_000])(
    'buffer-request: %d bytes reach the upstream late and with a length',
    async (size) => {
      const { registry, edge } = await lab([{ kind: 'buffer-request' }]);
      const path = await session(registry);
      const pending = observe(edge.url + path, { ...streamed(size), pause: { afterBytes: size - 50_000, ms: 100 } });
      await eventually('the edge has most of the body', () => (edge.requests[0]?.receivedBytes ?? 0) > size / 3);
      expect(registry.requests).toEqual([]);
      const outcome = await pending;
      expect(outcome.response?.headers['range']).toBe(`0-${size - 1}`);
      expect(registry.requests[0]).toMatchObject({ framing: 'content-length', receivedBytes: size });
      expect(registry.requests[0]?.headers['content-length']).toBe(String(size));
      const digest = sha256(bytes(size));
      expect((await send(`${edge.url}${path}?digest=${digest}`, { method: 'PUT' })).status).toBe(201);
      await eventually('no spool file is left', () => readdirSync(spool).length === 0);
    },
  );

  test('buffer-request: a client that leaves in the middle reaches nobody', async () => {
    const { registry, edge } = await lab([{ kind: 'buffer-request' }]);
    const path = await session(registry);
    await observe(edge.url + path, { ...streamed(3_000_000), abortAfterBytes: 2_000_000 });
    await eventually('the edge has no connection left', () => edge.openConnections === 0);
    expect(registry.requests).toEqual([]);
  });
});

describe('headers', () => {
  test('strip-response-header takes Content-Length from HEAD', async () => {
    const head: Fault = { kind: 'strip-response-header', names: ['Content-Length'], when: { methods: ['HEAD'] } };
    const { registry, edge } = await lab([head]);
    const body = bytes(1000);
    await send(`${edge.url}${await session(registry)}?digest=${sha256(body)}`, { method: 'PUT', body });
    const url = `/v2/a/b/blobs/${sha256(body)}`;
    const lost = await send(edge.url + url, { method: 'HEAD' });
    expect([lost.status, lost.headers['content-length'], lost.headers['transfer-encoding']]).toEqual([
      200,
      undefined,
      undefined,
    ]);
    expect((await send(registry.url + url, { method: 'HEAD' })).headers['content-length']).toBe('1000');
  });

  test('strip-request-header keeps Range from the registry', async () => {
    const { registry, edge } = await lab([{ kind: 'strip-request-header', names: ['range'] }]);
    const body = bytes(1000);
    await send(`${edge.url}${await session(registry)}?digest=${sha256(body)}`, { method: 'PUT', body });
    const url = `/v2/a/b/blobs/${sha256(body)}`;
    const headers = { range: 'bytes=10-19' };
    expect((await send(edge.url + url, { headers })).status).toBe(200);
    expect((await send(registry.url + url, { headers })).status).toBe(206);
  });

  test('rewrite-location downgrades the scheme', async () => {
    const { edge } = await lab([{ kind: 'rewrite-location', scheme: 'http', host: 'git.example.org' }]);
    const post = await send(`${edge.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
    expect(post.headers['location']).toMatch(/^http:\/\/git\.example\.org\/v2\/a\/b\/blobs\/uploads\/[0-9a-f-]{36}$/);
  });

  test('rewrite-location passes on what is no URL', async () => {
    const { registry, edge } = await lab([{ kind: 'rewrite-location', scheme: 'http' }]);
    registry.intercept = () => ({ kind: 'answer', status: 202, headers: { location: 'http://[broken' } });
    const post = await send(`${edge.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
    expect([post.status, post.headers['location']]).toEqual([202, 'http://[broken']);
  });
});

describe('answers of the edge itself', () => {
  test('answer: nothing reaches the registry', async () => {
    const { registry, edge } = await lab([{ kind: 'answer', status: 403, page: 'waf', when: { methods: ['PATCH'] } }], {
      identity: { style: 'cloudflare' },
    });
    const blocked = await send(edge.url + (await session(registry)), streamed(100_000));
    expect(blocked.status).toBe(403);
    expect(blocked.body.toString()).toContain('Sorry, you have been blocked');
    expect(registry.requests).toEqual([]);
    expect((await send(`${edge.url}/v2/`)).status).toBe(200);
  });

  test('answer after a part of the body', async () => {
    const { registry, edge } = await lab([{ kind: 'answer', status: 503, afterBytes: 100_000 }]);
    const path = await session(registry);
    expect((await send(edge.url + path, streamed(50_000))).status).toBe(202);
    expect((await send(edge.url + path, streamed(500_000))).status).toBe(503);
  });

  test('rate-limit lets requests through again in the next window', () =>
    atBearablePace(25, async (pace) => {
      const limit: Fault = { kind: 'rate-limit', requests: 2, windowMs: 150 * pace, retryAfterSeconds: 7 };
      const { edge } = await lab([limit]);
      const three = [await send(`${edge.url}/v2/`), await send(`${edge.url}/v2/`), await send(`${edge.url}/v2/`)];
      expect(three.map((answer) => answer.status)).toEqual([200, 200, 429]);
      expect(three[2]?.headers['retry-after']).toBe('7');
      await new Promise((resolve) => setTimeout(resolve, 160 * pace));
      expect((await send(`${edge.url}/v2/`)).status).toBe(200);
    }));

  test('block-method and everyNth', async () => {
    const { registry, edge } = await lab([
      { kind: 'block-method', methods: ['PATCH'], status: 405 },
      { kind: 'answer', status: 502, when: { methods: ['GET'], everyNth: 2 } },
    ]);
    expect((await send(edge.url + (await session(registry)), declared(10))).status).toBe(405);
    const gets = [await send(`${edge.url}/v2/`), await send(`${edge.url}/v2/`), await send(`${edge.url}/v2/`)];
    expect(gets.map((answer) => answer.status)).toEqual([200, 502, 200]);
  });
});

describe('cut connections', () => {
  test('reset-at 0: not even headers are answered', async () => {
    const { registry, edge } = await lab([{ kind: 'reset-at', afterBytes: 0, direction: 'request' }]);
    const outcome = await observe(edge.url + (await session(registry)), declared(1000));
    expect([outcome.response, outcome.code]).toEqual([undefined, 'ECONNRESET']);
    expect(registry.requests).toEqual([]);
  });

  test('reset-at N of the request: the registry has at most N bytes and a broken body', async () => {
    const { registry, edge } = await lab([{ kind: 'reset-at', afterBytes: 200_000, direction: 'request' }]);
    const outcome = await observe(edge.url + (await session(registry)), streamed(5_000_000));
    expect(outcome.response).toBeUndefined();
    await eventually('the registry has seen the end', () => registry.requests[0]?.done === true);
    expect(registry.requests[0]).toMatchObject({ aborted: true, status: 0 });
    expect(registry.requests[0]?.receivedBytes).toBe(200_000);
  });

  test('reset-at N of the response: the pull breaks in the middle', async () => {
    const { registry, edge } = await lab([
      { kind: 'reset-at', afterBytes: 300_000, direction: 'response', gently: true },
    ]);
    const body = bytes(1_000_000);
    await send(`${registry.url}${await session(registry)}?digest=${sha256(body)}`, { method: 'PUT', body });
    const outcome = await observe(`${edge.url}/v2/a/b/blobs/${sha256(body)}`);
    expect(outcome.response?.status).toBe(200);
    expect(outcome.code).toBe('ECONNRESET');
    expect(outcome.response?.body.length).toBe(300_000);
  });

  test('stall-at: no answer while the client waits', async () => {
    const { registry, edge } = await lab([{ kind: 'stall-at', afterBytes: 50_000, holdMs: 600 }]);
    const path = await session(registry);
    const outcome = await observe(edge.url + path, { ...streamed(20_000_000), patienceMs: 300 });
    expect([outcome.response, outcome.code]).toEqual([undefined, 'gave-up']);
    expect(registry.requests[0]?.receivedBytes).toBeLessThanOrEqual(50_000);
    expect(edge.requests[0]?.receivedBytes).toBeLessThan(1_000_000);
    await eventually('the edge has no connection left', () => edge.openConnections === 0);
    await eventually('the registry has seen the end', () => registry.requests[0]?.aborted === true);
  });

  test('stale-keep-alive: a reused connection is reset without a byte', async () => {
    const { edge } = await lab([{ kind: 'stale-keep-alive', mode: 'on-reuse' }]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await observe(`${edge.url}/v2/`, { agent });
    expect(first.response?.headers['connection']).toBe('keep-alive');
    const second = await observe(`${edge.url}/v2/`, { agent });
    expect([second.reusedSocket, second.response, second.code]).toEqual([true, undefined, 'ECONNRESET']);
    agent.destroy();
  });

  test('stale-keep-alive: the edge closes what it promised to keep', async () => {
    const { edge } = await lab([{ kind: 'stale-keep-alive', mode: 'after-response' }]);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const first = await observe(`${edge.url}/v2/`, { agent });
    expect([first.response?.status, first.response?.headers['connection']]).toEqual([200, 'keep-alive']);
    await eventually('the edge has no connection left', () => edge.openConnections === 0);
    agent.destroy();
  });
});

describe('upstream', () => {
  test.each([
    ['nginx', 502, 502],
    ['cloudflare', 521, 520],
    ['haproxy', 503, 502],
    ['envoy', 503, 503],
    ['traefik', 502, 502],
  ] as const)('%s says %d when refused and %d when cut off', async (style, refused, broken) => {
    const { registry, edge } = await lab([], { identity: { style } });
    registry.intercept = () => ({ kind: 'close' });
    expect((await send(`${edge.url}/v2/`)).status).toBe(broken);
    await registry.close();
    expect((await send(`${edge.url}/v2/`)).status).toBe(refused);
  });

  test('an early answer of the registry is passed on while the body still comes', async () => {
    const { registry, edge } = await lab([]);
    const path = await session(registry);
    registry.intercept = () => ({ kind: 'answer', status: 401, readBytes: 0, headers: { 'x-early': '1' } });
    const early = await observe(edge.url + path, {
      ...streamed(10_000_000),
      pause: { afterBytes: 1_000_000, ms: 100 },
    });
    expect([early.response?.status, early.response?.headers['x-early']]).toEqual([401, '1']);
    expect(early.response?.headers['docker-distribution-api-version']).toBe('registry/2.0');
  });

  test('several upstreams are used in turn: a session is unknown to every second', async () => {
    const { registry, edge } = await lab([]);
    const other = opened.own(await startRegistry());
    edge.setUpstream([registry.url, other.url]);
    const post = await send(`${edge.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
    const target = edge.url + post.headers['location'];
    const statuses = [(await send(target)).status, (await send(target)).status];
    expect(new Set(statuses)).toEqual(new Set([204, 404]));
  });

  test('edges stack, and the registry learns the first scheme and host', async () => {
    const { registry, edge } = await lab([], {}, { quirks: 'distribution-3' });
    const outer = opened.own(await startEdge({ upstream: edge.url, identity: { style: 'cloudflare' } }));
    const headers = { host: 'git.example.org', 'x-forwarded-proto': 'https' };
    const post = await send(`${outer.url}/v2/a/b/blobs/uploads/`, { method: 'POST', headers });
    expect(post.headers['location']).toMatch(/^https:\/\/git\.example\.org\/v2\/a\/b\/blobs\/uploads\//);
    expect(post.headers['server']).toBe('cloudflare');
    expect(registry.requests[0]?.headers['cf-connecting-ip']).toBe('127.0.0.1');
  });
});

describe('TLS', () => {
  const certificates = createCertificates();
  const ca = certificates.ca.cert;
  const tls = certificates.valid;

  test('a connection is reset below TLS', async () => {
    const { registry, edge } = await lab([{ kind: 'reset-at', afterBytes: 100_000, direction: 'request' }], { tls });
    const outcome = await observe(edge.url + (await session(registry)), { ...streamed(5_000_000), ca });
    expect([outcome.response, outcome.code]).toEqual([undefined, 'ECONNRESET']);
    await eventually('the edge has no connection left', () => edge.openConnections === 0);
  });

  test('an early answer gets through TLS, then the connection ends', async () => {
    const { registry, edge } = await lab([{ kind: 'body-limit', limitBytes: 100_000, ending: 'linger' }], { tls });
    const outcome = await observe(edge.url + (await session(registry)), { ...streamed(5_000_000), ca, sendsAll: true });
    expect([outcome.response?.status, outcome.code]).toEqual([413, undefined]);
    await eventually('the edge has no connection left', () => edge.openConnections === 0);
  });

  test('the registry behind learns of https, and makes its Locations so', async () => {
    const { edge } = await lab([], { tls }, { quirks: 'distribution-3' });
    const post = await send(`${edge.url}/v2/a/b/blobs/uploads/`, { method: 'POST', ca });
    expect(post.headers['location']?.startsWith(`${edge.url}/v2/a/b/blobs/uploads/`)).toBe(true);
    edge.setIdentity({ style: 'nginx', forwardsScheme: false });
    const lost = await send(`${edge.url}/v2/a/b/blobs/uploads/`, { method: 'POST', ca });
    expect(lost.headers['location']?.startsWith(edge.url.replace('https:', 'http:'))).toBe(true);
  });

  test('a certificate can be replaced while the edge runs', async () => {
    const { edge } = await lab([], { tls });
    expect((await send(`${edge.url}/v2/`, { ca })).status).toBe(200);
    edge.setTls(certificates.expired);
    await expect(send(`${edge.url}/v2/`, { ca })).rejects.toMatchObject({ code: 'CERT_HAS_EXPIRED' });
  });

  test('an upstream with TLS is verified when its authority is given', async () => {
    const registry = opened.own(await startRegistry({ tls }));
    const trusting = opened.own(await startEdge({ upstream: registry.url, upstreamCa: ca }));
    const strict = opened.own(await startEdge({ upstream: registry.url, upstreamCa: createCertificates().ca.cert }));
    const careless = opened.own(await startEdge({ upstream: registry.url }));
    const statuses = [trusting, strict, careless].map(async ({ url }) => (await send(`${url}/v2/`)).status);
    expect(await Promise.all(statuses)).toEqual([200, 502, 200]);
  });
});
