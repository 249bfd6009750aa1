import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { openTunnel } from '../../src/network/proxy.ts';
import { pathTo } from '../support/paths.ts';
import { failureOf, get, Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

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

test.each([300, 302, 399, 404, 502])('a proxy that answers CONNECT with %d gives no tunnel', async (status) => {
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

test('what comes right behind the 200 is the first that the tunnel brings', async () => {
  const { port } = await proxyThatSays('HTTP/1.1 200 Connection established\r\n\r\nfirst words');
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
