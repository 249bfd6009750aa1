import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { afterEach, expect, test, vi } from 'vitest';
import { speaksTls } from '../../src/network/speaks-tls.ts';
import { WireMeter } from '../../src/network/wire-meter.ts';
import { createCertificates } from '../support/certificates.ts';
import { pathTo } from '../support/paths.ts';
import { Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());
const certificates = createCertificates();

/** What is told, and what it cost. No timer ends the question: how busy the machine is does not matter. */
async function ask(port: number, changes: Parameters<typeof pathTo>[1] = {}, signal = new AbortController().signal) {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    const wire = new WireMeter();
    const path = pathTo(`http://127.0.0.1:${port}`, changes);
    return { told: await speaksTls(path, { now: () => performance.now(), signal, wire }), wire };
  } finally {
    vi.useRealTimers();
  }
}

test.each(['valid', 'wrongName', 'expired', 'selfSigned'] as const)(
  'TLS is spoken, whatever the certificate: %s',
  async (name) => {
    const { port, sockets } = await opened.listen(createTlsServer(certificates[name]));
    const { told, wire } = await ask(port, {
      tls: { insecure: false, minVersion: 'TLSv1.3', serverName: 'other.test' },
    });
    expect(told).toBe(true);
    expect(wire.bytes).toBeGreaterThan(0);
    // The connection was one for the question alone.
    await expect.poll(() => sockets.size).toBe(0);
  },
);

test('a server that refuses the handshake in TLS speaks it, too', async () => {
  const server = createTlsServer({ ...certificates.valid, minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_CCM_8_SHA256' });
  const { port } = await opened.listen(server.on('tlsClientError', () => {}));
  expect((await ask(port)).told).toBe(true);
});

test('plain HTTP is no TLS', async () => {
  const { port } = await opened.listen(createServer());
  expect((await ask(port)).told).toBe(false);
});

test.each([
  ['hangs up', (port: number) => ask(port)],
  ['is not there', (port: number) => ask(port, { connectTo: { host: '127.0.0.1', port: 1 } })],
  ['is not waited for', (port: number) => ask(port, {}, AbortSignal.abort())],
])('of somebody who %s it is not told', async (_what, question) => {
  const { port } = await opened.tcp((socket) =>
    socket.on('error', () => {}).once('data', () => socket.resetAndDestroy()),
  );
  expect((await question(port)).told).toBeUndefined();
});

test('it is asked at the host itself, not at the proxy of the path', async () => {
  const { port } = await opened.listen(createTlsServer(certificates.valid));
  const proxy = await opened.tcp((socket) => socket.destroy());
  expect((await ask(port, { proxy: { host: '127.0.0.1', port: proxy.port } })).told).toBe(true);
  expect(proxy.accepted).toBe(0);
});
