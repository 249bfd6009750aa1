import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Metrics } from '../../src/publish/metrics/metrics.ts';
import type { Fragment } from '../../src/publish/metrics/gzip-pieces.ts';
import type { Answer } from '../../src/publish/metrics/series.ts';
import { buildServer, securityHeaders } from '../../src/server/server.ts';
import { startServer } from '../../src/server/start.ts';
import { readExposition } from '../support/exposition-reader.ts';
import { answerOf } from '../support/rendered.ts';
import { check, failedRun } from '../support/run-fixtures.ts';
import { memoryLog, serverDeps } from '../support/server-fixtures.ts';

const openmetrics = 'application/openmetrics-text; version=1.0.0';

describe('/metrics', () => {
  test('text, then OpenMetrics, then text again over one socket: the same names', async () => {
    const metrics = new Metrics({ version: '1', revision: 'r', nodeVersion: 'v20', processMetrics: false });
    metrics.register(check());
    metrics.observe(failedRun());
    const app = buildServer(serverDeps({ renderMetrics: (format) => metrics.render(format) }));
    const listening = await startServer(app, [{ host: '127.0.0.1', port: 0 }]);
    try {
      const port = listening.addresses[0]!.port;
      const scrapes = [];
      for (const accept of ['text/plain', openmetrics, '*/*'])
        scrapes.push(await scrape(port, { accept, 'accept-encoding': 'gzip' }));
      expect(scrapes.map(({ headers }) => headers['content-type'])).toEqual([
        'text/plain; version=0.0.4; charset=utf-8',
        'application/openmetrics-text; version=1.0.0; charset=utf-8',
        'text/plain; version=0.0.4; charset=utf-8',
      ]);
      expect(scrapes.map(({ headers }) => headers['content-encoding'])).toEqual(['gzip', 'gzip', 'gzip']);
      const texts = scrapes.map(({ body }) => gunzipSync(body).toString());
      const [before, open, after] = texts.map((text) => [
        ...new Set(readExposition(text).samples.map((sample) => sample.name)),
      ]);
      expect(before).toContain('blobprobe_runs_total');
      expect(open).toEqual(before);
      expect(after).toEqual(before);
      expect(texts[1]).toContain('run_id=');
      expect(texts[2]).toBe(texts[0]);
    } finally {
      await listening.close();
    }
  });

  test('is not compressed for those who did not ask', async () => {
    const answer = await buildServer(serverDeps()).inject({ url: '/metrics' });
    expect(answer.body).toBe('# text\n');
    expect(answer.headers).not.toHaveProperty('content-encoding');
    expect(answer.headers['vary']).toBe('Accept, Accept-Encoding');
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  test('answers no more scrapes at once than allowed, and the next when one has ended', async () => {
    let finish = (): void => {};
    const rendering = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const app = buildServer(
      serverDeps({ maxRequests: 2, renderMetrics: () => rendering.then(() => answerOf('x 1\n')) }),
    );
    const slow = [app.inject('/metrics'), app.inject('/metrics')];
    await app.ready();
    await new Promise(setImmediate);
    const refused = await app.inject('/metrics');
    expect([refused.statusCode, refused.headers['retry-after'], refused.body]).toEqual([
      503,
      '1',
      'limit of 2 concurrent scrapes reached\n',
    ]);
    expect((await app.inject('/-/healthy')).statusCode).toBe(200);
    finish();
    expect((await Promise.all(slow)).map(({ statusCode }) => statusCode)).toEqual([200, 200]);
    expect((await app.inject('/metrics')).statusCode).toBe(200);
  });

  test('a scrape that fails frees its place and tells the log, not the client', async () => {
    const { lines, log } = memoryLog();
    let failing = true;
    const renderMetrics = async (): Promise<Answer> => {
      if (failing) throw new Error('secret detail');
      return answerOf('x 1\n');
    };
    const app = buildServer(serverDeps({ log, maxRequests: 1, renderMetrics }));
    const failed = await app.inject('/metrics');
    expect(failed.statusCode).toBe(500);
    expect(failed.body).toMatch(/^internal error; the log has it under request \S+\n$/);
    expect(lines).toEqual([
      { level: 'error', message: 'request failed', facts: expect.objectContaining({ url: '/metrics' }) },
    ]);
    failing = false;
    expect((await app.inject('/metrics')).statusCode).toBe(200);
  });

  test('a client that does not read keeps its place until it goes', async () => {
    // More than sockets hold: it is under way as long as nobody reads.
    const long = 'x 1\n'.repeat(4_000_000);
    const app = buildServer(serverDeps({ maxRequests: 1, renderMetrics: async () => answerOf(long) }));
    const listening = await startServer(app, [{ host: '127.0.0.1', port: 0 }]);
    try {
      const port = listening.addresses[0]!.port;
      const lazy = connect(port, '127.0.0.1');
      lazy.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n');
      await once(lazy, 'readable');
      expect((await scrape(port, {})).status).toBe(503);
      lazy.destroy();
      await expect.poll(async () => (await scrape(port, { 'accept-encoding': 'gzip' })).status).toBe(200);
      expect((await scrape(port, {})).body.toString()).toBe(long);
    } finally {
      await listening.close();
    }
  });

  test('an answer that fails on the way is cut, not ended, and frees its place', async () => {
    let failing = true;
    async function* breaking(): AsyncGenerator<Fragment> {
      // Long enough to be on its way before the failure.
      yield* answerOf('x 1\n'.repeat(1_000_000));
      if (failing) throw new Error('no more');
    }
    const app = buildServer(serverDeps({ maxRequests: 1, renderMetrics: async () => breaking() }));
    const listening = await startServer(app, [{ host: '127.0.0.1', port: 0 }]);
    try {
      const port = listening.addresses[0]!.port;
      await expect(scrape(port, { 'accept-encoding': 'gzip' })).rejects.toThrow('aborted');
      failing = false;
      await expect.poll(async () => (await scrape(port, {})).status).toBe(200);
    } finally {
      await listening.close();
    }
  });

  test('stands where --web.telemetry-path puts it', async () => {
    const app = buildServer(serverDeps({ paths: { telemetryPath: '/prom' } }));
    expect((await app.inject('/prom')).statusCode).toBe(200);
    expect((await app.inject('/metrics')).statusCode).toBe(404);
  });
});

describe('health', () => {
  test('healthy from the start, ready when the process says so', async () => {
    let ready = false;
    const app = buildServer(
      serverDeps({ readiness: () => (ready ? { ready } : { ready: false, reason: 'schedule not running' }) }),
    );
    expect((await app.inject('/-/healthy')).body).toBe('healthy\n');
    const before = await app.inject('/-/ready');
    expect([before.statusCode, before.body]).toEqual([503, 'not ready: schedule not running\n']);
    ready = true;
    const after = await app.inject('/-/ready');
    expect([after.statusCode, after.body]).toEqual([200, 'ready\n']);
  });

  test('reload answers with what came of it', async () => {
    let ok = true;
    const app = buildServer(serverDeps({ reload: async () => ({ ok, message: ok ? 'reloaded' : 'line 3: no' }) }));
    const good = await app.inject({ method: 'POST', url: '/-/reload' });
    expect([good.statusCode, good.body]).toEqual([200, 'reloaded\n']);
    ok = false;
    const bad = await app.inject({ method: 'PUT', url: '/-/reload' });
    expect([bad.statusCode, bad.body]).toEqual([500, 'line 3: no\n']);
    expect((await app.inject('/-/reload')).statusCode).toBe(405);
  });
});

describe('every response', () => {
  test.each([
    ['/', 200],
    ['/metrics', 200],
    ['/-/healthy', 200],
    ['/nothing', 404],
    ['/%zz', 400],
    [`/${'x'.repeat(5000)}`, 404],
  ])('of %s has the security headers', async (url, status) => {
    const answer = await buildServer(serverDeps()).inject({ url });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers).toMatchObject(securityHeaders);
    expect(answer.body).not.toContain('node_modules');
  });

  test('an unknown path and a wrong method get one line of text', async () => {
    const app = buildServer(serverDeps());
    const missing = await app.inject('/<script>');
    expect([missing.statusCode, missing.body]).toEqual([404, 'there is nothing here\n']);
    const wrong = await app.inject({ method: 'POST', url: '/metrics', payload: { a: 1 } });
    expect([wrong.statusCode, wrong.headers['allow'], wrong.body]).toEqual([
      405,
      'GET, HEAD',
      'POST is not allowed here\n',
    ]);
    expect((await app.inject({ method: 'HEAD', url: '/metrics' })).statusCode).toBe(200);
  });

  test("a malformed body is the client's error and named", async () => {
    const app = buildServer(serverDeps({ reload: async () => ({ ok: true, message: 'reloaded' }) }));
    const payload = '{"a":';
    const answer = await app.inject({
      method: 'POST',
      url: '/-/reload',
      payload,
      headers: { 'content-type': 'application/json' },
    });
    expect(answer.statusCode).toBe(400);
    expect(answer.body).not.toContain('at ');
  });
});

test('everything stands under the route prefix, and / leads there', async () => {
  const app = buildServer(serverDeps({ paths: { routePrefix: '/probe', externalPath: '/tools/probe' } }));
  expect((await app.inject('/probe/metrics')).statusCode).toBe(200);
  expect((await app.inject('/probe/')).body).toContain('href="/tools/probe/metrics"');
  expect((await app.inject('/metrics')).statusCode).toBe(404);
  const root = await app.inject('/');
  expect([root.statusCode, root.headers['location']]).toEqual([302, '/tools/probe/']);
});

function scrape(
  port: number,
  headers: Record<string, string>,
): Promise<{ status: number | undefined; headers: Record<string, unknown>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path: '/metrics', headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    })
      .on('error', reject)
      .end();
  });
}
