import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { type Exchange, type HttpResponse, NetworkError } from '../../src/network/exchange.ts';
import { openTunnel, proxyAuthorization, proxyFor, unlessRefused } from '../../src/network/proxy.ts';
import { Secret } from '../../src/network/secrets/secret.ts';
import { pathTo } from '../support/paths.ts';
import { failureOf, get, Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => {
  vi.useRealTimers();
  return opened.closeAll();
});

/** A proxy that gives this answer to whatever it is asked, and the first lines of what it was asked. */
async function proxyThatSays(answer: string): Promise<{ port: number; asked: string[] }> {
  const asked: string[] = [];
  const { port } = await opened.tcp((socket) => {
    socket.once('data', (data) => {
      asked.push(data.toString('latin1').split('\r\n')[0] ?? '');
      socket.write(answer);
    });
  });
  return { port, asked };
}

test.each([101, 300, 302, 399, 404, 502])('a proxy that answers CONNECT with %d gives no tunnel', async (status) => {
  const { port } = await proxyThatSays(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
  const path = pathTo('https://registry.example.org', { proxy: { host: '127.0.0.1', port } });
  const error = await failureOf(opened.transport(path).exchange(get(path.origin)));
  expect(error).toMatchObject({ stage: 'proxy', code: `PROXY_${status}` });
});

test('an IPv6 address stands in brackets in CONNECT', async () => {
  const { port, asked } = await proxyThatSays('HTTP/1.1 502 X\r\nContent-Length: 0\r\n\r\n');
  const path = pathTo('https://[2001:db8::7]:8443', { proxy: { host: '127.0.0.1', port } });
  await failureOf(opened.transport(path).exchange(get(path.origin)));
  expect(asked).toEqual(['CONNECT [2001:db8::7]:8443 HTTP/1.1']);
});

test.each([200, 299])('what comes right behind the %d is the first that the tunnel brings', async (status) => {
  const { port } = await proxyThatSays(`HTTP/1.1 ${status} Connection established\r\n\r\nfirst words`);
  const tunnel = await openTunnel(connect(port, '127.0.0.1'), { host: '127.0.0.1', port }, 'registry.example.org:443');
  const [data] = await new Promise<[Buffer]>((resolve) => tunnel.once('data', (chunk: Buffer) => resolve([chunk])));
  expect(data.toString()).toBe('first words');
  tunnel.destroy();
});

test('a connection on which the peer speaks before it is asked is not followed by a second one', async () => {
  const words = 'HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n';
  const { port, asked } = await proxyThatSays(`HTTP/1.1 200 Connection established\r\n\r\n${words}`);
  const path = pathTo('http://registry.example.org', {
    proxy: { host: '127.0.0.1', port },
    connectTo: { host: 'registry.example.org', port: 80 },
  });
  const error = await failureOf(opened.transport(path).exchange(get(path.origin)));
  expect(error).toMatchObject({ stage: 'wait', code: 'ANSWER_BEFORE_REQUEST' });
  expect(asked).toEqual(['CONNECT registry.example.org:80 HTTP/1.1']);
});

test('what a proxy says meanwhile is no answer to CONNECT', async () => {
  const { port } = await proxyThatSays(
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hint\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\n\r\nfirst words',
  );
  const tunnel = await openTunnel(connect(port, '127.0.0.1'), { host: '127.0.0.1', port }, 'registry.example.org:443');
  const [data] = await new Promise<[Buffer]>((resolve) => tunnel.once('data', (chunk: Buffer) => resolve([chunk])));
  expect(data.toString()).toBe('first words');
  tunnel.destroy();
});

test('and the refusal after it is the one that is told', async () => {
  const { port } = await proxyThatSays('HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno');
  const path = pathTo('https://registry.example.org', { proxy: { host: '127.0.0.1', port } });
  const error = await failureOf(opened.transport(path).exchange(get(path.origin)));
  expect(error).toMatchObject({ code: 'PROXY_403', proxyAnswer: { status: 403, complete: true } });
});

test.each(['http://127.0.0.1:1', 'http://s3.localhost', 'http://169.254.169.254', 'http://metadata.google.internal'])(
  'a proxy is not asked for %s when only an answer named it',
  async (url) => {
    const { port, asked } = await proxyThatSays('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    const path = pathTo('http://registry.example.org', { proxy: { host: '127.0.0.1', port } });
    const transport = opened.transport(path);
    await transport.exchange(get(path.origin));
    expect(await failureOf(transport.exchange(get(url)))).toMatchObject({ code: 'ADDRESS_FORBIDDEN' });
    expect(asked).toHaveLength(1);
  },
);

test('a proxy is the one of the path, or the one that the environment has for the URL', () => {
  const url = new URL('https://registry.example.org');
  const [own, other] = [
    { host: 'own.test', port: 1 },
    { host: 'other.test', port: 2 },
  ];
  const path = pathTo(url.origin, { proxy: own });
  expect(proxyFor(path, url)).toBe(own);
  expect(proxyFor({ ...path, environmentProxy: () => other }, url)).toBe(other);
  expect(proxyFor({ ...path, environmentProxy: () => undefined }, url)).toBeUndefined();
  const unusable = (): never => {
    throw new Error('HTTPS_PROXY names a socks5 proxy');
  };
  expect(() => proxyFor({ ...path, environmentProxy: unusable }, url)).toThrow(
    expect.objectContaining({
      stage: 'proxy',
      code: 'PROXY_UNUSABLE',
      message: 'HTTPS_PROXY names a socks5 proxy',
    }) as Error,
  );
});

test('credentials go to a proxy where there are some; a password may be empty', () => {
  const proxy = { host: 'own.test', port: 1 };
  expect(proxyAuthorization(proxy)).toBeUndefined();
  expect(proxyAuthorization({ ...proxy, username: 'u' })).toBe(`Basic ${btoa('u:')}`);
  expect(proxyAuthorization({ ...proxy, username: 'u', password: Secret.of('pä:w') })).toBe('Basic dTpww6Q6dw==');
});

test('only the 407 of a proxy that is spoken to itself is no answer of the registry', () => {
  const answered = (status: number): Exchange => ({ response: { status } as HttpResponse }) as Exchange;
  const proxy = { host: 'own.test', port: 1 };
  for (const one of [answered(403), answered(502), {} as Exchange]) expect(unlessRefused(proxy, one)).toBe(one);
  const refused = unlessRefused(proxy, answered(407));
  expect(refused.response).toBeUndefined();
  expect(refused.error).toBeInstanceOf(NetworkError);
  expect(refused.error).toMatchObject({
    stage: 'proxy',
    code: 'PROXY_407',
    message: 'proxy own.test:1 passed nothing on: PROXY_407',
    proxyAnswer: { status: 407 },
  });
  expect(refused.error?.exchange).toBe(refused);
});

/** A turn of the event loop in which the other side reads. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 4; turn += 1) await nextTurn();
};

test.each([
  ['with its length', 'Content-Length: 10\r\n', true],
  ['that ends with the connection', '', false],
])('a page that comes after its head, in two pieces, is told of whole: %s', async (_what, length, complete) => {
  // However long the pieces take, the wait for them is not over.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { port } = await opened.tcp((socket) => {
    socket
      .on('error', () => {})
      .once('data', () => {
        void (async () => {
          for (const piece of [`HTTP/1.1 403 No\r\n${length}\r\n`, 'go ', 'away at']) {
            socket.write(piece);
            await turns();
          }
          if (!complete) socket.end();
        })();
      });
  });
  const asked = openTunnel(connect(port, '127.0.0.1'), { host: '127.0.0.1', port }, 'registry.example.org:443');
  const { proxyAnswer } = await failureOf(asked);
  expect(Buffer.from(proxyAnswer?.body ?? []).toString()).toBe('go away at');
  expect([proxyAnswer?.bodyBytes, proxyAnswer?.complete]).toEqual([10, complete]);
});

test('a proxy with a login is sent it with CONNECT', async () => {
  const heads: string[] = [];
  const { port } = await opened.tcp((socket) => {
    socket.once('data', (data) => {
      heads.push(data.toString('latin1'));
      socket.write('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n');
    });
  });
  for (const login of [{}, { username: 'u', password: Secret.of('p') }])
    await failureOf(openTunnel(connect(port, '127.0.0.1'), { host: '127.0.0.1', port, ...login }, 'r.test:443'));
  expect(heads.map((head) => /^proxy-authorization: (.*)\r$/im.exec(head)?.[1])).toEqual([
    undefined,
    `Basic ${btoa('u:p')}`,
  ]);
  expect(heads[0]).toMatch(/^CONNECT r\.test:443 HTTP\/1\.1\r\nhost: r\.test:443\r\n/i);
});

/** What an endpoint is told of a proxy that refuses with this page, and then does this. */
async function refusalOf(page: string, then: (socket: Socket) => void = () => {}): Promise<HttpResponse | undefined> {
  // How long the rest of a page is waited for is not what ends these.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const { port } = await opened.tcp((socket) => {
    socket.on('error', () => {}).once('data', () => socket.write(`HTTP/1.1 403 No\r\n${page}`, () => then(socket)));
  });
  const asked = openTunnel(connect(port, '127.0.0.1'), { host: '127.0.0.1', port }, 'registry.example.org:443');
  return (await failureOf(asked)).proxyAnswer;
}

test('of a page its first 4 KiB are kept', async () => {
  const whole = await refusalOf(`Content-Length: 6000\r\n\r\n${'a'.repeat(6_000)}`);
  expect(whole?.body).toHaveLength(4_096);
  expect(whole?.bodyBytes).toBeGreaterThanOrEqual(4_096);
  expect(await refusalOf(`Content-Length: 4096\r\n\r\n${'a'.repeat(4_096)}`)).toMatchObject({
    bodyBytes: 4_096,
    complete: true,
  });
});

test('a page that is cut, or has no length, is told of as far as it came', async () => {
  const cut = await refusalOf('Content-Length: 9\r\n\r\npage', (socket) => socket.end());
  expect([Buffer.from(cut?.body ?? []).toString(), cut?.bodyBytes, cut?.complete]).toEqual(['page', 4, false]);
  const reset = await refusalOf('Content-Length: 9\r\n\r\npage', (socket) => socket.resetAndDestroy());
  expect([reset?.status, reset?.complete]).toEqual([403, false]);
  const open = await refusalOf('X-A: 1\r\nX-A: 2\r\n\r\npage', (socket) => socket.end());
  expect([Buffer.from(open?.body ?? []).toString(), open?.complete]).toEqual(['page', false]);
  expect(open?.headers).toEqual({ 'x-a': ['1', '2'] });
});

test('a proxy that hangs up before it answers has given no tunnel', async () => {
  const { port } = await opened.tcp((socket) => socket.once('data', () => socket.end()));
  const asked = openTunnel(connect(port, '127.0.0.1'), { host: '127.0.0.1', port }, 'registry.example.org:443');
  expect(await failureOf(asked)).toMatchObject({
    stage: 'proxy',
    code: 'ECONNRESET',
    message: `proxy 127.0.0.1:${port} gave no tunnel: ECONNRESET`,
    proxyAnswer: undefined,
  });
});
