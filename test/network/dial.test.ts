import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer, type Server as HttpsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';
import { createCertificates } from '../support/certificates.ts';
import { classify } from '../../src/probe/judge/classify.ts';
import { noContext } from '../../src/probe/judge/facts.ts';
import { dial } from '../../src/network/dial.ts';
import type { OpeningTimes } from '../../src/network/opening-step.ts';
import { Secret } from '../../src/network/secrets/secret.ts';
import { pathTo } from '../support/paths.ts';
import { failureOf, get, type Listening, Opened, streamed } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => {
  vi.useRealTimers();
  return opened.closeAll();
});
const folder = mkdtempSync(join(tmpdir(), 'blobprobe-dial-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** A server that says what it saw of its caller. */
function echo(): Promise<Listening> {
  return opened.listen(
    createServer((request, response) => {
      const { remoteAddress, remotePort } = request.socket;
      response.end(JSON.stringify({ host: request.headers.host, remoteAddress, remotePort }));
    }),
  );
}

async function seenBy(path: ReturnType<typeof pathTo>, url = path.origin): Promise<Record<string, unknown>> {
  const { response } = await opened.transport(path).exchange(get(`${url}/`));
  return JSON.parse(Buffer.from(response?.body ?? []).toString()) as Record<string, unknown>;
}

describe('addresses', () => {
  test('connectTo pins the address and leaves the Host header alone', async () => {
    const { port } = await echo();
    const path = pathTo('http://registry.example.org', { connectTo: { host: '127.0.0.1', port } });
    expect(await seenBy(path)).toMatchObject({ host: 'registry.example.org' });
  });

  test("connectTo is for the path's own host only", async () => {
    const own = await echo();
    const other = await echo();
    const path = pathTo('http://registry.example.org', {
      connectTo: { host: '127.0.0.1', port: own.port },
      allowHosts: [`127.0.0.1:${other.port}`],
    });
    expect(await seenBy(path, `http://127.0.0.1:${other.port}`)).toMatchObject({ host: `127.0.0.1:${other.port}` });
    expect([own.accepted, other.accepted]).toEqual([0, 1]);
  });

  test('localAddress is where the connection comes from', async () => {
    const { port } = await echo();
    const path = pathTo(`http://127.0.0.1:${port}`, { localAddress: '127.0.0.2' });
    expect(await seenBy(path)).toMatchObject({ remoteAddress: '127.0.0.2' });
  });

  test('family leaves out the addresses of the other one', async () => {
    const { port } = await echo();
    const four = pathTo(`http://localhost:${port}`, { family: 4 });
    expect(await seenBy(four)).toMatchObject({ remoteAddress: '127.0.0.1' });
    const dns = await opened.dns({ 'registry.example.org': ['127.0.0.1'] });
    const six = pathTo(`http://registry.example.org:${port}`, { family: 6, dnsServers: [`127.0.0.1:${dns.port}`] });
    const error = await failureOf(opened.transport(six).exchange(get(six.origin)));
    expect(error).toMatchObject({ stage: 'dns', code: 'ENODATA' });
    expect(dns.asked).toEqual(['AAAA registry.example.org']);
  });

  test('an address on which nobody listens is passed over for the next one', async () => {
    const { port } = await echo();
    const dns = await opened.dns({ 'registry.example.org': ['127.0.0.9', '127.0.0.1'] });
    const path = pathTo(`http://registry.example.org:${port}`, { dnsServers: [`127.0.0.1:${dns.port}`], family: 4 });
    const exchange = await opened.transport(path).exchange(get(path.origin));
    const { connectMs } = exchange.opening ?? {};
    expect(exchange.connection).toMatchObject({ remoteAddress: '127.0.0.1', remotePort: port, family: 4, connectMs });
  });
});

test('an address that does not answer ends with the connect timeout', async () => {
  const port = await opened.deafPort();
  const path = pathTo(`http://127.0.0.1:${port}`);
  const error = await failureOf(opened.transport(path, { connectTimeoutMs: 200 }).exchange(get(path.origin)));
  expect(error).toMatchObject({ stage: 'connect', code: 'ETIMEDOUT', timer: 'connect' });
  expect(error.exchange?.opening?.connectMs).toBeGreaterThan(0);
  expect(classify(error, { ...noContext, step: 'auth' })).toMatchObject({
    reason: 'connect_timeout',
    phase: 'connect',
  });
});

test('a slow name takes its time from what is left for the connection', async () => {
  const dns = await opened.dns({ 'registry.example.org': ['127.0.0.1'] });
  const port = await opened.deafPort();
  const path = pathTo(`http://registry.example.org:${port}`, { dnsServers: [`127.0.0.1:${dns.port}`], family: 4 });
  // Ten minutes for both, of which the name takes all but 200 ms.
  const now = (): number => performance.now() + (dns.asked.length > 0 ? 599_800 : 0);
  const error = await failureOf(opened.transport(path, { connectTimeoutMs: 600_000, now }).exchange(get(path.origin)));
  expect(error).toMatchObject({ stage: 'connect', code: 'ETIMEDOUT', timer: 'connect' });
  expect(error.exchange?.opening?.dnsMs).toBeGreaterThan(599_000);
});

describe('own DNS servers', () => {
  test('are asked instead of the system, anew for each transport, and timed', async () => {
    const { port } = await echo();
    const dns = await opened.dns({ 'registry.example.org': ['127.0.0.1'] });
    const path = pathTo(`http://registry.example.org:${port}`, { dnsServers: [`127.0.0.1:${dns.port}`] });
    const first = await opened.transport(path).exchange(get(path.origin));
    expect(first.opening?.dnsMs).toBeGreaterThan(0);
    expect(dns.asked.toSorted()).toEqual(['A registry.example.org', 'AAAA registry.example.org']);
    await opened.transport(path).exchange(get(path.origin));
    expect(dns.asked).toHaveLength(4);
  });

  test('know that a name does not exist', async () => {
    const dns = await opened.dns({});
    const path = pathTo('http://missing.example.org', { dnsServers: [`127.0.0.1:${dns.port}`] });
    const error = await failureOf(opened.transport(path).exchange(get(path.origin)));
    expect(error).toMatchObject({ stage: 'dns', code: 'ENOTFOUND', timer: undefined });
    expect(error.exchange?.opening?.dnsMs).toBeGreaterThan(0);
  });

  test('that say nothing end with the connect timeout, and are asked no more', async () => {
    const dns = await opened.dns(undefined);
    const path = pathTo('http://slow.example.org', { dnsServers: [`127.0.0.1:${dns.port}`] });
    const transport = opened.transport(path, { connectTimeoutMs: 200 });
    const error = await failureOf(transport.exchange(get(path.origin)));
    expect(error).toMatchObject({ stage: 'dns', code: 'ETIMEDOUT', timer: 'dns' });
    expect(error.exchange?.opening?.dnsMs).toBeGreaterThan(0);
    expect(classify(error, { ...noContext, step: 'auth' })).toMatchObject({ reason: 'dns_failure', phase: 'dns' });
    // The resolver would repeat its question after two seconds.
    await expect
      .poll(() => process.getActiveResourcesInfo().filter((name) => name.startsWith('QueryReqWrap')))
      .toEqual([]);
  });
});

/** A CONNECT proxy that wants credentials, or none, and notes what it was asked. */
async function proxyServer(wanted?: string): Promise<Listening & { asked: string[] }> {
  const asked: string[] = [];
  const server = createServer();
  server.on('connect', (request, client: Socket, head: Buffer) => {
    client.on('error', () => {});
    asked.push(
      `${request.method} ${request.url} ${request.headers.host} ${request.headers['proxy-authorization'] ?? '-'}`,
    );
    if (wanted !== undefined && request.headers['proxy-authorization'] !== wanted) {
      client.write('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="squid"\r\n');
      client.end('Content-Length: 28\r\n\r\n<h1>Cache Access Denied</h1>');
      return;
    }
    const [host, port] = (request.url ?? '').split(':');
    const far = connect(Number(port), host, () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      far.write(head);
      far.pipe(client).pipe(far);
    });
    far.on('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    client.on('close', () => far.destroy());
  });
  const listening = await opened.listen(server);
  return { ...listening, asked };
}

describe('an HTTP proxy', () => {
  const credentials = { username: 'u', password: Secret.of('p:w') };
  const sent = `Basic ${btoa('u:p:w')}`;

  test('is asked for a tunnel to https, with credentials, which carries TLS', async () => {
    const proxy = await proxyServer(sent);
    const secure = await tlsServer(certificates.valid);
    const caFile = fileOf('proxy-ca.pem', certificates.ca.cert);
    const path = pathTo(`https://127.0.0.1:${secure.port}`, {
      proxy: { host: '127.0.0.1', port: proxy.port, ...credentials },
      tls: { ...strict, caFile },
    });
    const exchange = await opened.transport(path).exchange(get(path.origin));
    expect(exchange.connection).toMatchObject({ viaProxy: true, tls: { authorized: true } });
    expect(proxy.asked).toEqual([`CONNECT 127.0.0.1:${secure.port} 127.0.0.1:${secure.port} ${sent}`]);
  });

  test('is asked for http URLs itself, in absolute form, and what it answers is the answer', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers['proxy-authorization']}`);
      response.writeHead(request.method === 'PATCH' ? 413 : 200, { via: '1.1 squid.test' }).end();
    });
    const { port } = await opened.listen(server);
    const path = pathTo('http://registry.example.org:5000', { proxy: { host: '127.0.0.1', port, ...credentials } });
    const transport = opened.transport(path);
    const first = await transport.exchange(get(`${path.origin}/v2/?n=1`));
    expect(first.connection).toMatchObject({ viaProxy: true, remotePort: port });
    expect(first.requestHeaders).toEqual({});
    const second = await transport.exchange(get(path.origin, { method: 'PATCH', body: streamed(100_000) }));
    expect(second.response?.status).toBe(413);
    expect(asked).toEqual([
      `GET http://registry.example.org:5000/v2/?n=1 registry.example.org:5000 ${sent}`,
      `PATCH http://registry.example.org:5000/ registry.example.org:5000 ${sent}`,
    ]);
  });

  test('is asked for a tunnel to an http URL when connectTo names another address than the URL', async () => {
    const proxy = await proxyServer();
    const { port } = await echo();
    const path = pathTo('http://registry.example.org', {
      connectTo: { host: '127.0.0.1', port },
      proxy: { host: '127.0.0.1', port: proxy.port },
    });
    expect(await seenBy(path)).toMatchObject({ host: 'registry.example.org' });
    expect(proxy.asked).toEqual([`CONNECT 127.0.0.1:${port} 127.0.0.1:${port} -`]);
  });

  test('of the environment is chosen by URL', async () => {
    const proxy = await proxyServer();
    const secure = await tlsServer(certificates.valid);
    const caFile = fileOf('environment-ca.pem', certificates.ca.cert);
    const chosen: string[] = [];
    const environmentProxy = (url: URL): { host: string; port: number } | undefined => {
      chosen.push(url.origin);
      return url.protocol === 'https:' ? { host: '127.0.0.1', port: proxy.port } : undefined;
    };
    const origin = `https://127.0.0.1:${secure.port}`;
    const path = pathTo(origin, { environmentProxy, tls: { ...strict, caFile } });
    const plain = await echo();
    const transport = opened.transport(path);
    expect((await transport.exchange(get(origin))).connection?.viaProxy).toBe(true);
    expect((await transport.exchange(get(`http://127.0.0.1:${plain.port}`))).connection?.viaProxy).toBe(false);
    expect(chosen).toEqual([origin, `http://127.0.0.1:${plain.port}`]);
  });

  test('that refuses is named with its status, and the secret is not', async () => {
    const proxy = await proxyServer('Basic other');
    const path = pathTo('https://registry.example.org', {
      proxy: { host: '127.0.0.1', port: proxy.port, ...credentials },
    });
    const error = await failureOf(opened.transport(path).exchange(get(path.origin)));
    expect(error).toMatchObject({ stage: 'proxy', code: 'PROXY_407', proxyAnswer: { status: 407, complete: true } });
    expect(error.proxyAnswer?.headers['proxy-authenticate']).toEqual(['Basic realm="squid"']);
    expect(Buffer.from(error.proxyAnswer?.body ?? []).toString()).toBe('<h1>Cache Access Denied</h1>');
    expect(proxy.asked).toEqual([`CONNECT registry.example.org:443 registry.example.org:443 ${sent}`]);
    expect(JSON.stringify(classify(error, { ...noContext, step: 'auth' }))).not.toContain('p:w');
    expect(proxy.sockets.size).toBeLessThanOrEqual(1);
  });

  test('that never answers ends with the connect timeout', async () => {
    const silent = await opened.tcp((socket) => socket.resume());
    const path = pathTo('https://registry.example.org', { proxy: { host: '127.0.0.1', port: silent.port } });
    const error = await failureOf(opened.transport(path, { connectTimeoutMs: 150 }).exchange(get(path.origin)));
    expect(error).toMatchObject({ stage: 'connect', timer: 'connect' });
    expect(classify(error, { ...noContext, step: 'auth' })).toMatchObject({
      reason: 'connect_timeout',
      phase: 'connect',
      blame: 'client_network',
    });
    await expect.poll(() => silent.sockets.size).toBe(0);
  });
});

describe('one connection', () => {
  /** Opens a connection to a name that has these addresses; `reachable` says of names and addresses what is. */
  async function dialled(
    addresses: readonly string[],
    port: number,
    reachable: (host: string) => boolean,
    proxy?: { readonly host: string; readonly port: number },
  ) {
    const dns = await opened.dns({ 'store.test': addresses });
    const path = pathTo('http://registry.example.org', { dnsServers: [`127.0.0.1:${dns.port}`], family: 4 });
    const place = { secure: false, host: 'store.test', port, proxy, tunnel: false, mayReach: reachable };
    const times: OpeningTimes = {};
    const options = { httpVersion: '1.1', connectTimeoutMs: 60_000, tlsTimeoutMs: 60_000 } as const;
    const signal = new AbortController().signal;
    const result = dial(path, place, { ...options, now: () => performance.now(), signal }, times);
    return { result, times, asked: dns.asked };
  }

  test('goes to those addresses of a name alone that others may be led to', async () => {
    const { port } = await opened.tcp(() => {}, '127.0.0.2');
    const { result, times } = await dialled(['127.0.0.1', '127.0.0.2'], port, (host) => host !== '127.0.0.1');
    const { socket, facts } = await result;
    opened.own({ close: () => socket.destroy() });
    expect(facts).toMatchObject({ remoteAddress: '127.0.0.2', remotePort: port, family: 4, viaProxy: false });
    expect(facts.tls).toBeUndefined();
    expect(times.tried).toMatchObject([{ address: '127.0.0.2' }]);
  });

  test('goes to a proxy wherever that is', async () => {
    const { port } = await opened.tcp(() => {});
    const proxy = { host: '127.0.0.1', port };
    const { result } = await dialled(['127.0.0.2'], 1, (host) => host === 'store.test', proxy);
    const { socket, facts } = await result;
    opened.own({ close: () => socket.destroy() });
    expect(facts).toMatchObject({ remoteAddress: '127.0.0.1', remotePort: port, viaProxy: true });
  });

  test('has all its time, whatever the clock showed at its begin', async () => {
    const port = await opened.deafPort();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let nowMs = 1_000_000;
    const sockets: Socket[] = [];
    const place = { secure: false, host: '127.0.0.1', port, proxy: undefined, tunnel: false, mayReach: () => true };
    const options = { httpVersion: '1.1', connectTimeoutMs: 60_000, tlsTimeoutMs: 1, now: () => nowMs } as const;
    const times: OpeningTimes = {};
    const { signal } = new AbortController();
    const path = pathTo('http://127.0.0.1');
    const result = failureOf(dial(path, place, { ...options, signal, onSocket: (one) => sockets.push(one) }, times));
    while (sockets.length < 1) await turn();
    const pass = (ms: number): void => {
      nowMs += ms;
      vi.advanceTimersByTime(ms);
    };
    pass(59_999);
    expect(times.tried).toEqual([]);
    pass(1);
    expect(await result).toMatchObject({ stage: 'connect', code: 'ETIMEDOUT', timer: 'connect' });
    expect(times.tried).toMatchObject([{ code: 'ETIMEDOUT', ms: 60_000 }]);
  });

  test('is not opened to a name of which every address is forbidden, nor to a forbidden name', async () => {
    const words = (place: string): string =>
      `the answer leads to ${place}, which is no address for others: our own rule, no client's`;
    const forbidden = await dialled(['127.0.0.1'], 1, (host) => host === 'store.test');
    await expect(forbidden.result).rejects.toMatchObject({
      stage: 'connect',
      code: 'ADDRESS_FORBIDDEN',
      message: words('store.test (127.0.0.1)'),
    });
    expect(forbidden.times.tried).toBeUndefined();
    const unasked = await dialled(['127.0.0.1'], 1, () => false);
    await expect(unasked.result).rejects.toMatchObject({ message: words('store.test') });
    expect(unasked.asked).toEqual([]);
  });

  test('says which family of addresses, and which version of HTTP, was agreed on', async () => {
    const plain = await opened.tcp(() => {}, '::1');
    const origin = `http://[::1]:${plain.port}`;
    const six = await failureOf(opened.transport(pathTo(origin)).exchange(get(origin, { responseHeaderTimeoutMs: 1 })));
    expect(six.exchange?.connection).toMatchObject({ remoteAddress: '::1', family: 6, httpVersion: '1.1' });
    const server = createSecureServer(certificates.valid, (_request, response) => void response.end());
    const { port } = await opened.listen(server);
    const path = pathTo(`https://127.0.0.1:${port}`, { tls: { insecure: true, minVersion: 'TLSv1.2' } });
    const both = opened.transport(path, { httpVersion: 'h2-if-offered' });
    expect((await both.exchange(get(path.origin))).connection?.httpVersion).toBe('2');
  });
});

const certificates = createCertificates();
const strict = { insecure: false, minVersion: 'TLSv1.2' } as const;

interface SeenByTls extends Listening {
  readonly server: HttpsServer;
  /** SNI and the client certificate's common name of each request. */
  readonly seen: { servername: string | false; client: string | undefined }[];
}

async function tlsServer(identity: { cert: string; key: string }, options: object = {}): Promise<SeenByTls> {
  const seen: SeenByTls['seen'] = [];
  const server = createTlsServer({ ...identity, ...options }, (request, response) => {
    const socket = request.socket as TLSSocket & { servername: string | false };
    const subject = socket.getPeerCertificate().subject as { CN?: string } | undefined;
    seen.push({ servername: socket.servername, client: subject?.CN });
    response.end('ok');
  });
  server.on('tlsClientError', () => {});
  const listening = await opened.listen(server);
  return { port: listening.port, sockets: listening.sockets, accepted: 0, server, seen };
}

describe('TLS', () => {
  let caFile: string;
  beforeAll(() => (caFile = fileOf('ca.pem', certificates.ca.cert)));

  test('SNI and the name to expect are those of the URL, wherever connectTo leads', async () => {
    const server = await tlsServer(certificates.wrongName);
    const path = pathTo('https://other.example.org', {
      connectTo: { host: '127.0.0.1', port: server.port },
      tls: { ...strict, caFile },
    });
    const { connection, opening } = await opened.transport(path).exchange(get(path.origin));
    expect(server.seen).toEqual([{ servername: 'other.example.org', client: undefined }]);
    expect(connection?.tls).toMatchObject({ version: 'TLSv1.3', issuer: 'blobprobe demo CA', authorized: true });
    expect(opening?.tlsMs).toBeGreaterThan(0);
  });

  test('serverName replaces both', async () => {
    const server = await tlsServer(certificates.wrongName);
    const origin = `https://127.0.0.1:${server.port}`;
    const tls = { ...strict, caFile };
    const wrong = await failureOf(opened.transport(pathTo(origin, { tls })).exchange(get(origin)));
    expect(wrong).toMatchObject({ stage: 'tls', code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    const named = pathTo(origin, { tls: { ...tls, serverName: 'other.example.org' } });
    await opened.transport(named).exchange(get(origin));
    expect(server.seen).toEqual([{ servername: 'other.example.org', client: undefined }]);
  });

  test('insecure takes any certificate and says so', async () => {
    const server = await tlsServer(certificates.selfSigned);
    const origin = `https://127.0.0.1:${server.port}`;
    const path = pathTo(origin, { tls: { ...strict, insecure: true } });
    const { connection } = await opened.transport(path).exchange(get(origin));
    expect(connection?.tls).toMatchObject({ authorized: false });
  });

  test('the CA file is read anew for each connection', async () => {
    const second = createAuthority('second CA');
    const file = fileOf('rotating.pem', second.cert);
    const server = await tlsServer(certificates.valid);
    const origin = `https://127.0.0.1:${server.port}`;
    const path = pathTo(origin, { tls: { ...strict, caFile: file } });
    const transport = opened.transport(path);
    expect(await failureOf(transport.exchange(get(origin)))).toMatchObject({ stage: 'tls' });
    fileOf('rotating.pem', certificates.ca.cert);
    expect((await transport.exchange(get(origin))).response?.status).toBe(200);
    rmSync(file);
    expect(await failureOf(opened.transport(path).exchange(get(origin)))).toMatchObject({
      stage: 'tls',
      code: 'ENOENT',
    });
  });

  test('a client certificate is shown to the own host only', async () => {
    const client = certificates.ca.issue({ names: ['probe.example.org'], usage: 'client' });
    const certFile = fileOf('client.pem', client.cert);
    const keyFile = fileOf('client.key', client.key);
    const options = { requestCert: true, rejectUnauthorized: false, ca: certificates.ca.cert };
    const own = await tlsServer(certificates.valid, options);
    const other = await tlsServer(certificates.valid, options);
    const path = pathTo(`https://127.0.0.1:${own.port}`, { tls: { ...strict, caFile, certFile, keyFile } });
    const transport = opened.transport(path);
    await transport.exchange(get(path.origin));
    await transport.exchange(get(`https://127.0.0.1:${other.port}`));
    expect(own.seen).toMatchObject([{ client: 'probe.example.org' }]);
    expect(other.seen).toEqual([{ servername: false, client: undefined }]);
  });

  test('the minimum version is kept to', async () => {
    const server = await tlsServer(certificates.valid, { maxVersion: 'TLSv1.2' });
    const origin = `https://127.0.0.1:${server.port}`;
    const old = await opened.transport(pathTo(origin, { tls: { ...strict, caFile } })).exchange(get(origin));
    expect(old.connection?.tls?.version).toBe('TLSv1.2');
    const path = pathTo(origin, { tls: { ...strict, caFile, minVersion: 'TLSv1.3' } });
    const error = await failureOf(opened.transport(path).exchange(get(origin)));
    expect(error).toMatchObject({ stage: 'tls', timer: undefined });
    expect(classify(error, { ...noContext, step: 'auth' })).toMatchObject({ reason: 'tls_failure', phase: 'tls' });
  });

  test('a handshake that never ends is ended by our own timer', async () => {
    const silent = await opened.tcp((socket) => socket.resume());
    const path = pathTo(`https://127.0.0.1:${silent.port}`, { tls: { ...strict, caFile } });
    const error = await failureOf(opened.transport(path, { tlsTimeoutMs: 150 }).exchange(get(path.origin)));
    expect(error).toMatchObject({ stage: 'tls', code: 'ETIMEDOUT', timer: 'tls' });
    expect(error.exchange?.opening?.tlsMs).toBeGreaterThan(0);
    expect(classify(error, { ...noContext, step: 'auth' })).toMatchObject({
      reason: 'tls_failure',
      phase: 'tls',
      blame: 'ingress',
    });
    await expect.poll(() => silent.sockets.size).toBe(0);
  });
});
