import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { type Exchange, type HttpRequest, NetworkError } from '../../src/network/exchange.ts';
import { whySendAgain } from '../../src/network/send-again.ts';
import type { Transport } from '../../src/network/transport.ts';
import { pathTo } from '../support/paths.ts';
import { failureOf, get, type Listening, Opened, streamed } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';

interface Scene {
  readonly origin: string;
  readonly server: Listening;
  readonly seen: Exchange[];
  readonly transport: Transport;
  /** The first line of each request, with the connection that it came over. */
  readonly asked: string[];
}

/** A server that does this with what comes over a connection, request by request, counted from 1. */
async function serve(
  onRequest: (socket: Socket, request: number) => void,
  options: { now?: () => number } = {},
): Promise<Scene> {
  const asked: string[] = [];
  let connections = 0;
  const server = await opened.tcp((socket) => {
    connections += 1;
    const connection = connections;
    let request = 0;
    socket.on('data', (data) => {
      const line = /^([A-Z]+ \S+) HTTP\/1\.1\r\n/.exec(data.toString('latin1'))?.[1];
      if (line === undefined) return;
      request += 1;
      asked.push(`${connection} ${line}`);
      onRequest(socket, request);
    });
  });
  const origin = `http://127.0.0.1:${server.port}`;
  const seen: Exchange[] = [];
  const onExchange = (exchange: Exchange): number => seen.push(exchange);
  return { origin, server, seen, asked, transport: opened.transport(pathTo(origin), { onExchange, ...options }) };
}

const endings: Readonly<Record<string, (socket: Socket) => unknown>> = {
  'a FIN': (socket) => socket.end(),
  'a RST': (socket) => socket.resetAndDestroy(),
};

/** The first request of a connection is answered; the next one ends it. */
const onceThen = (ending: (socket: Socket) => unknown, connections = 1) => {
  let ended = 0;
  return (socket: Socket, request: number): void => {
    if (request === 1) socket.write(ok);
    else if (ended++ < connections) ending(socket);
    else socket.write(ok);
  };
};

describe.each(Object.entries(endings))('a kept connection that ends in %s at its next request', (_name, ending) => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])(
    '%s is sent again over a new one, and both tries are told',
    async (method) => {
      const { origin, transport, seen, asked } = await serve(onceThen(ending));
      await transport.exchange(get(origin));
      const exchange = await transport.exchange(get(`${origin}/v2/`, { method }));
      expect(asked).toEqual(['1 GET /', `1 ${method} /v2/`, `2 ${method} /v2/`]);
      expect(exchange).toMatchObject({
        response: { status: 200 },
        socketReused: false,
        sentAgain: 'kept_connection_closed',
      });
      const [first, failed, second] = seen;
      expect([first?.sentAgain, failed?.sentAgain, second]).toEqual([undefined, undefined, exchange]);
      expect(failed).toMatchObject({ socketReused: true, response: undefined, error: { stage: 'wait' } });
      // Each has its own time, one after the other: none of it is lost, and none counted twice.
      expect(failed?.endedAtMs).toBeLessThanOrEqual(exchange.startedAtMs);
      expect(failed?.waitMs).toBeGreaterThan(0);
      expect(exchange.opening?.connectMs).toBeGreaterThan(0);
    },
  );

  test.each<[string, Partial<HttpRequest>]>([
    ['a POST', { method: 'POST' }],
    ['a DELETE', { method: 'DELETE' }],
    ['a PUT with its bytes', { method: 'PUT', body: { kind: 'bytes', bytes: Buffer.from('{}') } }],
    ['a body that streams', { method: 'PATCH', body: streamed(100_000) }],
    ['a body that streams and can be read again', { method: 'PUT', body: streamed(100_000, true), resendBody: true }],
  ])('%s is not', async (_what, changes) => {
    const { origin, transport, seen, asked } = await serve(onceThen(ending));
    await transport.exchange(get(origin));
    const failure = await failureOf(transport.exchange(get(origin, changes)));
    expect(failure.code).toMatch(/^(?:UND_ERR_SOCKET|ECONNRESET|EPIPE)$/);
    expect([seen.length, asked.length]).toEqual([2, 2]);
  });

  test.each(['Idempotency-Key', 'x-idempotency-key'])('a POST with %s is', async (name) => {
    const { origin, transport, asked } = await serve(onceThen(ending));
    await transport.exchange(get(origin));
    const request = get(origin, { method: 'POST', headers: { [name]: '1' } });
    expect((await transport.exchange(request)).response?.status).toBe(200);
    expect(asked).toEqual(['1 GET /', '1 POST /', '2 POST /']);
  });
});

test('a connection that was opened for the request gets no second chance', async () => {
  const { origin, transport, server, seen } = await serve((socket) => socket.destroy());
  expect(await failureOf(transport.exchange(get(origin)))).toMatchObject({ stage: 'wait' });
  expect([server.accepted, seen.length]).toEqual([1, 1]);
});

test('nor does the new one, when it ends as well', async () => {
  const { origin, transport, server, seen } = await serve((socket) => {
    if (server.accepted === 1 && seen.length === 0) socket.write(ok);
    else socket.destroy();
  });
  await transport.exchange(get(origin));
  const failure = await failureOf(transport.exchange(get(origin)));
  expect(failure.exchange).toMatchObject({ socketReused: false, sentAgain: 'kept_connection_closed' });
  expect([server.accepted, seen.length]).toEqual([2, 3]);
});

test.each([
  ['a byte of it', 'H'],
  ['a head that is not whole', 'HTTP/1.1 200 OK\r\n'],
  ['an informational one', 'HTTP/1.1 102 Processing\r\n\r\n'],
])('an answer that had begun is not asked for again: %s', async (_what, beginning) => {
  for (const ending of Object.values(endings)) {
    const { origin, transport, server } = await serve((socket, request) => {
      if (request === 1) socket.write(ok);
      else socket.write(beginning, () => setTimeout(ending, 20, socket));
    });
    await transport.exchange(get(origin));
    await failureOf(transport.exchange(get(origin)));
    expect(server.accepted).toBe(1);
  }
});

test('our own patience is no closed connection', async () => {
  const { origin, transport, server } = await serve((socket, request) => request === 1 && socket.write(ok));
  await transport.exchange(get(origin));
  const failure = await failureOf(transport.exchange(get(origin, { responseHeaderTimeoutMs: 50 })));
  expect([failure.timer, server.accepted]).toEqual(['response_header', 1]);
  await transport.exchange(get(origin));
  const ending = new AbortController();
  const aborted = failureOf(transport.exchange(get(origin, { signal: ending.signal })));
  setTimeout(() => ending.abort(), 50);
  expect([(await aborted).code, server.accepted]).toEqual(['ABORTED', 2]);
});

describe('a kept connection that is reset before anything of the request was written', () => {
  /** The clock is asked when a request begins and again as it is written: at that moment the server resets. */
  async function resetAt(moment: number, changes: Partial<HttpRequest>): Promise<Scene & { run: Promise<Exchange> }> {
    let left = 0;
    const now = (): number => {
      left -= 1;
      if (left === 0) for (const socket of scene.server.sockets) socket.resetAndDestroy();
      return performance.now();
    };
    const scene = await serve((socket) => socket.write(ok), { now });
    await scene.transport.exchange(get(scene.origin));
    left = moment;
    return { ...scene, run: scene.transport.exchange(get(scene.origin, changes)) };
  }

  test.each<[string, Partial<HttpRequest>]>([
    ['a POST', { method: 'POST' }],
    ['a PUT with its bytes', { method: 'PUT', body: { kind: 'bytes', bytes: Buffer.alloc(100_000) } }],
    ['a body that streams', { method: 'PATCH', body: streamed(100_000) }],
  ])('before its turn came: %s is sent again', async (_what, changes) => {
    const { run, seen } = await resetAt(1, changes);
    expect(await run).toMatchObject({ response: { status: 200 }, sentAgain: 'kept_connection_closed' });
    expect(seen[1]).toMatchObject({ sentBytes: 0, error: { code: 'ECONNRESET' } });
    expect(seen[1]?.sendMs).toBeUndefined();
  });

  test.each<[string, Partial<HttpRequest>]>([
    ['a POST', { method: 'POST' }],
    ['a PUT with its bytes', { method: 'PUT', body: { kind: 'bytes', bytes: Buffer.alloc(4_000) } }],
  ])('as it is written: %s is sent again', async (_what, changes) => {
    const { run, seen, server } = await resetAt(2, changes);
    expect(await run).toMatchObject({ response: { status: 200 }, sentAgain: 'kept_connection_closed' });
    expect(seen[1]).toMatchObject({ socketReused: true, error: { cause: { syscall: 'write' } } });
    expect(server.accepted).toBe(2);
  });

  test.each<[string, Partial<HttpRequest>]>([
    ['a body that streams', { method: 'PATCH', body: streamed(100_000) }],
    ['one that streams and can be read again', { method: 'PUT', body: streamed(100_000, true), resendBody: true }],
    ['one that may have gone out in part', { method: 'PUT', body: { kind: 'bytes', bytes: Buffer.alloc(100_000) } }],
  ])('as it is written: %s is not', async (_what, changes) => {
    const { run, server } = await resetAt(2, changes);
    expect((await failureOf(run)).exchange?.socketReused).toBe(true);
    expect(server.accepted).toBe(1);
  });
});

describe('the rule, by what is known of the try', () => {
  const aborted = AbortSignal.abort();
  const cause = Object.assign(new Error('write EPIPE'), { syscall: 'write' });
  const bytes = (sizeBytes: number) => ({ kind: 'bytes', bytes: Buffer.alloc(sizeBytes) }) as const;
  const failure = (changes: Partial<ConstructorParameters<typeof NetworkError>[0]> = {}): NetworkError =>
    new NetworkError({ stage: 'wait', code: 'ECONNRESET', message: '', ...changes });
  const kept = {
    connection: { httpVersion: '1.1' },
    socketReused: true,
    sendMs: 1,
    plannedBytes: 0,
    offeredBytes: 0,
    error: failure(),
  };
  const again = 'kept_connection_closed';
  test.each<[string, Partial<HttpRequest>, object, string | undefined]>([
    ['a GET', {}, {}, again],
    ['one that ended well', {}, { error: undefined }, undefined],
    ['one of which nobody knows the answer’s head', {}, { answerHead: undefined }, again],
    ['one with an answer', {}, { response: { status: 200 } }, undefined],
    ['one that was to end', { signal: aborted }, {}, undefined],
    ['one that we ended', {}, { error: failure({ code: 'ABORTED' }) }, undefined],
    ['one that our timer ended, whatever its code', {}, { error: failure({ timer: 'stall' }) }, undefined],
    ['one whose connection timed out', {}, { error: failure({ code: 'ETIMEDOUT' }) }, again],
    ['one over a connection of its own', {}, { socketReused: false }, undefined],
    ['one in HTTP/2', {}, { connection: { httpVersion: '2' } }, undefined],
    ['one without a connection', {}, { connection: undefined }, undefined],
    ['one that never began', { method: 'POST' }, { sendMs: undefined }, again],
    [
      'one whose connection never came about',
      {},
      { sendMs: undefined, opening: {}, connection: undefined, socketReused: false },
      undefined,
    ],
    ['one that the server did not look at', {}, { error: failure({ code: 'HTTP2_NOT_PROCESSED' }) }, 'not_processed'],
    ['a GET whose body streams', { body: streamed(5) }, {}, undefined],
    ['one whose body is empty', { body: streamed(0) }, {}, again],
    ['one whose body can be read again', { body: streamed(5), resendBody: true }, {}, again],
    ['a POST', { method: 'POST' }, {}, undefined],
    ['a POST whose write failed', { method: 'POST' }, { error: failure({ cause }) }, again],
    [
      'a POST whose read failed',
      { method: 'POST' },
      { error: failure({ cause: Object.assign(new Error(''), { syscall: 'read' }) }) },
      undefined,
    ],
    [
      'a POST whose end has a cause that is no error',
      { method: 'POST' },
      { error: failure({ cause: { syscall: 'write' } }) },
      undefined,
    ],
    [
      'a body of one write',
      { method: 'PUT', body: bytes(8_192) },
      { plannedBytes: 8_192, error: failure({ cause }) },
      again,
    ],
    [
      'a longer one',
      { method: 'PUT', body: bytes(8_193) },
      { plannedBytes: 8_193, error: failure({ cause }) },
      undefined,
    ],
    [
      'a long one that streams, none of it given away',
      { method: 'PUT', body: streamed(9_000), resendBody: true },
      { plannedBytes: 9_000, error: failure({ cause }) },
      again,
    ],
    [
      'a short one that streams, of which some was',
      { method: 'PUT', body: streamed(5), resendBody: true },
      { plannedBytes: 5, offeredBytes: 5, error: failure({ cause }) },
      undefined,
    ],
  ])('%s', (_what, request, exchange, expected) => {
    expect(whySendAgain(get('http://r.example/', request), { ...kept, ...exchange } as unknown as Exchange)).toBe(
      expected,
    );
  });
});
