/* oxlint-disable no-underscore-dangle -- _write is the documented name by which a stream's implementation is replaced. */
import { connect, Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { connect as tlsConnect, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createCertificates } from '../../support/certificates.ts';
import { keepReadingAfterWriteError } from '../../../src/network/body/linger.ts';
import { Opened } from '../../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());
const { ca, valid } = createCertificates();

/** What a client sees that goes on writing while the server answers and resets. */
interface Seen {
  readonly text: string;
  readonly code: string | undefined;
  readonly tookMs: number;
}

async function writeInto(socket: Socket, open: 'connect' | 'secureConnect', graceMs: number): Promise<Seen> {
  await new Promise((resolve) => socket.once(open, resolve));
  keepReadingAfterWriteError(socket, { graceMs });
  const chunk = Buffer.alloc(64 * 1024);
  let text = '';
  let code: string | undefined;
  const startedMs = performance.now();
  socket.setEncoding('latin1').on('data', (data: string) => (text += data));
  socket.on('error', (error: NodeJS.ErrnoException) => (code = error.code));
  const more = (): void => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', more);
  more();
  await new Promise((resolve) => socket.once('close', resolve));
  return { text, code, tookMs: performance.now() - startedMs };
}

/** Reads a little, answers, and resets after `gapMs`; 0: in the same turn. */
function refuse(socket: Socket, answer: string, gapMs: number, reset: () => void): void {
  let seen = 0;
  socket.on('error', () => {});
  socket.on('data', function onData(data: Buffer) {
    seen += data.length;
    if (seen < 500_000) return;
    socket.off('data', onData).pause();
    socket.write(answer, () => (gapMs === 0 ? reset() : setTimeout(reset, gapMs)));
  });
}

describe.each([0, 5, 60])('an answer that is followed by a reset after %d ms', (gapMs) => {
  test('is read over plain TCP, every time', async () => {
    const { port } = await opened.tcp((socket) => refuse(socket, 'refused', gapMs, () => socket.resetAndDestroy()));
    for (let round = 0; round < 10; round += 1) {
      const seen = await writeInto(connect(port, '127.0.0.1'), 'connect', 250);
      expect(seen.text).toBe('refused');
      expect(seen.tookMs).toBeLessThan(10_000);
    }
  });

  test('is read over TLS, every time', async () => {
    const raw = new Map<number, Socket>();
    const server = createTlsServer(valid, (socket: TLSSocket) =>
      refuse(socket, 'refused', gapMs, () => raw.get(socket.remotePort ?? 0)?.resetAndDestroy()),
    );
    server.on('connection', (socket: Socket) => raw.set(socket.remotePort ?? 0, socket));
    server.on('tlsClientError', () => {});
    const { port } = await opened.listen(server);
    for (let round = 0; round < 10; round += 1) {
      const seen = await writeInto(tlsConnect({ port, host: '127.0.0.1', ca: ca.cert }), 'secureConnect', 250);
      expect(seen.text).toBe('refused');
      expect(seen.tookMs).toBeLessThan(10_000);
    }
  });
});

test('without an answer the failed write is what is told, soon', async () => {
  const { port } = await opened.tcp((socket) => {
    socket.on('error', () => {}).once('data', () => socket.resetAndDestroy());
  });
  const seen = await writeInto(connect(port, '127.0.0.1'), 'connect', 250);
  expect(seen.text).toBe('');
  expect(seen.code).toMatch(/^(?:ECONNRESET|EPIPE)$/);
  expect(seen.tookMs).toBeLessThan(10_000);
});

test('a socket that is destroyed by its owner is gone at once', async () => {
  const server = await opened.tcp((socket) => socket.resume());
  const socket = connect(server.port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  keepReadingAfterWriteError(socket, { graceMs: 60_000 });
  const startedMs = performance.now();
  const failed = new Promise((resolve) => socket.once('error', resolve));
  socket.destroy(new Error('enough'));
  expect(await failed).toMatchObject({ message: 'enough' });
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});

describe('a write that failed', () => {
  const failed = Object.assign(new Error('write failed'), { code: 'EPIPE' });

  /** A socket whose writes fail, and what its stream was told of the last of them. */
  function failingSocket() {
    const socket = new Socket();
    let told: unknown = 'nothing';
    let times = 0;
    const tell = (error: unknown): void => {
      told = error;
      times += 1;
    };
    socket._write = (_chunk, _encoding, done) => done(failed);
    socket._writev = (_chunks, done) => done(failed);
    let ended = 0;
    keepReadingAfterWriteError(socket, { onWritten: () => (ended += 1) });
    const write = (): void => socket._write(Buffer.from('x'), 'buffer' as BufferEncoding, tell);
    const writeMany = (): void => socket._writev?.([], tell);
    return { socket, told: () => told, counts: () => [times, ended], write, writeMany };
  }

  test('is told 250 ms later, not before, when what has come meanwhile was read', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { told, write } = failingSocket();
      write();
      vi.advanceTimersByTime(249);
      expect(told()).toBe('nothing');
      vi.advanceTimersByTime(1);
      // A turn of the event loop first reads from sockets.
      expect(told()).toBe('nothing');
      await turn();
      expect(told()).toBe('nothing');
      await turn();
      expect(told()).toBe(failed);
    } finally {
      vi.useRealTimers();
    }
  });

  test.each(['write', 'writeMany'] as const)('is told once the socket is closed, and once only: %s', async (how) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { socket, told, counts, [how]: write } = failingSocket();
      write();
      expect(counts()).toEqual([0, 0]);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.destroy();
      await closed;
      expect([told(), ...counts()]).toEqual([failed, 1, 1]);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test('that was told after the grace is not told again when the socket closes', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { socket, counts, write } = failingSocket();
      write();
      vi.advanceTimersByTime(250);
      await turn();
      await turn();
      expect(counts()).toEqual([1, 1]);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.destroy();
      await closed;
      expect(counts()).toEqual([1, 1]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('is told at once where nothing more can be read', () => {
    const { socket, told, write } = failingSocket();
    Object.defineProperty(socket, 'readableEnded', { value: true });
    write();
    expect(told()).toBe(failed);
  });

  test.each([
    ["the peer's end", Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }), failed.message],
    ['any other cause', new Error('deadline'), 'deadline'],
    ['a cause with a code', Object.assign(new Error('deadline'), { code: 'ETIMEDOUT' }), 'deadline'],
  ])('and then %s: the first is what ended it', async (_name, cause, message) => {
    const { socket, write } = failingSocket();
    write();
    const ended = new Promise((resolve) => socket.once('error', resolve));
    socket.destroy(cause);
    expect(await ended).toMatchObject({ message });
  });

  test('is no error of a socket that its owner closes without one', async () => {
    const { socket, write } = failingSocket();
    write();
    const errors: unknown[] = [];
    socket.on('error', (error) => errors.push(error));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.destroy();
    await closed;
    expect(errors).toEqual([]);
  });
});

test("without a failed write the peer's end is what is told", async () => {
  const socket = new Socket();
  keepReadingAfterWriteError(socket);
  const ended = new Promise((resolve) => socket.once('error', resolve));
  socket.destroy(Object.assign(new Error('other side closed'), { code: 'UND_ERR_SOCKET' }));
  expect(await ended).toMatchObject({ message: 'other side closed' });
});
