import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Exchange, HttpRequest } from '../../src/network/exchange.ts';
import type { NetworkPath } from '../../src/network/path.ts';
import { createTransport, type Transport } from '../../src/network/transport.ts';
import { transportDefaults } from '../../src/network/transport-options.ts';
import { pathTo } from '../support/paths.ts';
import { failureOf, get, Opened } from '../support/servers.ts';

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

function transportTo(path: NetworkPath): Transport {
  const transport = createTransport(path, { ...transportDefaults, httpVersion: '1.1', now: () => performance.now() });
  open.push(transport);
  return transport;
}

async function serve(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('close', () => sockets.delete(socket))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function streamed(url: string, sizeBytes: number, changes: Partial<HttpRequest> = {}): HttpRequest {
  const chunk = Buffer.alloc(32 * 1024, 7);
  return {
    method: 'PATCH',
    url: new URL(url),
    headers: {},
    body: {
      kind: 'stream',
      sizeBytes,
      declareLength: false,
      *chunks() {
        for (let left = sizeBytes; left > 0; left -= chunk.length)
          yield chunk.subarray(0, Math.min(left, chunk.length));
      },
    },
    signal: new AbortController().signal,
    ...changes,
  };
}

const megabyte = 1024 * 1024;

test('a kept connection that the server has closed meanwhile is not used again', async () => {
  const sockets: Socket[] = [];
  const tcp = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {}).on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
  });
  const origin = await serve(tcp);
  const transport = transportTo(pathTo(origin));
  const ask = (): HttpRequest => streamed(`${origin}/v2/`, 1, { method: 'POST', body: undefined });
  await transport.exchange(ask());
  sockets[0]?.destroy();
  const again = await transport.exchange(ask());
  expect([again.response?.status, again.socketReused, sockets.length]).toEqual([200, false, 2]);
  const kept = await transport.exchange(ask());
  expect([kept.socketReused, sockets.length]).toEqual([true, 2]);
});

describe('connections', () => {
  const opened = new Opened();
  afterEach(() => opened.closeAll());

  /** A server that answers when it is told to. */
  async function waiting() {
    const responses: ServerResponse[] = [];
    // A server that never ends what is idle.
    const options = { keepAliveTimeout: 0 };
    const server = await opened.listen(createServer(options, (_, response) => void responses.push(response)));
    const answer = async (request: number): Promise<unknown> => {
      await expect.poll(() => responses.length).toBeGreaterThanOrEqual(request);
      return responses[request - 1]?.end();
    };
    return { server, answer, origin: `http://127.0.0.1:${server.port}` };
  }

  test('are as many as requests at a time, and taken again once they are idle', async () => {
    const { server, answer, origin } = await waiting();
    const transport = opened.transport(pathTo(origin));
    const first = transport.exchange(get(`${origin}/1`));
    const second = transport.exchange(get(`${origin}/2`));
    await answer(1);
    await answer(2);
    const used = await Promise.all([first, second]);
    expect(new Set(used.map(({ connection }) => connection?.id))).toEqual(new Set([1, 2]));
    expect(used.map(({ socketReused }) => socketReused)).toEqual([false, false]);
    const third = transport.exchange(get(`${origin}/3`));
    await answer(3);
    expect(await third).toMatchObject({ socketReused: true, connection: used[0]?.connection });
    expect(server.accepted).toBe(2);
  });

  test('are one a server, and end with the transport, which opens others when it is used again', async () => {
    const [own, other] = [await waiting(), await waiting()];
    const transport = opened.transport(pathTo(own.origin, { allowHosts: [`127.0.0.1:${other.server.port}`] }));
    const ask = async ({ origin, answer }: typeof own, request: number): Promise<unknown> => {
      const asked = transport.exchange(get(origin));
      await answer(request);
      const { socketReused, connection } = await asked;
      return [connection?.id, socketReused];
    };
    expect([await ask(own, 1), await ask(other, 1), await ask(own, 2)]).toEqual([
      [1, false],
      [2, false],
      [1, true],
    ]);
    await transport.close();
    await expect.poll(() => own.server.sockets.size + other.server.sockets.size).toBe(0);
    expect(await ask(own, 3)).toEqual([3, false]);
  });

  test('that nobody takes end the exchange with what is known of it', async () => {
    const { server, origin } = await waiting();
    await opened.closeAll();
    const { stage, code, exchange } = await failureOf(opened.transport(pathTo(origin)).exchange(get(origin)));
    expect([stage, code, exchange?.url.href]).toEqual(['connect', 'ECONNREFUSED', `${origin}/`]);
    expect(server.accepted).toBe(0);
  });
});

describe('early responses', () => {
  for (const ending of ['rst', 'fin', 'keeps reading'] as const) {
    test(`a 413 sent while the body streams is kept when the server ends with: ${ending}`, async () => {
      for (let round = 0; round < 20; round += 1) {
        const tcp = createTcpServer((socket) => {
          let got = 0;
          socket.on('error', () => {});
          socket.on('data', (data) => {
            const before = got;
            got += data.length;
            if (before < 2 * megabyte && got >= 2 * megabyte) {
              socket.write(
                'HTTP/1.1 413 Payload Too Large\r\nServer: nginx\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig',
              );
              if (ending === 'rst') setTimeout(() => socket.resetAndDestroy(), 0);
              if (ending === 'fin') {
                socket.pause();
                socket.end();
                setTimeout(() => socket.destroy(), 5);
              }
            }
          });
        });
        const transport = transportTo(pathTo(await serve(tcp)));
        const exchange = await transport.exchange(
          streamed(`http://127.0.0.1:${(tcp.address() as AddressInfo).port}/x`, 64 * megabyte),
        );
        expect(exchange.response?.status).toBe(413);
        expect(exchange.early).toBe(true);
        expect(exchange.sentBytes).toBeGreaterThan(megabyte);
        expect(exchange.sentBytes).toBeLessThan(64 * megabyte);
      }
    });
  }
});

describe('timing and counting', () => {
  test('send, wait and reuse are told apart', async () => {
    const seen: (string | undefined)[] = [];
    const origin = await serve(
      createServer((request, response) => {
        seen.push(request.headers['transfer-encoding'], request.headers['content-length']);
        request.resume().on('end', () => setTimeout(() => response.writeHead(202).end('ok'), 60));
      }),
    );
    const transport = transportTo(pathTo(origin));
    const first = await transport.exchange(streamed(`${origin}/a`, 3 * megabyte));
    const second = await transport.exchange({
      ...streamed(`${origin}/b`, 0),
      method: 'HEAD',
      body: { kind: 'bytes', bytes: new Uint8Array() },
    });
    const third = await transport.exchange(streamed(`${origin}/c`, 10));
    expect(first).toMatchObject({
      sentBytes: 3 * megabyte,
      plannedBytes: 3 * megabyte,
      early: false,
      socketReused: false,
    });
    expect(first.waitMs).toBeGreaterThan(0);
    expect(first.opening?.connectMs).toBeGreaterThan(0);
    expect(first.opening?.dnsMs).toBeUndefined();
    expect([second.socketReused, third.socketReused]).toEqual([true, true]);
    expect(third.connection?.id).toBe(1);
    expect(third.sentBytes).toBe(10);
    expect(seen.slice(0, 2)).toEqual(['chunked', undefined]);
  });
});

test('a server that speaks before it is asked is asked once, on one connection', async () => {
  let accepted = 0;
  const origin = await serve(
    createTcpServer((socket) => {
      accepted += 1;
      socket.on('error', () => {}).write('SSH-2.0-OpenSSH_9.2\r\n');
    }),
  );
  const asked = transportTo(pathTo(origin)).exchange(streamed(`${origin}/a`, 10));
  await expect(asked).rejects.toMatchObject({ name: 'NetworkError' });
  expect(accepted).toBe(1);
});

describe('silence before a pull is cut', () => {
  /** Ends of the rests that the rate asks for. */
  const goOn: (() => void)[] = [];
  /** Time that passes without anybody waiting for it. */
  let skippedMs = 0;

  /** Bytes of a blob come; then `meanwhile`, while nothing is read; then `after`, once it is read on. The server cuts in one of them. */
  async function cut(steps: Record<'meanwhile' | 'after', (socket: Socket) => void>): Promise<Exchange> {
    const sockets: Socket[] = [];
    const origin = await serve(
      createTcpServer((socket) => {
        sockets.push(socket);
        socket
          .on('error', () => {})
          .on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfirst'));
      }),
    );
    const rest = (): Promise<void> => {
      steps.meanwhile(sockets[0]!);
      return new Promise((resolve) => goOn.push(resolve));
    };
    const transport = createTransport(pathTo(origin), {
      ...transportDefaults,
      httpVersion: '1.1',
      now: () => performance.now() + skippedMs,
      pacer: { take: rest },
    });
    open.push(transport);
    const request = { method: 'GET', body: undefined, onResponseChunk: () => undefined };
    const asked = transport.exchange(streamed(`${origin}/blob`, 0, request));
    await vi.waitFor(() => expect(goOn).toHaveLength(1), { timeout: 10_000 });
    if (!sockets[0]!.destroyed) {
      goOn.pop()?.();
      await new Promise((resolve) => setImmediate(resolve));
      steps.after(sockets[0]!);
    }
    return asked.finally(() => goOn.splice(0));
  }

  const pass = (): void => void (skippedMs += 60_000);

  test('is none of the peer while nothing is read, for the sake of the rate', async () => {
    const meanwhile = (socket: Socket): void => {
      pass();
      socket.resetAndDestroy();
    };
    const { response, silentMs } = await cut({ meanwhile, after: () => {} });
    expect(response?.bodyBytes).toBe(5);
    expect(silentMs).toBeLessThan(30_000);
  });

  test('begins anew when it is read on', async () => {
    const { silentMs } = await cut({ meanwhile: pass, after: (socket) => socket.resetAndDestroy() });
    expect(silentMs).toBeLessThan(30_000);
  });

  test('is the peer’s when nothing comes after that', async () => {
    const after = (socket: Socket): void => {
      pass();
      socket.resetAndDestroy();
    };
    const { silentMs } = await cut({ meanwhile: () => {}, after });
    expect(silentMs).toBeGreaterThanOrEqual(60_000);
  });
});
