import { EventEmitter } from 'node:events';
import { constants } from 'node:http2';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Http2Session } from '../../src/network/http2-session.ts';

interface FakeStream extends EventEmitter {
  readonly id: number;
  rstCode: number | undefined;
  writableEnded: boolean;
  readableEnded: boolean;
  destroyed: boolean;
  /** What it was destroyed with. */
  readonly endedBy: unknown[];
  write(): boolean;
  destroy(error?: unknown): void;
}

function fakeStream(id: number): FakeStream {
  const endedBy: unknown[] = [];
  const stream = Object.assign(new EventEmitter(), {
    id,
    endedBy,
    write: () => true,
    rstCode: undefined,
    writableEnded: false,
    readableEnded: false,
    destroyed: false,
    destroy(error?: unknown) {
      stream.destroyed = true;
      endedBy.push(error);
    },
  });
  return stream;
}

/** What undici runs over a socket, as far as it is looked at: requests get the streams 1, 3, 5. */
class FakeSession extends EventEmitter {
  destroyed = false;
  readonly remoteSettings = { initialWindowSize: 12_345 };
  readonly streams: FakeStream[] = [];

  request(path: string, options: object): FakeStream {
    if (path !== '/' || Object.keys(options).length !== 1)
      throw new Error('a request comes with all that it came with');
    const stream = fakeStream(1 + 2 * this.streams.length);
    this.streams.push(stream);
    return stream;
  }
}

/** `failed`: what undici hears of a GOAWAY. */
function scene() {
  const socket = new Socket();
  const session = new FakeSession();
  const failed: unknown[][] = [];
  session.on('goaway', function undici(this: unknown, ...args: unknown[]) {
    expect(this).toBe(session);
    failed.push(args);
  });
  let retired = 0;
  const http2 = new Http2Session(socket, () => (retired += 1));
  const connect = (): void => void Object.assign(socket, { [Symbol('other')]: 1, [Symbol('http2Session')]: session });
  const ask = (): FakeStream => session.request('/', { endStream: true });
  return { session, http2, failed, connect, ask, retired: () => retired };
}

describe('a session', () => {
  test('is looked for anew until there is one, and watched once', () => {
    const { session, http2, connect, ask, retired } = scene();
    http2.watch();
    expect(http2.streamWindowBytes).toBeUndefined();
    connect();
    http2.watch();
    const request: unknown = Reflect.get(session, 'request');
    http2.watch();
    expect(Reflect.get(session, 'request')).toBe(request);
    ask();
    session.emit('goaway', constants.NGHTTP2_NO_ERROR, 1);
    expect([session.listenerCount('goaway'), retired()]).toEqual([1, 1]);
  });

  test('tells the window with which streams begin, while it lives', () => {
    const { session, http2, connect } = scene();
    connect();
    http2.watch();
    expect(http2.streamWindowBytes).toBe(12_345);
    session.destroyed = true;
    expect(http2.streamWindowBytes).toBeUndefined();
  });
});

describe('GOAWAY', () => {
  test('without an error retires the connection, and undici does not hear of it', () => {
    const { session, http2, failed, connect, retired } = scene();
    connect();
    http2.watch();
    session.emit('goaway', constants.NGHTTP2_NO_ERROR, 1, Buffer.alloc(0));
    expect([retired(), failed]).toEqual([1, []]);
  });

  test('with an error is undici’s, all that it says', () => {
    const { session, http2, failed, connect, retired } = scene();
    connect();
    http2.watch();
    session.emit('goaway', constants.NGHTTP2_ENHANCE_YOUR_CALM, 1, Buffer.from('calm'));
    expect([retired(), failed]).toEqual([0, [[constants.NGHTTP2_ENHANCE_YOUR_CALM, 1, Buffer.from('calm')]]]);
  });
});

describe('a request that ended was not looked at', () => {
  test('when its stream was refused, and no other', () => {
    const { http2, connect, ask } = scene();
    expect(http2.leftOut('ECONNRESET')).toBe(false);
    connect();
    http2.watch();
    const stream = ask();
    expect(http2.leftOut('ERR_HTTP2_STREAM_ERROR')).toBe(false);
    stream.rstCode = constants.NGHTTP2_CANCEL;
    expect(http2.leftOut('ERR_HTTP2_STREAM_ERROR')).toBe(false);
    stream.rstCode = constants.NGHTTP2_REFUSED_STREAM;
    expect(http2.leftOut('ERR_HTTP2_STREAM_ERROR')).toBe(true);
  });

  test('when the server’s last stream came before it', () => {
    const { session, http2, connect, ask } = scene();
    connect();
    http2.watch();
    ask();
    session.emit('goaway', constants.NGHTTP2_NO_ERROR, 1);
    expect(http2.leftOut('ECONNRESET')).toBe(false);
    ask();
    expect(http2.leftOut('ECONNRESET')).toBe(true);
  });

  test.each(['ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_INVALID_SESSION'])('when there was no session left: %s', (code) => {
    expect(scene().http2.leftOut(code)).toBe(true);
  });
});

describe('what is left of a body', () => {
  test('is nothing before a request, nor of one that has all gone out', () => {
    const { http2, connect, ask } = scene();
    http2.leaveBody();
    connect();
    http2.watch();
    const stream = ask();
    Object.assign(stream, { writableEnded: true, readableEnded: true });
    http2.leaveBody();
    stream.emit('end');
    expect(stream.destroyed).toBe(false);
  });

  test('stays here once the answer has ended', () => {
    const { http2, connect, ask } = scene();
    connect();
    http2.watch();
    const [over, ending] = [ask(), ask()];
    http2.leaveBody();
    expect(ending.destroyed).toBe(false);
    ending.emit('end');
    expect([over.destroyed, ending.destroyed]).toEqual([false, true]);
    const last = ask();
    last.readableEnded = true;
    http2.leaveBody();
    expect(last.destroyed).toBe(true);
  });
});

describe('a request that we end', () => {
  test('before there is one is nothing', () => {
    expect(() => scene().http2.cancel()).not.toThrow();
  });

  test('is the last one, as one that was aborted, and once', () => {
    const { http2, connect, ask } = scene();
    connect();
    http2.watch();
    const [over, last] = [ask(), ask()];
    http2.cancel();
    expect([over.endedBy, last.endedBy]).toEqual([[], [expect.objectContaining({ name: 'AbortError' })]]);
    http2.cancel();
    expect(last.endedBy).toHaveLength(1);
  });
});
