import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { createAuthority } from '../../../src/lab/certificates.ts';
import { type DemoEdge, startEdge } from '../../support/lab/edge.ts';
import { startLoopbackServer } from '../../../src/lab/loopback-server.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { eventually, send, sha256 } from '../../support/wire.ts';
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

const chunk = Buffer.concat([Buffer.from('4000\r\n'), Buffer.alloc(0x4000, 'x'), Buffer.from('\r\n')]);

/** Sends the beginning of an upload over a raw socket, then leaves by FIN or RST. */
function abandon(port: number, path: string, chunks: number, reset: boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`PATCH ${path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n`);
      const body = Buffer.concat(Array.from({ length: chunks }, () => chunk));
      socket.write(body, () => (reset ? socket.resetAndDestroy() : socket.destroy()));
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve());
  });
}

async function abandonMany(registry: DemoRegistry, edge: DemoEdge, count: number): Promise<void> {
  let started = 0;
  async function worker(): Promise<void> {
    while (started < count) {
      const number = (started += 1);
      const post = await send(`${registry.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
      await abandon(edge.port, post.headers['location'] ?? '', number % 5, number % 2 === 0);
    }
  }
  await Promise.all(Array.from({ length: 20 }, worker));
}

/** File descriptors of this process; undefined where they cannot be counted. */
function descriptors(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

test('two thousand abandoned uploads leave no socket, file or buffer behind', async () => {
  const registry = await startRegistry({ maxUploads: 50, keptBytesLimit: 50 * 5 * 0x4000 });
  const edge = await startEdge({
    upstream: registry.url,
    lingerMs: 100,
    faults: [
      { kind: 'buffer-request', when: { everyNth: 5 } },
      { kind: 'body-limit', limitBytes: 40_000, ending: 'linger', when: { everyNth: 3 } },
      { kind: 'throttle', bytesPerSecond: 10_000_000, direction: 'request', when: { everyNth: 7 } },
    ],
  });
  opened.own(registry);
  opened.own(edge);
  await abandonMany(registry, edge, 100);
  await eventually('the warm-up is over', () => edge.openConnections + registry.openConnections === 0);
  const before = descriptors();
  await abandonMany(registry, edge, 2000);
  await eventually('no connection is left', () => edge.openConnections + registry.openConnections === 0);
  expect(registry.openSessions.length).toBeLessThanOrEqual(50);
  expect(registry.keptBytes).toBeLessThanOrEqual(50 * 5 * 0x4000);
  expect(registry.requests.length).toBeLessThanOrEqual(1000);
  expect(registry.requestTotal).toBeGreaterThan(2000);
  expect(descriptors()).toBe(before);
  await eventually('no spool file is left', () => readdirSync(spool).length === 0);
  for (const { id } of registry.openSessions)
    await send(`${registry.url}/v2/a/b/blobs/uploads/${id}`, { method: 'DELETE' });
  expect([registry.openSessions.length, registry.keptBytes]).toEqual([0, 0]);
  // And all still works.
  const body = Buffer.from('still here');
  const url = `${edge.url}/v2/a/b/blobs/uploads/?digest=${sha256(body)}`;
  expect((await send(url, { method: 'POST', body })).status).toBe(201);
});

test('close() ends what is under way', async () => {
  const registry = await startRegistry();
  const edge = await startEdge({ upstream: registry.url, faults: [{ kind: 'stall-at', afterBytes: 0 }] });
  const post = await send(`${registry.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
  const stalled = send(edge.url + post.headers['location'], { method: 'PATCH', body: Buffer.alloc(1000) });
  await eventually('the upload is under way', () => edge.requests.length === 1);
  const [outcome] = await Promise.allSettled([stalled, edge.close(), registry.close()]);
  expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'ECONNRESET' } });
  expect([edge.openConnections, registry.openConnections]).toEqual([0, 0]);
  await edge.close();
  await expect(send(edge.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('dropped connections are not the end of the server', async () => {
  const registry = opened.own(await startRegistry());
  const post = await send(`${registry.url}/v2/a/b/blobs/uploads/`, { method: 'POST' });
  const url = registry.url + post.headers['location'];
  const pending = send(url, { method: 'PATCH', body: Buffer.alloc(100_000), pause: { afterBytes: 50_000, ms: 500 } });
  await eventually('the upload is under way', () => (registry.requests[1]?.receivedBytes ?? 0) > 0);
  registry.dropConnections();
  await expect(pending).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect((await send(url)).status).toBe(204);
  expect(registry.requests[1]).toMatchObject({ aborted: true, done: true });
});

const ca = createAuthority('abuse');

test.each(['plain', 'TLS'])(
  '%s: a connection that is reset while its FIN is under way is closed all the same',
  async (kind) => {
    const server = await startLoopbackServer({
      tls: kind === 'TLS' ? ca.issue({ names: ['127.0.0.1'] }) : undefined,
      onRequest(request) {
        request.socket.end();
        server.reset(request.socket);
      },
    });
    const client =
      kind === 'TLS' ? tlsConnect({ port: server.port, ca: ca.cert, host: '127.0.0.1' }) : connect(server.port);
    client.on('error', () => {});
    client.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(client.resume(), 'close');
    await server.close();
    expect(server.openConnections).toBe(0);
  },
);

test('a port that is taken is an error, not a crash', async () => {
  const registry = opened.own(await startRegistry());
  await expect(startRegistry({ port: registry.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
});
