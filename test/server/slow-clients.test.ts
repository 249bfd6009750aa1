import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Answer } from '../../src/publish/metrics/series.ts';
import { type Listening, listenOn } from '../../src/server/listen.ts';
import { buildServer } from '../../src/server/server.ts';
import type { ClientLimits } from '../../src/server/slow-clients.ts';
import { atBearablePace } from '../support/pace.ts';
import { answerOf } from '../support/rendered.ts';
import { serverDeps } from '../support/server-fixtures.ts';

let listening: Listening | undefined;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await listening?.close(0);
});

const big = `# ${'x'.repeat(64 * 1024 * 1024)}\n`;
let answerMs = 0;

async function serve(limits: Partial<ClientLimits> = {}): Promise<number> {
  const renderMetrics = async (): Promise<Answer> => {
    await sleep(answerMs);
    return answerOf(big);
  };
  const app = buildServer(
    serverDeps({ renderMetrics, maxRequests: 0, reload: async () => ({ ok: true, message: 'reloaded' }) }),
  );
  await app.ready();
  await listening?.close(0);
  listening = await listenOn({
    addresses: [{ host: '127.0.0.1', port: 0 }],
    handler: (request, response) => app.routing(request, response),
    limits,
  });
  return listening.addresses[0]?.port ?? 0;
}

interface Client {
  readonly socket: Socket;
  /** What came, once the server has closed. */
  readonly ended: Promise<string>;
}

function client(port: number, first: string, reads = true): Client {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  let text = '';
  if (reads)
    socket.on('data', (chunk: Buffer) => (text.length < 4096 ? (text += chunk.toString('latin1')) : undefined));
  socket.write(first);
  return { socket, ended: new Promise((resolve) => socket.once('close', () => resolve(text))) };
}

// A minute is what only a server takes that never ends a client.
vi.setConfig({ testTimeout: 60_000 });

describe('a client that', () => {
  test('sends its head byte by byte is cut off', async () => {
    const { socket, ended } = client(await serve({ headersMs: 300 }), 'GET /-/healthy HTTP/1.1\r\nHost: x\r\nX: ');
    const drip = setInterval(() => socket.write('x'), 50);
    expect(await ended).toMatch(/^HTTP\/1\.1 408 |^$/);
    clearInterval(drip);
  });

  test('sends nothing at all is cut off', async () => {
    expect(await client(await serve({ headersMs: 300 }), '').ended).toMatch(/^HTTP\/1\.1 408 |^$/);
  });

  test('sends its body byte by byte is cut off', async () => {
    const head = 'POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 60000\r\n\r\n';
    const { socket, ended } = client(await serve({ headersMs: 200, requestMs: 300 }), head);
    const drip = setInterval(() => socket.write('x'), 50);
    expect(await ended).not.toContain('200 OK');
    clearInterval(drip);
  });

  test('does not read its answer is cut off, one that reads slowly is not', { timeout: 300_000 }, () =>
    atBearablePace(1_000, async (pace) => {
      const port = await serve({ readMs: 1_500 * pace });
      const deaf = client(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n', false);
      const slow = client(port, 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n', false);
      const reading = setInterval(() => slow.socket.read(), 100 * pace);
      await sleep(4_000 * pace);
      expect(slow.socket.closed).toBe(false);
      clearInterval(reading);
      deaf.socket.resume();
      await deaf.ended;
    }),
  );

  test('waits for an answer that takes its time gets it', async () => {
    answerMs = 900;
    const { socket, ended } = client(await serve({ readMs: 200 }), 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => socket.bytesRead).toBeGreaterThan(0);
    answerMs = 0;
    socket.end();
    expect(await ended).toMatch(/^HTTP\/1\.1 200 OK/);
  });

  test('is one too many is turned away, and the others are served', async () => {
    const port = await serve({ connections: 2 });
    const both = [client(port, ''), client(port, '')];
    const [first] = both;
    await expect.poll(() => both.every(({ socket }) => socket.readyState === 'open')).toBe(true);
    expect(await client(port, 'GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n').ended).toBe('');
    first?.socket.write('GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await first?.ended).toMatch(/200 OK/);
  });
});

describe('a request', () => {
  const head = (line: string, ...more: string[]): string =>
    [`${line} HTTP/1.1`, 'Host: x', 'Connection: close', ...more, '', ''].join('\r\n');
  const json = 'Content-Type: application/json';

  test.each<[string, string, RegExp]>([
    ['with 20 kB of headers', head('GET /', `X: ${'x'.repeat(20_000)}`), /^HTTP\/1\.1 431 /],
    ['with a URL of 20 kB', head(`GET /${'x'.repeat(20_000)}`), /^HTTP\/1\.1 431 /],
    ['with an id of 1 kB', head(`GET /runs/${'x'.repeat(1_000)}`), /^HTTP\/1\.1 (?:404|414) /],
    ['with 5000 headers', head('GET /', ...Array.from({ length: 5_000 }, () => 'a: b')), /^HTTP\/1\.1 (?:431|200) /],
    ['with a body of 100 kB', head('POST /-/reload', json, 'Content-Length: 100000'), /^HTTP\/1\.1 413 /],
    [
      'with chunks of 100 kB',
      `${head('POST /-/reload', json, 'Transfer-Encoding: chunked')}186a0\r\n${'1'.repeat(100_000)}\r\n0\r\n\r\n`,
      /^HTTP\/1\.1 413 /,
    ],
    ['with length and chunks', head('POST /', 'Content-Length: 3', 'Transfer-Encoding: chunked'), /^HTTP\/1\.1 400 /],
    ['with two lengths', head('POST /', 'Content-Length: 3', 'Content-Length: 4'), /^HTTP\/1\.1 400 /],
    ['without Host', 'GET / HTTP/1.1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['that is none', 'SSH-2.0-x\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['for a tunnel', head('CONNECT registry.test:443'), /^(?:HTTP\/1\.1 4\d\d |$)/],
    ['to trace', head('TRACE /'), /^HTTP\/1\.1 4\d\d /],
    ['for another host', head('GET http://169.254.169.254/latest/meta-data/'), /^HTTP\/1\.1 404 /],
    ['up the tree', head('GET /../../../../etc/passwd'), /^HTTP\/1\.1 404 /],
    ['up the tree, encoded', head('GET /..%2f..%2f..%2fetc%2fpasswd'), /^HTTP\/1\.1 404 /],
    ['up the tree from the runs', head('GET /runs/..%2f..%2f..%2fetc%2fpasswd'), /^HTTP\/1\.1 404 /],
    ['up the tree with backslashes', head('GET /style.css/..\\..\\package.json'), /^HTTP\/1\.1 404 /],
    ['with a NUL', head('GET /runs/%00'), /^HTTP\/1\.1 4\d\d /],
  ])('%s', async (_name, request, answer) => {
    const port = await serve();
    const text = await client(port, request).ended;
    expect(text).toMatch(answer);
    expect(text).not.toMatch(/root:|"dependencies"|node_modules|\n {4}at /);
    expect(await (await fetch(`http://127.0.0.1:${port}/-/healthy`)).text()).toBe('healthy\n');
  });
});
