import { get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Listening, listenOn, parseListenAddress } from '../../src/server/listen.ts';

describe('parseListenAddress', () => {
  test.each([
    [':10719', { port: 10719 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:9000', { host: '::1', port: 9000 }],
    ['[fe80::1%eth0]:9000', { host: 'fe80::1%eth0', port: 9000 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
  ])('%s', (text, expected) => {
    expect(parseListenAddress(text)).toEqual(expected);
  });

  test.each(['', '10719', 'localhost', ':', '::1:9000', ':65536', ':-1', '[::1]', 'a b:1', ':80/metrics', '[x]:1'])(
    '"%s" is refused',
    (text) => {
      expect(() => parseListenAddress(text)).toThrow(
        `expected host:port with a port up to 65535, such as :10719, 127.0.0.1:10719 or [::1]:10719, got ${JSON.stringify(text)}`,
      );
    },
  );
});

test('the limit on connections is one for all addresses', async () => {
  const listening = await listenOn({
    addresses: [parseListenAddress('127.0.0.1:0'), parseListenAddress('127.0.0.1:0')],
    handler: (_request, response) => response.end(),
    limits: { connections: 2 },
  });
  const [first = 0, second = 0] = listening.addresses.map(({ port }) => port);
  /** Resolves with what became of a connection: it was answered, or closed. */
  const tried = async (port: number): Promise<'answered' | 'closed'> => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
    return new Promise((resolve) => {
      socket.once('data', () => resolve('answered'));
      socket.once('error', () => {});
      socket.once('close', () => resolve('closed'));
    });
  };
  const sockets: Socket[] = [];
  try {
    expect([await tried(first), await tried(second)]).toEqual(['answered', 'answered']);
    expect([await tried(first), await tried(second)]).toEqual(['closed', 'closed']);
  } finally {
    for (const socket of sockets) socket.destroy();
    await listening.close(0);
  }
});

describe('listenOn', () => {
  let listening: Listening | undefined;
  afterEach(() => listening?.close(0));

  test('serves all its addresses and lets a request under way end', async () => {
    let answer = (): void => {};
    const waiting = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let arrived = (): void => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    listening = await listenOn({
      addresses: [parseListenAddress('127.0.0.1:0'), parseListenAddress('127.0.0.1:0')],
      handler: (request, response) => {
        if (request.url === '/slow') {
          arrived();
          void waiting.then(() => response.end('late'));
        } else {
          response.end('at once');
        }
      },
    });
    expect(listening.addresses).toHaveLength(2);
    const [first, second] = listening.addresses.map(({ port }) => port);
    expect(first).not.toBe(second);
    expect(await body(second!, '/')).toBe('at once');
    const slow = body(first!, '/slow');
    await arrival;
    const closed = listening.close(5_000);
    answer();
    expect(await slow).toBe('late');
    await closed;
    await expect(body(first!, '/')).rejects.toThrow('ECONNREFUSED');
  });

  test('leaves no address open when one is taken, and says which', async () => {
    listening = await listenOn({ addresses: [parseListenAddress('127.0.0.1:0')], handler: (_, r) => r.end() });
    const taken = listening.addresses[0]!.port;
    const free = await listenOn({ addresses: [parseListenAddress('127.0.0.1:0')], handler: (_, r) => r.end() });
    const freed = free.addresses[0]!.port;
    await free.close();
    const addresses = [freed, taken].map((port) => ({ host: '127.0.0.1', port }));
    await expect(listenOn({ addresses, handler: (_, r) => r.end() })).rejects.toThrow(
      `EADDRINUSE: address already in use 127.0.0.1:${taken}`,
    );
    await expect(body(freed, '/')).rejects.toThrow('ECONNREFUSED');
  });
});

function body(port: number, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve(text));
      response.on('error', reject);
    }).on('error', reject);
  });
}
