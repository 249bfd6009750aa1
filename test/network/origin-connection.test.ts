import { createServer as createTlsServer } from 'node:tls';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/network/exchange.ts';
import { OriginConnection } from '../../src/network/origin-connection.ts';
import type { NetworkPath } from '../../src/network/path.ts';
import { Secret } from '../../src/network/secrets/secret.ts';
import { transportDefaults, type TransportOptions } from '../../src/network/transport-options.ts';
import { WireMeter } from '../../src/network/wire-meter.ts';
import { createCertificates } from '../support/certificates.ts';
import { pathTo } from '../support/paths.ts';
import { failureOf, get, Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

function connectionTo(path: NetworkPath, url: string, options: Partial<TransportOptions> = {}, before = 0) {
  const now = (): number => performance.now();
  const seen: Exchange[] = [];
  const connection = new OriginConnection(
    path,
    new URL(url),
    { ...transportDefaults, httpVersion: '1.1', now, onExchange: (exchange) => seen.push(exchange), ...options },
    { connections: before },
  );
  return { connection: opened.own(connection), seen };
}

/** A server that answers each piece that comes with the next of these, the last one for good. `heads`: what came. */
async function answering(...answers: readonly string[]) {
  const heads: string[] = [];
  const server = await opened.tcp((socket: Socket) => {
    socket.on('data', (data) => {
      socket.write(answers[Math.min(heads.length, answers.length - 1)] ?? '');
      heads.push(data.toString('latin1'));
    });
  });
  return { ...server, server, heads, origin: `http://127.0.0.1:${server.port}` };
}

const url = 'http://registry.example/v2/?a=b';
const password = Secret.of('sesame');

describe('a proxy that is asked itself', () => {
  test.each([
    ['with a login', { username: 'me', password }, `Basic ${Buffer.from('me:sesame').toString('base64')}`],
    ['without one', {}, undefined],
  ])('%s has the whole URL, and what is its own', async (_what, login, authorization) => {
    const { port, heads } = await answering(ok);
    const path = pathTo('http://registry.example', { proxy: { host: '127.0.0.1', port, ...login } });
    const exchange = await connectionTo(path, url).connection.send(get(url));
    expect(exchange.response?.status).toBe(200);
    const [line, ...fields] = (heads[0] ?? '').split('\r\n');
    expect(line).toBe('GET http://registry.example/v2/?a=b HTTP/1.1');
    expect(fields).toContain('host: registry.example');
    expect(fields.find((field) => field.startsWith('proxy-authorization'))).toBe(
      authorization && `proxy-authorization: ${authorization}`,
    );
  });

  test('says 407 for itself, and that is what is told', async () => {
    const { port } = await answering('HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n');
    const path = pathTo('http://registry.example', { proxy: { host: '127.0.0.1', port } });
    const { connection, seen } = connectionTo(path, url);
    const exchange = await connection.send(get(url));
    expect(exchange).toMatchObject({ response: undefined, error: { stage: 'proxy', code: 'PROXY_407' } });
    expect(seen).toEqual([exchange]);
  });

  test('is asked for a tunnel where the address is another than the URL’s; a 407 in it is the registry’s', async () => {
    const tunnel = 'HTTP/1.1 200 OK\r\n\r\n';
    const { port, heads } = await answering(tunnel, 'HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n');
    const proxy = { host: '127.0.0.1', port, username: 'me', password };
    const connectTo = { host: 'backend.example', port: 81 };
    const path = pathTo('http://registry.example', { proxy, connectTo });
    const exchange = await connectionTo(path, url).connection.send(get(url));
    expect(exchange.response?.status).toBe(407);
    expect(heads[0]).toMatch(/^CONNECT backend\.example:81 HTTP\/1\.1\r\n/);
    expect(heads[1]).toMatch(/^GET \/v2\/\?a=b HTTP\/1\.1\r\n/);
    expect(heads[1]).not.toContain('authorization');
    // Of another host, `connectTo` says nothing.
    const other = 'http://other.example/';
    await connectionTo(path, other).connection.send(get(other));
    expect(heads[2]).toMatch(/^GET http:\/\/other\.example\/ HTTP\/1\.1\r\n/);
  });
});

test('a host that only an answer names is not reached on a special address, unless the path allows it', async () => {
  const { origin, heads } = await answering(ok);
  const path = pathTo('http://registry.example');
  const { connection } = connectionTo(path, origin);
  expect((await connection.send(get(origin))).error).toMatchObject({ code: 'ADDRESS_FORBIDDEN' });
  expect(heads).toEqual([]);
  const allowed = connectionTo({ ...path, allowHosts: [new URL(origin).host] }, origin).connection;
  expect((await allowed.send(get(origin))).response?.status).toBe(200);
});

test('connections are counted, one after the other, and measured on the wire', async () => {
  const { origin, server } = await answering(
    ok,
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    ok,
  );
  const wire = new WireMeter();
  const { connection, seen } = connectionTo(pathTo(origin), origin, { wire }, 4);
  expect(connection.isBusy).toBe(false);
  for (const id of [5, 5, 6]) {
    const sending = connection.send(get(origin));
    expect(connection.isBusy).toBe(true);
    const exchange = await sending;
    expect([connection.isBusy, exchange.connection?.id]).toEqual([false, id]);
  }
  expect(seen.map(({ socketReused, opening }) => [socketReused, opening === undefined])).toEqual([
    [false, false],
    [true, true],
    [false, false],
  ]);
  expect(wire.bytes).toBeGreaterThan(3 * ok.length);
  expect(server.accepted).toBe(2);
  await connection.close();
  await expect.poll(() => server.sockets.size).toBe(0);
});

test('a peer that speaks before it is asked is asked once, over a connection of its own', async () => {
  const server = await opened.tcp((socket) => socket.write('220 mail\r\n'));
  const origin = `http://127.0.0.1:${server.port}`;
  const { connection } = connectionTo(pathTo(origin), origin);
  for (const accepted of [1, 2]) {
    const { error, response } = await connection.send(get(origin));
    expect([error?.stage, response, server.accepted]).toEqual(['wait', undefined, accepted]);
  }
});

test('a server that refuses the client after the handshake is quoted', async () => {
  const { valid, ca } = createCertificates();
  const options = {
    ...valid,
    requestCert: true,
    rejectUnauthorized: true,
    ca: ca.cert,
    minVersion: 'TLSv1.3',
  } as const;
  const { port } = await opened.listen(createTlsServer(options).on('tlsClientError', () => {}));
  const origin = `https://127.0.0.1:${port}`;
  const path = pathTo(origin, { tls: { insecure: true, minVersion: 'TLSv1.2' } });
  const error = await failureOf(opened.transport(path).exchange(get(origin)));
  expect(error).toMatchObject({ tlsProblem: 'client_certificate_wanted' });
});

test('what closes a transport closes its connections', async () => {
  const { origin, server } = await answering(ok);
  const transport = opened.transport(pathTo(origin));
  await transport.exchange(get(origin));
  expect(server.sockets.size).toBe(1);
  await transport.close();
  await expect.poll(() => server.sockets.size).toBe(0);
});
