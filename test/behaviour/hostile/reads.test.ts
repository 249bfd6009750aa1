import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { checkApi } from '../../../src/probe/diagnose/api-check.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { createPayloadSource } from '../../../src/registry/payload.ts';
import { eventually } from '../../support/wire.ts';
import { runDeps, runOnce } from '../../support/checks.ts';
import { imageScripts } from '../../support/image-scripts.ts';
import { bodyMoves, chunk, head } from '../../support/hostile-moves.ts';
import type { Scene, Script, Scripts } from '../../support/scripted-registry.ts';
import { CaseLab } from '../failures/cases/case.ts';

const folder = mkdtempSync(join(tmpdir(), 'blobprobe-hostile-reads-'));
afterAll(() => rmSync(folder, { recursive: true }));
const payloads = createPayloadSource('hostile reads');
let lab = new CaseLab(folder);
afterEach(async () => {
  await lab.close();
  lab = new CaseLab(folder);
});

const deadlineMs = 500;
const mebibyte = 1024 * 1024;

const hostileBodies = (start: string): [name: string, script: Script][] => Object.entries(bodyMoves(start));

/** What ends by itself gets time, so that a busy machine does not make it end by the deadline. */
function patience(name: string): number {
  return /drips|never ends/.test(name) ? deadlineMs : 10_000;
}

/** What a run, or anything, cost. */
async function bounded<T>(work: () => Promise<T>, longestMs = 20_000): Promise<T> {
  const startedMs = performance.now();
  const heapBytes = process.memoryUsage().heapUsed;
  const result = await work();
  expect(performance.now() - startedMs).toBeLessThan(longestMs);
  expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(64 * mebibyte);
  await eventually('its connections are closed', () => lab.openConnections === 0);
  return result;
}

const challenge =
  (parameters: string): Script =>
  (scene) =>
    scene.answer(scene.request.headers.authorization === undefined ? 401 : 202, {
      'WWW-Authenticate': `Bearer ${parameters}`,
    });
const credentials = { kind: 'basic', username: 'probe', password: Secret.of('CANARY-password') } as const;

async function push(name: string, scripts: Scripts, changes: Parameters<CaseLab['check']>[1] = {}): Promise<Run> {
  // A push has to be through before there is anything to pull.
  const timeoutMs = patience(name) * (changes.check?.workload === undefined ? 1 : 3);
  const { url } = await lab.scripted(scripts);
  const check = lab.check(url, { sizeBytes: 10_000, ...changes, check: { timeoutMs, ...changes.check } });
  return bounded(() => runOnce(check, runDeps({ payloads, cleanupTimeoutMs: 300 })), timeoutMs + 10_000);
}

describe('a token reply', () => {
  test.each(hostileBodies('{"token": "'))('%s', async (name, token) => {
    const scripts = { 'GET /v2/': challenge('realm="/token"'), POST: challenge('realm="/token"'), 'GET /token': token };
    const run = await push(name, scripts, { registry: { credentials } });
    expect(run.failure?.reason).toMatch(/^(?:auth_rejected|auth_challenge_bad|deadline)$/);
    expect(JSON.stringify(run.failure)).not.toContain('CANARY');
  });
});

describe('a list', () => {
  const watched = { now: () => performance.now(), timeoutMs: 5_000, signal: new AbortController().signal };

  test.each(hostileBodies('{"name": "a", "repositories": [], "tags": ['))('%s', async (name, script) => {
    const { url } = await lab.scripted({ 'GET /v2/_catalog': script, 'GET /v2/probe/blobs/tags/list': script });
    const { registry, path } = lab.check(url);
    const report = await bounded(
      () => checkApi({ registry, path }, { ...watched, timeoutMs: patience(name) }),
      2 * patience(name) + 1_500,
    );
    expect(report?.endpoints.ping.up).toBe(true);
    expect([report?.endpoints.tags.up, report?.endpoints.catalog.up]).toEqual([false, false]);
  });

  test.each([
    ['a page that is next to itself', (_scene: Scene) => '/v2/probe/blobs/tags/list?n=100', false],
    ['pages without end', (_scene: Scene) => `/v2/probe/blobs/tags/list?last=${Math.random()}`, true],
    ['a next page that is huge', (_scene: Scene) => `/v2/probe/blobs/tags/list?last=${'x'.repeat(5000)}`, true],
  ])('%s', async (_name, next, up) => {
    const server = await lab.scripted({
      'GET /v2/probe/blobs/tags/list': (scene) =>
        scene.answer(200, { Link: `<${next(scene)}>; rel="next"` }, '{"name": "probe/blobs", "tags": ["a"]}'),
    });
    const { registry, path } = lab.check(server.url);
    const report = await bounded(() => checkApi({ registry, path }, watched));
    expect(report?.endpoints.tags.up).toBe(up);
    expect(server.requests.filter((line) => line.includes('tags/list')).length).toBeLessThanOrEqual(5);
  });
});

describe('a blob that is read back', () => {
  const workload = { name: 'image', kind: 'image', layerBytes: [10_000], pull: true } as const;

  test.each(hostileBodies('abc'))('%s', async (name, script) => {
    const run = await push(name, { ...imageScripts(), 'GET /v2/probe/blobs/blobs/': script }, { check: { workload } });
    expect(run.ok).toBe(false);
    expect(run.failure?.phase).toBe('pull');
    // One read of the socket more than the blob has bytes, and then it is over.
    expect(run.pulledBytes).toBeLessThan(200_000);
  });

  test('a manifest without end', async () => {
    const run = await push(
      'a manifest',
      { ...imageScripts(), 'GET /v2/probe/blobs/manifests/': hostileBodies('{')[0]?.[1] ?? (() => {}) },
      { check: { workload } },
    );
    expect(run.failure).toMatchObject({ phase: 'pull', reason: 'body_truncated' });
  });
});

describe('a token service', () => {
  test('that always asks for another token, or leads in a circle, is asked a few times', async () => {
    for (const token of [
      challenge('realm="/token2"'),
      (scene: Scene) => scene.answer(307, { Location: '/token' }),
      (scene: Scene) => scene.answer(401, { 'WWW-Authenticate': 'Bearer realm="/token"' }),
    ]) {
      const server = await lab.scripted({
        'GET /token': token,
        'POST /token': token,
        'GET /v2/': challenge('realm="/token"'),
        POST: challenge('realm="/token"'),
      });
      const check = lab.check(server.url, { registry: { credentials }, check: { timeoutMs: 5_000 } });
      const run = await bounded(() => runOnce(check, runDeps({ payloads })));
      expect(run.failure?.reason).toBe('auth_rejected');
      // Ten token requests in a circle, as Go's clients, and the one that was challenged.
      expect(server.requests.length).toBeLessThanOrEqual(11);
    }
  });

  test('whose tokens are never good enough, each time with another scope, is asked a few times', async () => {
    let count = 0;
    const never: Script = (scene) =>
      scene.answer(401, { 'WWW-Authenticate': `Bearer realm="/token",scope="repository:x${(count += 1)}:pull"` });
    const server = await lab.scripted({
      'GET /token': (scene) => scene.answer(200, {}, `{"token": "t${count}"}`),
      'POST /token': (scene) => scene.answer(200, {}, `{"token": "t${count}"}`),
      'GET /v2/': never,
      POST: never,
    });
    for (const client of ['docker', 'docker-containerd', 'crane', 'skopeo', 'oras'] as const) {
      const check = lab.check(server.url, { client, registry: { credentials }, check: { timeoutMs: 5_000 } });
      const run = await bounded(() => runOnce(check, runDeps({ payloads })));
      expect(run.failure?.reason).toMatch(/^auth_/);
    }
    expect(server.requests.length).toBeLessThan(60);
  });

  test('may compress what is shorter than its compression', async () => {
    const reply = gzipSync('{"token": "abc"}');
    const server = await lab.scripted({
      'GET /v2/': (scene) =>
        scene.request.headers.authorization === 'Bearer abc'
          ? scene.answer(200)
          : scene.answer(401, { 'WWW-Authenticate': 'Bearer realm="/token"' }),
      'GET /token': ({ response }) =>
        response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': reply.length }).end(reply),
    });
    const run = await runOnce(lab.check(server.url, { sizeBytes: 1000 }), runDeps({ payloads }));
    expect(run.failure).toBeUndefined();
    expect(reply.length).toBeGreaterThan('{"token": "abc"}'.length);
  });

  test.each([
    ['a header of its own', 'evil\r\nX-Evil: 1'],
    ['a line feed', 'evil\nX-Evil: 1'],
    ['a NUL', 'evil\u0000'],
    ['an umlaut', 'ü'],
    ['a blank', 'a b'],
  ])('cannot put %s into our requests', async (_name, token) => {
    const server = await lab.scripted({
      'GET /token': (scene) => scene.answer(200, {}, JSON.stringify({ token })),
      'GET /v2/': challenge('realm="/token"'),
      POST: challenge('realm="/token"'),
    });
    const check = lab.check(server.url, { registry: { credentials }, check: { timeoutMs: 5_000 } });
    const run = await runOnce(check, runDeps({ payloads }));
    expect(run.failure?.reason).toBe('auth_rejected');
    expect(server.requests.filter((line) => !/\/token/.test(line)).length).toBeLessThanOrEqual(2);
  });
});

describe('lines of a server that come back in requests', () => {
  test.each([
    '/v2/x%0d%0aX-Evil:%201',
    '/v2/x\tX-Evil: 1',
    '/v2/x y HTTP/1.1',
    '/v2/ü',
    '/v2/x?a=%0d%0aX-Evil:%201',
    '/v2/x#fragment',
    '/v2/x\\..\\..',
    '/v2/%00',
  ])('Location: %j stays inside the request line', async (location) => {
    const seen: string[] = [];
    const server = await lab.scripted({
      POST: async (scene) => {
        await scene.read();
        await scene.raw(
          Buffer.from(
            head('202 Accepted', `Location: ${location}`, 'Content-Length: 0', 'Connection: close'),
            'latin1',
          ),
        );
        scene.end();
      },
      PATCH: (scene) => {
        seen.push(scene.request.url ?? '', ...Object.keys(scene.request.headers));
        scene.answer(400);
      },
    });
    await runOnce(
      lab.check(server.url, { check: { timeoutMs: 10_000 } }),
      runDeps({ payloads, cleanupTimeoutMs: 100 }),
    );
    expect(seen[0]).toMatch(/^\//);
    expect(seen.join()).not.toMatch(/[\r\n\t ]|x-evil$/i);
    expect(seen).not.toContain('x-evil');
  });
});

describe('a place that only a server named', () => {
  /** Stands for a metadata service: it must not even see a connection. */
  const elsewhere = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  let connections = 0;
  let port = 0;
  beforeAll(async () => {
    await new Promise<void>((resolve) => elsewhere.listen(0, '::', resolve));
    ({ port } = elsewhere.address() as AddressInfo);
  });
  afterAll(() => elsewhere.close());

  const hosts = [
    '127.0.0.1',
    'localhost',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '0.0.0.0',
    '[::]',
    '127.0.0.1.',
    'LOCALHOST',
    '%6cocalhost',
    '①②⑦.0.0.1',
  ];
  const urls = (): string[] => [
    ...hosts.map((host) => `http://${host}:${port}/latest/meta-data/`),
    `//127.0.0.1:${port}/x`,
    `\\\\127.0.0.1:${port}\\x`,
    `http:\\\\127.0.0.1:${port}`,
    `http://own@127.0.0.1:${port}/`,
    `https://127.0.0.1:${port}/`,
    'http://169.254.169.254/latest/meta-data/iam/security-credentials/',
    'http://2852039166/',
    'http://0xa9fea9fe/',
    'http://[fd00:ec2::254]/',
    'http://metadata.google.internal/computeMetadata/v1/',
    `ftp://127.0.0.1:${port}/`,
    `file:///etc/passwd`,
    `unix:/var/run/docker.sock`,
    `gopher://127.0.0.1:${port}/_GET`,
    'javascript:alert(1)',
    'data:,x',
  ];

  const ways: readonly (readonly [name: string, reason: RegExp, scripts: (url: string) => Scripts])[] = [
    ['Location of the POST', /^location_invalid$/, (url) => ({ POST: answerWith(202, url) })],
    ['Location of the PATCH', /^location_invalid$/, (url) => ({ PATCH: answerWith(202, url) })],
    // An upload follows 307 as Go does, and so its Location is vetted like the others.
    ['redirect of the POST', /^location_invalid$/, (url) => ({ POST: answerWith(307, url) })],
    [
      'redirect of a pull',
      /^location_invalid$/,
      (url) => ({ ...imageScripts(), 'GET /v2/probe/blobs/blobs/': answerWith(307, url) }),
    ],
    ['realm', /^auth_challenge_bad$/, (url) => ({ 'GET /v2/': challengedWith(url), POST: challengedWith(url) })],
  ];

  function challengedWith(realm: string): Script {
    const line = `WWW-Authenticate: Bearer realm="${realm.replaceAll('\\', '\\\\')}"`;
    return (scene) => scene.raw(Buffer.from(head('401 X', line, 'Content-Length: 0'), 'utf8'));
  }

  function answerWith(status: number, url: string): Script {
    return async (scene) => {
      await scene.read();
      const text = head(`${status} X`, `Location: ${url}`, 'Range: 0-9999', 'Content-Length: 0');
      await scene.raw(Buffer.from(text, 'utf8'));
    };
  }

  test.each(ways)('%s', async (name, reason, scripts) => {
    // A path that names loopback itself may be led on there (redirects.test.ts); one that only arrives there, by a tunnel say, not.
    // One place judges Location, one the realm, one where readers are led: all spellings there, some of them the other ways.
    const all = ['Location of the POST', 'redirect of a pull', 'realm'].includes(name);
    for (const url of urls().filter((_url, index) => all || index % 5 === 0)) {
      const server = await lab.scripted(scripts(url));
      const pinned = { host: '127.0.0.1', port: Number(new URL(server.url).port) };
      const pulls = { name: 'image', kind: 'image', layerBytes: [10_000], pull: true } as const;
      const only = { timeoutMs: 2_000, ...(name.endsWith('pull') ? { workload: pulls } : {}) };
      const check = lab.check('http://registry.test', {
        sizeBytes: 1000,
        registry: { credentials },
        path: { connectTo: pinned },
        check: only,
      });
      const run = await runOnce(check, runDeps({ payloads, cleanupTimeoutMs: 300 }));
      expect([url, run.failure?.reason]).toEqual([url, expect.stringMatching(reason)]);
      expect(run.durationMs).toBeLessThan(10_000);
    }
    expect(connections).toBe(0);
  });

  test('Link to the next page', async () => {
    for (const url of urls()) {
      const list = '{"name": "probe/blobs", "tags": []}';
      const server = await lab.scripted({
        'GET /v2/probe/blobs/tags/list': (scene) =>
          scene.answer(200, { Link: `<${encodeURI(url)}>; rel="next"` }, list),
      });
      const { registry, path } = lab.check(server.url);
      const options = { now: () => performance.now(), timeoutMs: 2_000, signal: new AbortController().signal };
      const report = await checkApi({ registry, path }, options);
      expect([url, report?.endpoints.tags.up]).toEqual([url, false]);
    }
    expect(connections).toBe(0);
  });
});

describe('a proxy', () => {
  const ok = 'HTTP/1.1 200 OK\r\n\r\n';
  const refused = 'HTTP/1.1 407 No\r\nTransfer-Encoding: chunked\r\n\r\n';
  test.each<[string, RegExp, readonly (string | number)[]]>([
    ['headers without end', /^connection_reset$/, ['HTTP/1.1 200 OK\r\n', 'X: y\r\n'.repeat(1000)]],
    ['one header without end', /^connection_reset$/, ['HTTP/1.1 200 OK\r\nX: ', 'y'.repeat(10_000)]],
    ['hints without end', /^connection_reset$/, ['', 'HTTP/1.1 103 Hint\r\n\r\n'.repeat(100)]],
    ['a refusal without end', /^connect_refused$/, [refused, chunk('x'.repeat(60_000))]],
    ['bytes of its own in the tunnel', /^tls_failure$/, [`${ok}HTTP/1.1 999 x\r\n\r\n`, 'x'.repeat(60_000)]],
    ['no HTTP', /^connection_reset$/, ['SSH-2.0-OpenSSH_9.2\r\n', 'x'.repeat(60_000)]],
    ['a drip', /^(?:connect_timeout|deadline)$/, ['HTTP/1.1 200 O', 'K', 20]],
  ])('that answers with %s', async (_name, reason, [first = '', more = '', everyMs = 0]) => {
    let accepted = 0;
    const proxy = createServer((socket) => {
      accepted += 1;
      socket.on('error', () => {});
      socket.once('data', () => {
        socket.write(String(first));
        const timer = setInterval(() => socket.write(String(more)), Number(everyMs));
        socket.once('close', () => clearInterval(timer));
      });
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo;
    const check = lab.check('https://registry.test', {
      path: { proxy: { host: '127.0.0.1', port, username: 'u', password: Secret.of('CANARY-proxy') } },
      check: { timeoutMs: _name === 'a drip' ? deadlineMs : 10_000 },
    });
    const run = await bounded(() => runOnce(check, runDeps({ payloads, cleanupTimeoutMs: 300 })));
    expect(run.failure?.reason).toMatch(reason);
    expect(JSON.stringify(run.failure)).not.toContain('CANARY');
    await new Promise((resolve) => proxy.close(resolve));
    expect(accepted).toBeLessThan(4);
  });
});
