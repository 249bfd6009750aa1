import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { handshake } from '../../src/network/handshake.ts';
import type { OpeningTimes } from '../../src/network/opening-step.ts';
import { tlsSettings } from '../../src/network/tls.ts';
import { createCertificates } from '../support/certificates.ts';
import { pathTo } from '../support/paths.ts';
import { Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());
const { valid } = createCertificates();

async function shakingHands(port: number, signal = new AbortController().signal) {
  const raw = connect(port, '127.0.0.1');
  await once(raw, 'connect');
  const path = pathTo('https://127.0.0.1', { tls: { insecure: true, minVersion: 'TLSv1.2' } });
  const times: OpeningTimes = {};
  const limits = { timeoutMs: 60_000, now: () => performance.now(), signal };
  const settings = tlsSettings(path, { host: '127.0.0.1', port: 443 }, '1.1');
  return { raw, times, result: handshake(raw, settings, limits, times) };
}

async function tlsPort(options: TlsOptions): Promise<number> {
  const server = createTlsServer({ ...valid, ...options }, (socket) => socket.on('error', () => {}));
  return (await opened.listen(server.on('tlsClientError', () => {}))).port;
}

test('a handshake gives the socket, and the time that it took', async () => {
  const { result, times } = await shakingHands(await tlsPort({}));
  const socket = await result;
  opened.own({ close: () => socket.destroy() });
  expect(socket.encrypted).toBe(true);
  expect(times.tlsMs).toBeGreaterThan(0);
});

test('what a server refuses before version and cipher are agreed on is about no certificate', async () => {
  const { result } = await shakingHands(
    await tlsPort({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA256' }),
  );
  await expect(result).rejects.toMatchObject({ stage: 'tls', tlsProblem: 'refused' });
  await expect(result).rejects.toThrow(
    /^the TLS handshake failed after .+: the server refused the handshake: no cipher/,
  );
});

test('what is ended by us is no problem of TLS', async () => {
  const silent = await opened.tcp((socket) => socket.resume());
  const over = new AbortController();
  const { result } = await shakingHands(silent.port, over.signal);
  over.abort();
  await expect(result).rejects.toMatchObject({ stage: 'tls', code: 'ABORTED', tlsProblem: undefined });
  await expect(result).rejects.toThrow(/^tls failed after .+: ABORTED$/);
});

test.each<[string, (silent: { sockets: ReadonlySet<Socket> }, raw: Socket) => void]>([
  ['the server hangs up', ({ sockets }) => sockets.forEach((socket) => socket.end())],
  ['the socket below is closed', (_silent, raw) => raw.destroy()],
])('a handshake during which %s was cut', async (_what, cut) => {
  const silent = await opened.tcp((socket) => socket.resume());
  const { raw, result } = await shakingHands(silent.port);
  result.catch(() => {});
  await expect.poll(() => silent.sockets.size).toBe(1);
  cut(silent, raw);
  await expect(result).rejects.toMatchObject({ code: 'ECONNRESET', tlsProblem: 'handshake_cut' });
});
