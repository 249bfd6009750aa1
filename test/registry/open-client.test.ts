import { createSecureServer } from 'node:http2';
import { afterEach, describe, expect, test } from 'vitest';
import { type Exchange, NetworkError } from '../../src/network/exchange.ts';
import { Redactor } from '../../src/network/secrets/redactor.ts';
import { WireMeter } from '../../src/network/wire-meter.ts';
import { clientProfiles } from '../../src/probe/clients/client-profiles.ts';
import {
  authorizerOf,
  type ClientManners,
  type OpenClient,
  type OpenClientOptions,
  openRegistryClient,
  openTransport,
} from '../../src/registry/open-client.ts';
import { alice, aliceBasic, serve, serveTokenRegistry, tokenRequests } from '../support/auth-fixture.ts';
import { createCertificates } from '../support/certificates.ts';
import { pathTo } from '../support/paths.ts';
import { get, Opened, streamed } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

/** Learns to log in from GET /v2/ alone, and calls itself by one name everywhere. */
const manners: ClientManners = {
  userAgent: 'client/1',
  httpVersion: '1.1',
  requestHeaders: { 'x-client': 'c', 'accept-encoding': 'gzip' },
  tokens: { ...clientProfiles.docker.tokens, learnsFrom: 'ping' },
};
const target = { name: 'r', repository: 'team/app', credentials: alice, cleanup: 'delete' } as const;
const basicChallenge = { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } };

function open(origin: string, changes: Partial<OpenClientOptions> = {}): OpenClient {
  return opened.own(
    openRegistryClient({
      path: pathTo(origin),
      target,
      client: manners,
      redactor: new Redactor(),
      nowMs: () => performance.now(),
      signal: new AbortController().signal,
      ...changes,
    }),
  );
}

/** One GET below the repository; the status that came. */
async function ask(client: OpenClient): Promise<number | undefined> {
  const url = client.url('tags/list');
  const accepted = [200, 202, 401];
  const { response } = await client.send({ step: 'pull', method: 'GET', url, actions: ['pull'], accepted });
  return response?.status;
}

describe('who asks', () => {
  test('the registry gets its name and all its headers, the token service its name and what its transport adds', async () => {
    const server = opened.own(await serveTokenRegistry());
    expect(await ask(open(server.origin))).toBe(202);
    const [registry, tokens] = [server.seen[0], tokenRequests(server)[0]];
    expect(registry?.target).toBe('/v2/team/app/tags/list');
    expect(registry?.headers).toMatchObject({ 'user-agent': 'client/1', 'x-client': 'c', 'accept-encoding': 'gzip' });
    expect(tokens?.headers).toMatchObject({ 'user-agent': 'client/1', 'accept-encoding': 'gzip' });
    expect(tokens?.headers).not.toHaveProperty('x-client');
  });

  test('a client that closes each connection closes that to the token service as well', async () => {
    const server = opened.own(await serveTokenRegistry());
    await ask(open(server.origin, { client: { ...manners, requestHeaders: { connection: 'close' } } }));
    expect(tokenRequests(server)[0]?.headers.connection).toBe('close');
  });

  test('a name of its own for the token service goes there alone', async () => {
    const server = opened.own(await serveTokenRegistry());
    await ask(open(server.origin, { client: { ...manners, tokens: { ...manners.tokens, userAgent: 'inner/2' } } }));
    expect(tokenRequests(server).map(({ headers }) => headers['user-agent'])).toEqual(['inner/2']);
    expect(server.seen[0]?.headers['user-agent']).toBe('client/1');
  });
});

describe('a login', () => {
  const basic = () =>
    serve(({ authorization }) => (authorization === aliceBasic ? { status: 200 } : basicChallenge)).then((server) =>
      opened.own(server),
    );

  test('is learned from any 401: nobody pings for a client of its own', async () => {
    expect(await ask(open((await basic()).origin))).toBe(200);
  });

  test('is learned as the client does, by an authorization that is handed in', async () => {
    const server = await basic();
    const path = pathTo(server.origin);
    const redactor = new Redactor();
    const client = open(server.origin, {
      authorizer: (transport) => authorizerOf({ path, target, client: manners, redactor }, transport),
    });
    await expect(ask(client)).rejects.toMatchObject({ name: 'AuthError' });
    expect(server.seen).toHaveLength(1);
  });

  test('is told of where its realm leads elsewhere, and its token is a secret before anything is sent with it', async () => {
    const server = opened.own(
      await serveTokenRegistry({
        realm: 'http://elsewhere.example.org/token',
        token: () => ({ body: { token: 'canary-token' } }),
      }),
    );
    const path = pathTo(server.origin, { realm: 'rewrite' });
    const redactor = new Redactor();
    const transport = opened.transport(path);
    const facts: unknown[] = [];
    const client = { ...manners, tokens: clientProfiles.containerd.tokens };
    const authorizer = authorizerOf({ path, target, client, redactor }, transport, (fact) => facts.push(fact));
    const refused = await transport.exchange(get(`${server.origin}/v2/`));
    expect(await authorizer.challenged(refused, ['pull'], new AbortController().signal)).toBe(true);
    expect(redactor.redact('canary-token')).toBe('<secret>');
    const host = 'elsewhere.example.org';
    expect(facts).toEqual([{ kind: 'foreign_realm', host, treatment: 'rewritten' }]);
  });

  test('whose token is old by the clock is renewed before the next request', async () => {
    const old = { token: 'token-1', issued_at: '2020-01-01T00:00:00Z' };
    const server = opened.own(await serveTokenRegistry({ token: () => ({ body: old }) }));
    const client = open(server.origin);
    await ask(client);
    await ask(client);
    // For each sending with a token, of which the first is the second one of its request.
    expect(tokenRequests(server)).toHaveLength(3);
  });

  test('and the headers of the path are known as secrets when their exchange is told of', async () => {
    const server = await basic();
    const redactor = new Redactor();
    const shown: string[] = [];
    const client = open(server.origin, {
      path: pathTo(server.origin, { headers: { 'x-access': 'canary-access' } }),
      redactor,
      onExchange: ({ response }) => shown.push(redactor.redact(`${response?.status} canary-access`)),
    });
    await ask(client);
    expect(shown).toEqual(['401 <secret>', '200 <secret>']);
    expect(redactor.redact(aliceBasic)).not.toContain(aliceBasic.slice('Basic '.length));
  });
});

describe('how it waits and refuses', () => {
  test('no longer for an answer than the client does', async () => {
    const silent = await opened.tcp((socket) => socket.resume());
    const origin = `http://127.0.0.1:${silent.port}`;
    const error: unknown = await ask(open(origin, { client: { ...manners, responseHeaderTimeoutMs: 1 } })).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(NetworkError);
    expect(error).toMatchObject({ stage: 'wait', timer: 'response_header' });
  });

  test('the Locations that the client refuses', async () => {
    const refusesLocation = (): string => 'no';
    const client = open('https://registry.example.org', { client: { ...manners, refusesLocation } });
    expect(client.refusesLocation).toBe(refusesLocation);
    expect(client.path.origin).toBe('https://registry.example.org');
    expect(open('https://registry.example.org').refusesLocation).toBeUndefined();
  });

  test('its connections end with it', async () => {
    const server = await opened.tcp((socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')),
    );
    const client = open(`http://127.0.0.1:${server.port}`);
    expect(await ask(client)).toBe(200);
    const ends = [...server.sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
    expect(ends).toHaveLength(1);
    await client.close();
    await Promise.all(ends);
  });
});

describe('what its connections tell', () => {
  test('clock, pacer, meter, progress, kernel and exchange are those that it was given', async () => {
    const server = opened.own(await serve(() => ({ status: 201 })));
    const exchanges: Exchange[] = [];
    const progress: number[] = [];
    const paced: number[] = [];
    const asked: unknown[] = [];
    const wire = new WireMeter();
    let ms = 1e9;
    const transport = opened.own(
      openTransport({
        path: pathTo(server.origin),
        client: manners,
        redactor: new Redactor(),
        nowMs: () => (ms += 1),
        wire,
        pacer: { take: async (bytes) => void paced.push(bytes) },
        onProgress: (sentBytes) => progress.push(sentBytes),
        readTcpInfo: (socket) => void asked.push(socket.remotePort),
        onExchange: (exchange) => exchanges.push(exchange),
      }),
    );
    const sizeBytes = 100_000;
    const sent = await transport.exchange(get(server.origin, { method: 'PUT', body: streamed(sizeBytes, true) }));
    expect(exchanges).toEqual([sent]);
    expect(sent.startedAtMs).toBeGreaterThan(1e9);
    expect(paced.reduce((sum, bytes) => sum + bytes, 0)).toBe(sizeBytes);
    expect(progress.at(-1)).toBe(sizeBytes);
    expect(wire.bytes).toBeGreaterThan(sizeBytes);
    expect(asked).toContain(Number(new URL(server.origin).port));
  });

  test.each([
    ['1.1', '1.1'],
    ['h2-if-offered', '2'],
  ] as const)('a client of HTTP/%s speaks %s where HTTP/2 is offered', async (httpVersion, spoken) => {
    const server = createSecureServer({ ...createCertificates().valid, allowHTTP1: true }, (_request, response) =>
      response.end(),
    );
    const { port } = await opened.listen(server);
    const origin = `https://127.0.0.1:${port}`;
    const path = pathTo(origin, { tls: { insecure: true, minVersion: 'TLSv1.2' } });
    const client = { ...manners, httpVersion };
    const transport = opened.own(
      openTransport({ path, client, redactor: new Redactor(), nowMs: () => performance.now() }),
    );
    expect((await transport.exchange(get(origin))).connection?.httpVersion).toBe(spoken);
  });
});
