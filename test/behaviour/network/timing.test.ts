import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { atBearablePace } from '../../support/pace.ts';
import { pathTo } from '../../support/paths.ts';
import { failureOf, get, Opened, streamed } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

/** How late the process may be in these tests, whose delays are 100 ms and more apart. */
const bearableLagMs = 20;

/** The delay that was put in; what begins or ends it may be noticed late by what the pace bears. */
function expectDelay(measuredMs: number | undefined, injectedMs: number, pace: number): void {
  expect(measuredMs).toBeGreaterThanOrEqual(injectedMs * pace - bearableLagMs * pace);
  expect(measuredMs).toBeLessThan(injectedMs * pace + 3 * bearableLagMs * pace);
}

/** A test at the pace that this process can keep. */
function atPace(work: (pace: number) => Promise<void>): () => Promise<void> {
  return () => atBearablePace(bearableLagMs, work);
}

/** Answers once the request line and, for a body, the last chunk is there. */
async function rawServer(answer: (socket: Socket) => unknown): Promise<string> {
  const { port } = await opened.tcp((socket) => {
    socket.on('data', (data) => {
      if (data.toString('latin1').endsWith('\r\n\r\n')) void answer(socket);
    });
  });
  return `http://127.0.0.1:${port}`;
}

const later = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

describe('phases against injected delays', () => {
  test(
    'an answer that takes its time is wait, a body that does is receive',
    atPace(async (pace) => {
      const origin = await rawServer(async (socket) => {
        await later(120 * pace);
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
        await later(150 * pace);
        socket.write('cd');
      });
      const exchange = await opened.transport(pathTo(origin)).exchange(get(origin));
      expectDelay(exchange.waitMs, 120, pace);
      expectDelay(exchange.receiveMs, 150, pace);
      expect(exchange.sendMs).toBeLessThan(100 * pace);
      expect(exchange.early).toBe(false);
    }),
  );

  test(
    'a reader that pauses makes send longer, not wait',
    atPace(async (pace) => {
      const { port } = await opened.listen(
        createServer((request, response) => {
          request.once('data', () => {
            request.pause();
            setTimeout(() => request.resume(), 200 * pace);
          });
          request.on('end', () => response.writeHead(202).end());
        }),
      );
      const url = `http://127.0.0.1:${port}/`;
      const exchange = await opened
        .transport(pathTo(`http://127.0.0.1:${port}`))
        .exchange(get(url, { method: 'PATCH', body: streamed(30_000_000) }));
      expect(exchange.sendMs).toBeGreaterThanOrEqual((200 - bearableLagMs) * pace);
      expect(exchange.waitMs).toBeLessThan((200 - bearableLagMs) * pace);
      expect(exchange.sentBytes).toBe(30_000_000);
    }),
  );

  test(
    'a slow name is dns',
    atPace(async (pace) => {
      const dns = await opened.dns({ 'registry.example.org': ['127.0.0.1'] }, 150 * pace);
      const { port } = await opened.listen(createServer((_request, response) => response.end()));
      const path = pathTo(`http://registry.example.org:${port}`, { dnsServers: [`127.0.0.1:${dns.port}`], family: 4 });
      const exchange = await opened.transport(path).exchange(get(path.origin));
      expectDelay(exchange.opening?.dnsMs, 150, pace);
      expect(exchange.opening?.connectMs).toBeLessThan(100 * pace);
    }),
  );
});

describe('our own timers', () => {
  test(
    'the header timer runs from the last byte on',
    atPace(async (pace) => {
      const origin = await rawServer(() => {});
      const request = get(origin, { method: 'PATCH', body: streamed(100_000), responseHeaderTimeoutMs: 150 * pace });
      const error = await failureOf(opened.transport(pathTo(origin)).exchange(request));
      expect(error).toMatchObject({ stage: 'wait', code: 'RESPONSE_HEADER_TIMEOUT', timer: 'response_header' });
      expectDelay(error.exchange?.waitMs, 150, pace);
    }),
  );

  test(
    'the header timer does not run while the body is sent',
    atPace(async (pace) => {
      const { port } = await opened.listen(
        createServer((request, response) => {
          request.pause();
          setTimeout(() => request.resume().on('end', () => response.end('ok')), 300 * pace);
        }),
      );
      const url = `http://127.0.0.1:${port}/`;
      const exchange = await opened
        .transport(pathTo(`http://127.0.0.1:${port}`))
        .exchange(get(url, { method: 'PUT', body: streamed(30_000_000, true), responseHeaderTimeoutMs: 150 * pace }));
      expect(exchange.response?.status).toBe(200);
    }),
  );

  test(
    'the stall timer ends a body that nobody takes',
    atPace(async (pace) => {
      const { port } = await opened.tcp((socket) => socket.pause());
      const origin = `http://127.0.0.1:${port}`;
      const request = get(origin, { method: 'PATCH', body: streamed(50_000_000), stallTimeoutMs: 300 * pace });
      const error = await failureOf(opened.transport(pathTo(origin)).exchange(request));
      expect(error).toMatchObject({ stage: 'send', code: 'STALLED', timer: 'stall' });
      expect(error.exchange?.sendMs).toBeGreaterThanOrEqual((300 - bearableLagMs) * pace);
      expect(error.exchange?.sentBytes).toBeGreaterThan(0);
      expect(error.exchange?.sentBytes).toBeLessThan(50_000_000);
    }),
  );

  test(
    'the stall timer leaves a slow body alone',
    atPace(async (pace) => {
      const { port } = await opened.listen(
        createServer((request, response) => {
          request.on('data', () => {
            request.pause();
            setTimeout(() => request.resume(), 3);
          });
          request.on('end', () => response.end());
        }),
      );
      const origin = `http://127.0.0.1:${port}`;
      const request = get(origin, { method: 'PATCH', body: streamed(8_000_000), stallTimeoutMs: 800 * pace });
      expect((await opened.transport(pathTo(origin)).exchange(request)).response?.status).toBe(200);
    }),
  );

  test(
    'a body that never ends is cut by the body timer, and what came of it counts',
    atPace(async (pace) => {
      const origin = await rawServer((socket) => {
        socket.write('HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n');
        const timer = setInterval(() => socket.write('1\r\nx\r\n'), 20);
        socket.on('close', () => clearInterval(timer));
      });
      const exchange = await opened.transport(pathTo(origin), { bodyTimeoutMs: 200 * pace }).exchange(get(origin));
      expect(exchange.response).toMatchObject({ status: 500, complete: false });
      expect(exchange.error).toMatchObject({ timer: 'body', code: 'BODY_TIMEOUT' });
      expectDelay(exchange.receiveMs, 200, pace);
    }),
  );
});

describe('connections', () => {
  test(
    'are kept and counted, and not used again after the idle time',
    atPace(async (pace) => {
      const server = await opened.listen(createServer((_request, response) => response.end()));
      const origin = `http://127.0.0.1:${server.port}`;
      const transport = opened.transport(pathTo(origin), { idleTimeoutMs: 150 * pace });
      const first = await transport.exchange(get(origin));
      const second = await transport.exchange(get(origin));
      await later(400 * pace);
      const third = await transport.exchange(get(origin));
      expect([first, second, third].map((e) => e.socketReused)).toEqual([false, true, false]);
      expect([first, second, third].map((e) => e.connection?.id)).toEqual([1, 1, 2]);
      expect(second.opening).toBeUndefined();
      expect(server.accepted).toBe(2);
    }),
  );

  test('that the server closes after its answer are replaced', async () => {
    const server = await opened.listen(
      createServer((_request, response) => response.setHeader('Connection', 'close').end('ok')),
    );
    const origin = `http://127.0.0.1:${server.port}`;
    const transport = opened.transport(pathTo(origin));
    await transport.exchange(get(origin));
    expect((await transport.exchange(get(origin))).socketReused).toBe(false);
    expect(server.accepted).toBe(2);
  });

  test('end with the transport', async () => {
    const server = await opened.listen(createServer((_request, response) => response.end()));
    const origin = `http://127.0.0.1:${server.port}`;
    const transport = opened.transport(pathTo(origin));
    await transport.exchange(get(origin));
    expect(server.sockets.size).toBe(1);
    await transport.close();
    await expect.poll(() => server.sockets.size).toBe(0);
  });
});
