import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { hashSync } from 'bcryptjs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { webConfigReader } from '../../src/config/web-config.ts';
import { createAuthority, createCertificates } from '../../src/demo/certificates.ts';
import type { ServerDeps } from '../../src/server/deps.ts';
import { createHttp2Server } from '../../src/server/http2-server.ts';
import { type Listening, listenOn } from '../../src/server/listen.ts';
import { buildServer } from '../../src/server/server.ts';
import { startServer } from '../../src/server/start.ts';
import type { WebConfig } from '../../src/server/web-config.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { serverDeps, tlsWith } from './server-fixtures.ts';

const certificates = createCertificates();
const client = certificates.ca.issue({ names: ['scraper.example.org'], usage: 'client' });
const stranger = createAuthority('a stranger').issue({ names: ['localhost'], usage: 'client' });

const tls = tlsWith(certificates.valid);
const web: WebConfig = { http2: true, headers: {}, users: new Map(), tls };

const toEnd: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of toEnd.splice(0).toReversed()) await end();
});

async function serve(webConfig: () => WebConfig = () => web, changes: Partial<ServerDeps> = {}): Promise<number> {
  const deps = serverDeps({ webConfig, ...changes });
  return listening(await startServer(buildServer(deps), [{ host: '127.0.0.1', port: 0 }], deps));
}

function listening(one: Listening): number {
  toEnd.push(() => one.close(0));
  return one.addresses[0]!.port;
}

/** A session once the server has accepted it; rejects when it does not. */
async function open(port: number, options: SecureClientSessionOptions = {}): Promise<ClientHttp2Session> {
  const session = connect(`https://127.0.0.1:${port}`, { ca: certificates.ca.cert, ...options });
  toEnd.push(() => session.destroy());
  session.on('error', () => {});
  await Promise.race([
    once(session, 'remoteSettings'),
    once(session, 'close').then(() => Promise.reject(new Error('refused'))),
  ]);
  return session;
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

async function ask(
  session: ClientHttp2Session,
  path: string,
  headers: OutgoingHttpHeaders = {},
  body?: string,
): Promise<Answer> {
  const stream = session.request({ ':path': path, ...headers }, { endStream: body === undefined });
  if (body !== undefined) stream.end(body);
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const answered = once(stream, 'response') as Promise<[IncomingHttpHeaders & { ':status': number }]>;
  // A stream that the other side cancels closes without an error.
  const closed = once(stream, 'close').then(() => Promise.reject(new Error('closed without an answer')));
  const [answer] = await Promise.race([answered, closed]);
  await closed.catch(() => {});
  return { status: answer[':status'], headers: answer, text: Buffer.concat(chunks).toString() };
}

function serialOf(session: ClientHttp2Session): string | undefined {
  return (session.socket as TLSSocket).getPeerX509Certificate()?.serialNumber;
}

describe('HTTP/2', () => {
  test('serves pages, metrics, errors and HEAD, with the headers of HTTP/1.1', async () => {
    const session = await open(await serve());
    const metrics = await ask(session, '/metrics');
    expect(metrics).toMatchObject({ status: 200, text: '# text\n' });
    expect(metrics.headers['x-content-type-options']).toBe('nosniff');
    expect(await ask(session, '/')).toMatchObject({ status: 200, text: expect.stringContaining('</html>') });
    expect(await ask(session, '/', { ':method': 'HEAD' })).toMatchObject({ status: 200, text: '' });
    expect(await ask(session, '/none')).toMatchObject({ status: 404 });
    expect(await ask(session, '/metrics', { ':method': 'DELETE' })).toMatchObject({ status: 405 });
    expect(await ask(session, '/metrics', { 'accept-encoding': 'gzip' })).toMatchObject({
      headers: { 'content-encoding': 'gzip' },
    });
  });

  test('a body arrives; what another site makes a browser send is refused', async () => {
    const reload = async () => ({ ok: true, message: 'configuration loaded' });
    const port = await serve(undefined, { reload });
    const session = await open(port);
    const post = { ':method': 'POST', 'content-type': 'text/plain' };
    expect(await ask(session, '/-/reload', post, 'ignored')).toMatchObject({ status: 200 });
    expect(await ask(session, '/-/reload', { ...post, origin: `https://127.0.0.1:${port}` })).toMatchObject({
      status: 200,
    });
    expect(await ask(session, '/-/reload', { ...post, origin: 'https://evil.example' })).toMatchObject({ status: 403 });
  });

  test('is not offered with http2: false', async () => {
    const port = await serve(() => ({ ...web, http2: false }));
    const offered = { ca: certificates.ca.cert, ALPNProtocols: ['h2', 'http/1.1'] };
    const socket = connectTls({ host: '127.0.0.1', port, ...offered });
    toEnd.push(() => void socket.destroy());
    await once(socket, 'secureConnect');
    expect(socket.alpnProtocol).not.toBe('h2');
  });

  test('a new certificate is for new sessions; those that are open go on', async () => {
    let current = web;
    const port = await serve(() => current);
    const before = await open(port);
    const renewed = certificates.ca.issue({ names: ['127.0.0.1'] });
    current = {
      ...web,
      tls: tlsWith(renewed),
    };
    const after = await open(port);
    expect(serialOf(after)).not.toBe(serialOf(before));
    expect(await ask(before, '/-/healthy')).toMatchObject({ status: 200 });
    expect(await ask(after, '/-/healthy')).toMatchObject({ status: 200 });
  });

  test('a client without a valid certificate gets no session', async () => {
    const clientCa = { kind: 'inline', text: certificates.ca.cert } as const;
    const port = await serve(() => ({
      ...web,
      tls: { ...tls, clientCa, clientAuth: 'RequireAndVerifyClientCert' },
    }));
    await expect(open(port)).rejects.toThrow('refused');
    await expect(open(port, { cert: stranger.cert, key: stranger.key })).rejects.toThrow('refused');
    const session = await open(port, { cert: client.cert, key: client.key });
    expect(await ask(session, '/-/healthy')).toMatchObject({ status: 200 });
  });

  test('the rate limit counts the requests of one session', async () => {
    const session = await open(await serve(() => ({ ...web, rateLimit: { intervalMs: 3_600_000, burst: 2 } })));
    const answers = await Promise.all([1, 2, 3, 4].map(() => ask(session, '/-/healthy')));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429]);
  });

  test('what is no HTTP/2 ends its own connection only', async () => {
    const port = await serve();
    const socket = connectTls({ host: '127.0.0.1', port, ca: certificates.ca.cert, ALPNProtocols: ['h2'] });
    socket.on('error', () => {}).resume();
    await once(socket, 'secureConnect');
    socket.write(Buffer.alloc(1_000, 0xff));
    await once(socket, 'close');
    expect(await ask(await open(port), '/-/healthy')).toMatchObject({ status: 200 });
  });
});

describe('the end of HTTP/2', () => {
  const certificate = { cert: certificates.valid.cert, key: certificates.valid.key };

  test('a request that never ends is cut, and the session goes on', async () => {
    const server = createHttp2Server(certificate, (request, response) => {
      request.resume().once('end', () => response.end('whole'));
    });
    server.requestTimeout = 50;
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    toEnd.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const session = await open((server.address() as { port: number }).port);
    const endless = session.request({ ':method': 'POST', ':path': '/' }, { endStream: false });
    endless.on('error', () => {});
    endless.write('a');
    await once(endless, 'close');
    expect(endless.rstCode).not.toBe(0);
    expect(await ask(session, '/', { ':method': 'POST' }, 'b')).toMatchObject({ status: 200, text: 'whole' });
  });

  test('an answer that takes longer than a request may is given', async () => {
    const port = listening(
      await listenOn({
        addresses: [{ host: '127.0.0.1', port: 0 }],
        handler: (_request, response) => void setTimeout(() => response.end('late'), 100),
        makeServer: (handler) => {
          const server = createHttp2Server(certificate, handler);
          // Frozen at a time that the answer exceeds.
          Object.defineProperty(server, 'requestTimeout', { get: () => 20, set: () => {} });
          return server;
        },
      }),
    );
    expect(await ask(await open(port), '/')).toMatchObject({ status: 200, text: 'late' });
  });

  test('a session without requests ends, one whose answer takes longer does not', async () => {
    const port = listening(
      await listenOn({
        addresses: [{ host: '127.0.0.1', port: 0 }],
        handler: (_request, response) => void setTimeout(() => response.end('late'), 900),
        makeServer: (handler) => createHttp2Server(certificate, handler, 300),
      }),
    );
    const [used, idle] = [await open(port), await open(port)];
    const answer = ask(used, '/');
    await once(idle, 'close');
    expect(await answer).toMatchObject({ status: 200, text: 'late' });
    await once(used, 'close');
  });

  /** A server that answers when it is told to, and a request that has arrived there. */
  async function requestUnderWay() {
    const arrivals = new EventEmitter<{ arrival: [{ end(text: string): unknown }] }>();
    const one = await listenOn({
      addresses: [{ host: '127.0.0.1', port: 0 }],
      handler: (_request, response) => void arrivals.emit('arrival', response),
      makeServer: (handler) => createHttp2Server(certificate, handler),
    });
    const session = await open(one.addresses[0]!.port);
    const arrival = once(arrivals, 'arrival');
    const asked = ask(session, '/');
    const [response] = (await arrival) as [{ end(text: string): unknown }];
    return { one, session, asked, response };
  }

  test('closing lets the request under way end and takes no new one', async () => {
    const { one, session, asked, response } = await requestUnderWay();
    const told = once(session, 'goaway');
    const closed = one.close(10_000);
    await told;
    response.end('done');
    expect(await asked).toMatchObject({ status: 200, text: 'done' });
    await closed;
  });

  test('closing without grace cuts what is open', async () => {
    const { one, session, asked } = await requestUnderWay();
    const refused = asked.catch((error: unknown) => String(error));
    const cut = once(session, 'close');
    await one.close(50);
    await cut;
    expect(await refused).toBe('Error: closed without an answer');
  });
});

describeWithComponents(['curl'], 'curl and a web configuration file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'blobprobe-curl-'));
    writeFileSync(join(folder, 'ca.crt'), certificates.ca.cert);
    writeFileSync(join(folder, 'server.crt'), certificates.valid.cert);
    writeFileSync(join(folder, 'server.key'), certificates.valid.key);
    for (const [name, one] of Object.entries({ client, stranger })) {
      writeFileSync(join(folder, `${name}.pem`), one.cert + one.key);
    }
    toEnd.push(() => rmSync(folder, { recursive: true }));
  });

  /** Serves with this file; the certificate's section is added. Gives a curl that answers `VERSION STATUS`, or `refused`. */
  async function withFile(text: string, ofTls = ''): Promise<(...options: string[]) => Promise<string>> {
    const file = join(folder, 'web.yml');
    writeFileSync(file, `tls_server_config: { cert_file: server.crt, key_file: server.key${ofTls} }\n${text}`);
    const port = await serve(webConfigReader(file));
    const always = ['--silent', '--output', '/dev/null', '--write-out', '%{http_version} %{http_code}'];
    return async (...options) => {
      const args = [...always, '--cacert', 'ca.crt', ...options, `https://127.0.0.1:${port}/metrics`];
      const curl = spawn(requireComponent('curl'), args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
      let printed = '';
      curl.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
      const [code] = (await once(curl, 'close')) as [number];
      return code === 0 ? printed : 'refused';
    };
  }

  test('HTTP/2 for those who offer it, HTTP/1.1 for others, and for all with http2: false', async () => {
    const curl = await withFile('');
    expect(await curl()).toBe('2 200');
    expect(await curl('--http2')).toBe('2 200');
    expect(await curl('--http1.1')).toBe('1.1 200');
    expect(await curl('--no-alpn')).toBe('1.1 200');
    const without = await withFile('http_server_config: { http2: false }');
    expect(await without('--http2')).toBe('1.1 200');
  });

  describe.each([
    ['--http1.1', '1.1'],
    ['--http2', '2'],
  ])('%s', (flag, version) => {
    test('wrong and right users', async () => {
      const curl = await withFile(`basic_auth_users: { alice: "${hashSync('right', 4)}" }`);
      expect(await curl(flag)).toBe(`${version} 401`);
      expect(await curl(flag, '--user', 'alice:wrong')).toBe(`${version} 401`);
      expect(await curl(flag, '--user', 'bob:right')).toBe(`${version} 401`);
      expect(await curl(flag, '--user', 'alice:right')).toBe(`${version} 200`);
    });

    test('client certificates', async () => {
      const curl = await withFile('', ', client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert');
      expect(await curl(flag)).toBe('refused');
      expect(await curl(flag, '--cert', 'stranger.pem')).toBe('refused');
      expect(await curl(flag, '--cert', 'client.pem')).toBe(`${version} 200`);
      const named = (name: string) =>
        withFile(
          '',
          `, client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert, client_allowed_sans: [${name}]`,
        );
      expect(await (await named('other.example.org'))(flag, '--cert', 'client.pem')).toBe('refused');
      expect(await (await named('scraper.example.org'))(flag, '--cert', 'client.pem')).toBe(`${version} 200`);
    });

    test('the rate limit', async () => {
      const curl = await withFile('rate_limit: { interval: 1h, burst: 2 }');
      expect([await curl(flag), await curl(flag), await curl(flag)]).toEqual([
        `${version} 200`,
        `${version} 200`,
        `${version} 429`,
      ]);
    });
  });
});
