import { getEventListeners } from 'node:events';
import { Socket } from 'node:net';
import type { Client, Dispatcher } from 'undici';
import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from 'vitest';
import { AnswerHead } from '../../src/network/answer-head.ts';
import type { Exchange, HttpRequest } from '../../src/network/exchange.ts';
import { NetworkError } from '../../src/network/exchange.ts';
import type { Http2Session } from '../../src/network/http2-session.ts';
import type { LineState, LiveConnection } from '../../src/network/live-connection.ts';
import { sendRequest } from '../../src/network/send-request.ts';
import { transportDefaults, type TransportOptions } from '../../src/network/transport-options.ts';
import { get, streamed } from '../support/servers.ts';

const mebibyte = 1024 * 1024;

/** Milliseconds; they pass when a test says so. */
let nowMs = 0;
beforeEach(() => {
  nowMs = 1_000;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate'] });
});
afterEach(() => vi.useRealTimers());

function pass(ms: number): void {
  nowMs += ms;
  vi.advanceTimersByTime(ms);
}

/** A kept connection, in HTTP/1.1 unless the changes say something else. */
function connection(changes: Partial<LiveConnection> = {}): LiveConnection {
  return {
    bodySocket: {
      writableLength: 0,
      writableHighWaterMark: mebibyte,
      destroyed: false,
      cork: () => {},
      uncork: () => {},
      flushed: () => Promise.resolve(),
    },
    facts: {
      id: 7,
      remoteAddress: '127.0.0.1',
      remotePort: 1,
      family: 4,
      httpVersion: '1.1',
      viaProxy: false,
      connectMs: 1,
    },
    answerHead: new AnswerHead(new Socket()),
    alert: () => undefined,
    readBytes: () => 0,
    exchanges: 0,
    ...changes,
  };
}

interface Scene {
  readonly exchange: Promise<Exchange>;
  readonly sent: Dispatcher.DispatchOptions[];
  /** What the HTTP client tells: each ends up in the request. */
  readonly client: Required<Dispatcher.DispatchHandler>;
  readonly controller: Record<'abort' | 'pause' | 'resume', Mock>;
  readonly control: Dispatcher.DispatchController;
  /** The head of an answer comes. */
  readonly head: (status: number, headers?: Record<string, string>) => void;
  /** The request goes out. */
  readonly write: () => void;
}

function send(
  request: HttpRequest,
  setting: {
    readonly live?: LiveConnection | undefined;
    readonly line?: Partial<LineState>;
    readonly options?: Partial<TransportOptions>;
    readonly dispatch?: () => never;
  } = {},
): Scene {
  const sent: Dispatcher.DispatchOptions[] = [];
  const handlers: Dispatcher.DispatchHandler[] = [];
  const client = {
    dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      setting.dispatch?.();
      sent.push(options);
      handlers.push(handler);
      return true;
    },
  } as unknown as Client;
  const live = 'live' in setting ? setting.live : connection();
  const exchange = sendRequest(
    client,
    request,
    { ...transportDefaults, httpVersion: '1.1', now: () => nowMs, ...setting.options },
    {
      live: () => live,
      opening: () => undefined,
      target: ({ pathname }) => ({ path: `at:${pathname}`, headers: { host: 'h', a: 'line', 'content-length': '?' } }),
      ...setting.line,
    },
  );
  const controller = {
    abort: vi.fn<(reason: Error) => void>(),
    pause: vi.fn<() => void>(),
    resume: vi.fn<() => void>(),
  };
  const control = controller as unknown as Dispatcher.DispatchController;
  const handler = handlers[0] as Required<Dispatcher.DispatchHandler>;
  return {
    exchange,
    sent,
    controller,
    control,
    client: handler,
    head: (status, headers = {}) => handler.onResponseStart(control, status, headers, ''),
    write: () => handler.onRequestStart(control, undefined),
  };
}

/** The HTTP client takes the whole body. Resolves with its bytes. */
async function readAll(sent: readonly Dispatcher.DispatchOptions[]): Promise<number> {
  let bytes = 0;
  for (const { body } of sent)
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) bytes += chunk.length;
  return bytes;
}

const url = 'http://r.example/v2/?a=b';

describe('what the HTTP client is given', () => {
  test('the line’s target and headers, the request’s over them, the framing over both', () => {
    const body = streamed(5, true);
    const { sent } = send(get(url, { method: 'PATCH', headers: { a: 'request', b: 'c' }, body }));
    expect(sent).toMatchObject([
      {
        method: 'PATCH',
        path: 'at:/v2/',
        headers: { host: 'h', a: 'request', b: 'c', 'content-length': '5' },
        reset: false,
      },
    ]);
  });

  test('nothing, when it will not take the request: that is the outcome', async () => {
    const { exchange } = send(get(url), {
      dispatch: () => {
        throw Object.assign(new Error('no'), { code: 'UND_ERR_DESTROYED' });
      },
    });
    expect((await exchange).error).toMatchObject({ stage: 'connect', code: 'UND_ERR_DESTROYED' });
  });
});

describe('an exchange that ends well', () => {
  test('has all its facts', async () => {
    const live = connection({ exchanges: 3 });
    const opening = { connectMs: 2 };
    const redirectedFrom = new URL('http://r.example/from');
    const headers = { a: 'b' };
    const request = get(url, {
      method: 'PUT',
      purpose: 'ask',
      redirectedFrom,
      headers,
      body: { kind: 'bytes', bytes: Buffer.from('four') },
    });
    const told: number[] = [];
    const { exchange, client, control, head, write } = send(request, {
      live,
      options: { onProgress: (bytes) => told.push(bytes) },
      line: { opening: () => opening, sentAgain: 'not_processed' },
    });
    pass(10);
    write();
    pass(20);
    head(201, { 'X-One': '1' });
    pass(30);
    client.onResponseData(control, Buffer.from('ok'));
    pass(40);
    client.onResponseEnd(control, {});
    expect(await exchange).toEqual({
      method: 'PUT',
      purpose: 'ask',
      url: request.url,
      redirectedFrom,
      requestHeaders: headers,
      declaredLength: true,
      plannedBytes: 4,
      sentBytes: 4,
      offeredBytes: 4,
      startedAtMs: 1_000,
      endedAtMs: 1_100,
      socketReused: true,
      sentAgain: 'not_processed',
      early: false,
      sendMs: 0,
      waitMs: 20,
      receiveMs: 70,
      silentMs: 40,
      opening,
      connection: live.facts,
      response: { status: 201, headers: { 'x-one': ['1'] }, body: Buffer.from('ok'), bodyBytes: 2, complete: true },
      answerHead: { informational: 0, oddities: [], beginning: undefined },
      kernel: undefined,
      error: undefined,
    });
    expect([live.exchanges, told]).toEqual([4, [4]]);
  });

  test('leaves no timer and no listener', async () => {
    const stop = new AbortController();
    const live = connection({ answerHead: undefined, http2: http2() });
    const request = get(url, { method: 'PATCH', body: streamed(5), responseHeaderTimeoutMs: 50, signal: stop.signal });
    const { exchange, client, control, head, write } = send(request, { live });
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
    write();
    head(200);
    expect(vi.getTimerCount()).toBe(3);
    client.onResponseEnd(control, {});
    await exchange;
    expect([vi.getTimerCount(), getEventListeners(stop.signal, 'abort')]).toEqual([0, []]);
  });

  test('the first on its connection reuses none; without one it has none', async () => {
    for (const live of [connection(), undefined]) {
      const { exchange, client, control, head, write } = send(get(url), { live });
      write();
      head(200);
      client.onResponseEnd(control, {});
      expect(await exchange).toMatchObject({ socketReused: false, connection: live?.facts });
    }
  });
});

describe('an abort', () => {
  const reason = new Error('the run is over');

  test('before it begins: nothing is sent', async () => {
    const body = { kind: 'bytes', bytes: Buffer.from('four') } as const;
    const { exchange, sent } = send(get(url, { method: 'PUT', body, signal: AbortSignal.abort(reason) }));
    vi.runAllTimers();
    const { error, sentBytes, answerHead, response } = await exchange;
    expect(error).toMatchObject({ stage: 'connect', code: 'ABORTED', timer: undefined, cause: reason });
    expect([sent.length, sentBytes, answerHead, response]).toEqual([0, 0, undefined, undefined]);
  });

  test('while the connection is opened: the step that it was in says more', async () => {
    const stop = new AbortController();
    const { exchange, client } = send(get(url, { signal: stop.signal }));
    stop.abort(reason);
    const inTls = new NetworkError({ stage: 'tls', code: 'ABORTED', message: 'in TLS' });
    client.onResponseError(null as never, inTls);
    vi.runAllTimers();
    const ended = await exchange;
    expect(ended.error).toBe(inTls);
    expect(inTls.exchange).toBe(ended);
  });

  test('before the request’s turn: it does not go out later, and no clock runs on', async () => {
    const stop = new AbortController();
    const live = connection({ answerHead: undefined, http2: http2() });
    const { exchange, controller, write } = send(get(url, { signal: stop.signal, body: streamed(5), method: 'PUT' }), {
      live,
    });
    stop.abort(reason);
    vi.runAllTimers();
    await exchange;
    write();
    expect(controller.abort).toHaveBeenCalledWith(expect.any(Error));
    expect([live.exchanges, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test('while it waits: at once, with the connection', async () => {
    const stop = new AbortController();
    const live = connection();
    const { exchange, controller, write } = send(get(url, { signal: stop.signal }), { live });
    write();
    stop.abort(reason);
    expect(controller.abort).toHaveBeenCalledTimes(1);
    const ended = await exchange;
    expect(ended.error).toMatchObject({ stage: 'wait', code: 'ABORTED', cause: reason, exchange: ended });
    expect(controller.abort).toHaveBeenCalledWith(ended.error);
    expect([ended.connection, ended.answerHead]).toEqual([live.facts, live.answerHead?.facts]);
  });
});

describe('our timers', () => {
  test('the head of the answer, from the last byte on', async () => {
    const { exchange, write } = send(get(url, { responseHeaderTimeoutMs: 500 }));
    pass(1_000);
    write();
    pass(499);
    expect(vi.getTimerCount()).toBe(1);
    pass(1);
    const message = 'request ended by us: RESPONSE_HEADER_TIMEOUT';
    expect((await exchange).error).toMatchObject({ stage: 'wait', timer: 'response_header', message });
  });

  test('it does not end an answer that has begun', async () => {
    const { exchange, client, control, head, write } = send(get(url, { responseHeaderTimeoutMs: 500 }));
    write();
    pass(400);
    head(200);
    pass(400);
    client.onResponseEnd(control, {});
    expect((await exchange).error).toBeUndefined();
  });

  test('an answer without end, in whose body nobody is interested', async () => {
    const { exchange, head, write } = send(get(url), { options: { bodyTimeoutMs: 700 } });
    write();
    head(200);
    pass(700);
    expect(await exchange).toMatchObject({
      error: { stage: 'receive', code: 'BODY_TIMEOUT', timer: 'body' },
      response: { status: 200, complete: false },
    });
  });

  test.each([
    [200, undefined],
    [404, 'BODY_TIMEOUT'],
  ])('who reads blobs, after a %s: %s', async (status, code) => {
    const request = get(url, { onResponseChunk: () => true });
    const { exchange, client, control, head, write } = send(request, { options: { bodyTimeoutMs: 700 } });
    write();
    head(status);
    pass(700);
    client.onResponseEnd(control, {});
    expect((await exchange).error?.code).toBe(code);
  });

  test('a body that nobody takes, while it is sent and not after', async () => {
    for (const [isEarly, ending] of [
      [false, ['send', 'STALLED', 'stall']],
      [true, undefined],
    ] as const) {
      const request = get(url, { method: 'PUT', body: streamed(5), stallTimeoutMs: 300 });
      const { exchange, client, control, head, write } = send(request);
      write();
      if (isEarly) head(413);
      pass(300);
      client.onResponseEnd(control, {});
      const { error } = await exchange;
      expect(error && [error.stage, error.code, error.timer]).toEqual(ending);
    }
  });
});

/** What is asked of the session of HTTP/2. */
function http2(): Http2Session & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    watch: () => void asked.push('watch'),
    leaveBody: () => void asked.push('leave body'),
    cancel: () => void asked.push('cancel'),
    leftOut: () => false,
  } as unknown as Http2Session & { readonly asked: string[] };
}

describe('in HTTP/2', () => {
  test('the session is told when a request begins and ends', async () => {
    const session = http2();
    const live = connection({ answerHead: undefined, http2: session });
    const { exchange, client, control, head, write } = send(get(url), { live });
    write();
    expect(session.asked).toEqual(['watch']);
    head(200);
    client.onResponseEnd(control, {});
    expect(await exchange).toMatchObject({ answerHead: undefined });
    expect(session.asked).toEqual(['watch', 'leave body']);
  });

  test('what we end is cancelled before undici hears of it, which would end its body first', async () => {
    const session = http2();
    const ended = new AbortController();
    const live = connection({ answerHead: undefined, http2: session });
    const { exchange, controller, write } = send(get(url, { signal: ended.signal }), { live });
    controller.abort.mockImplementation(() => void session.asked.push('abort'));
    write();
    ended.abort();
    expect(await exchange).toMatchObject({ error: { code: 'ABORTED' } });
    expect(session.asked).toEqual(['watch', 'leave body', 'cancel', 'abort']);
  });

  test.each([
    ['what comes without an answer, over a mebibyte', mebibyte + 1, 0, false, 'INFORMATIONAL_FLOOD'],
    ['a mebibyte', mebibyte, 0, false, undefined],
    ['the windows for 64 MiB that went out', 2 * mebibyte, 64 * mebibyte, false, undefined],
    ['more than those', 2 * mebibyte + 1, 64 * mebibyte, false, 'INFORMATIONAL_FLOOD'],
    ['an answer', 5 * mebibyte, 0, true, undefined],
  ])('%s', async (_what, cameBytes, sentBytes, isAnswered, code) => {
    let readBytes = 9 * mebibyte;
    const live = connection({ answerHead: undefined, http2: http2(), readBytes: () => readBytes });
    const body = { kind: 'bytes', bytes: { byteLength: sentBytes } as Uint8Array } as const;
    const { exchange, client, control, head, write } = send(get(url, { method: 'PUT', body }), { live });
    write();
    if (isAnswered) head(200);
    readBytes += cameBytes;
    pass(100);
    if (!isAnswered) head(200);
    client.onResponseEnd(control, {});
    expect((await exchange).error?.code).toBe(code);
  });
});

describe('an answer’s body', () => {
  test('that is longer than it may be', async () => {
    const request = get(url, { onResponseChunk: () => true, responseLimitBytes: 3 });
    const { exchange, client, control, controller, head, write } = send(request);
    write();
    head(200);
    client.onResponseData(control, Buffer.from('four'));
    expect(controller.abort).toHaveBeenCalledTimes(1);
    expect((await exchange).error).toMatchObject({ stage: 'receive', code: 'BODY_TOO_LONG', timer: 'body' });
  });

  test('of which the reader has enough: no error, though the connection ends', async () => {
    const { exchange, client, control, controller, head, write } = send(get(url, { onResponseChunk: () => false }));
    write();
    head(200);
    client.onResponseData(control, Buffer.from('four'));
    expect(controller.abort).toHaveBeenCalledWith(expect.objectContaining({ message: expect.stringMatching(/./) }));
    expect(await exchange).toMatchObject({ error: undefined, response: { complete: false, bodyBytes: 4 } });
  });

  test('keeps to the rate where it is read, and the rest is no silence', async () => {
    const request = get(url, { onResponseChunk: () => true });
    let goOn = (): void => {};
    const rest = new Promise<void>((resolve) => (goOn = resolve));
    const { exchange, client, control, controller, head, write } = send(request, {
      options: { pacer: { take: () => rest } },
    });
    write();
    head(200);
    client.onResponseData(control, Buffer.from('four'));
    expect([controller.pause.mock.calls.length, controller.resume.mock.calls.length]).toEqual([1, 0]);
    pass(100);
    goOn();
    await rest;
    await Promise.resolve();
    await Promise.resolve();
    expect(controller.resume).toHaveBeenCalledTimes(1);
    pass(5);
    client.onResponseError(control, Object.assign(new Error('cut'), { code: 'ECONNRESET' }));
    expect(await exchange).toMatchObject({
      silentMs: 5,
      receiveMs: 105,
      response: { complete: false },
      error: { stage: 'receive', code: 'ECONNRESET' },
    });
  });

  test('is read at any rate where nobody wants it', async () => {
    const { client, control, controller, head, write } = send(get(url), {
      options: { pacer: { take: () => Promise.resolve() } },
    });
    write();
    head(200);
    client.onResponseData(control, Buffer.from('four'));
    expect(controller.pause).not.toHaveBeenCalled();
  });
});

describe('a body that streams', () => {
  test('is told of until its last byte, by the kernel as well', async () => {
    const told: number[] = [];
    const tcpInfo = vi.fn<() => object>(() => ({ ackedBytes: 4 }));
    const live = connection({ tcpInfo: tcpInfo as unknown as NonNullable<LiveConnection['tcpInfo']> });
    const request = get(url, { method: 'PUT', body: streamed(40_000), responseHeaderTimeoutMs: 5_000 });
    const { exchange, sent, client, control, head, write } = send(request, {
      live,
      options: { onProgress: (bytes) => told.push(bytes) },
    });
    write();
    const before = tcpInfo.mock.calls.length;
    pass(100);
    expect(tcpInfo.mock.calls.length).toBeGreaterThan(before);
    pass(400);
    expect(told).toEqual([]);
    vi.useRealTimers();
    expect([await readAll(sent), told]).toEqual([40_000, [40_000]]);
    nowMs += 25;
    head(201);
    client.onResponseEnd(control, {});
    expect(await exchange).toMatchObject({
      sentBytes: 40_000,
      sendMs: 500,
      waitMs: 25,
      early: false,
      kernel: { viaProxy: false },
    });
  });

  test('whose last byte goes out after the end is told of no more', async () => {
    const told: number[] = [];
    const { exchange, sent, client, control, head, write } = send(
      get(url, { method: 'PUT', body: streamed(10), responseHeaderTimeoutMs: 5_000 }),
      { options: { onProgress: (bytes) => told.push(bytes) } },
    );
    write();
    head(413);
    client.onResponseEnd(control, {});
    expect(await exchange).toMatchObject({ early: true, sentBytes: 0, response: { status: 413 } });
    vi.useRealTimers();
    expect([await readAll(sent), told]).toEqual([10, []]);
  });
});

test('what comes after the end changes nothing', async () => {
  const { exchange, client, control, write } = send(get(url));
  write();
  client.onResponseError(control, Object.assign(new Error('first'), { code: 'ECONNRESET' }));
  client.onResponseError(control, Object.assign(new Error('second'), { code: 'EPIPE' }));
  client.onResponseEnd(control, {});
  expect((await exchange).error?.code).toBe('ECONNRESET');
});
