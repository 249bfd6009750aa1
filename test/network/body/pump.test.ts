import { describe, expect, test } from 'vitest';
import type { BodySocket } from '../../../src/network/body/body-socket.ts';
import { BodyPump } from '../../../src/network/body/pump.ts';

/** A socket that holds what it is told to, and whose kernel has taken all when `drain` is called. */
function holdingSocket() {
  const waiting: (() => void)[] = [];
  const socket = {
    writableLength: 0,
    writableHighWaterMark: 4 * 1024 * 1024,
    destroyed: false,
    cork: () => {},
    uncork: () => {},
    flushed: () => new Promise<void>((resolve) => void waiting.push(resolve)),
    drain() {
      socket.writableLength = 0;
      waiting.splice(0).forEach((resolve) => resolve());
    },
  };
  return socket satisfies BodySocket & { drain(): void };
}
const chunks = (...sizes: readonly number[]): Uint8Array[] => sizes.map((bytes) => new Uint8Array(bytes));

describe('a body', () => {
  test('counts what the kernel took, and never goes back', async () => {
    const socket = holdingSocket();
    let finished = 0;
    const pump = new BodyPump({ chunks: chunks(10, 20), socket: () => socket, onFinished: () => (finished += 1) });
    const client = pump[Symbol.asyncIterator]();
    expect([pump.sentBytes, pump.offeredBytes, pump.isHeld]).toEqual([0, 0, false]);
    const first = client.next();
    expect([pump.offeredBytes, pump.isHeld]).toEqual([10, false]);
    socket.drain();
    expect((await first).value?.byteLength).toBe(10);
    expect([pump.sentBytes, pump.isHeld]).toEqual([0, true]);
    socket.writableLength = 4;
    const second = client.next();
    expect([pump.sentBytes, pump.offeredBytes, pump.isHeld]).toEqual([6, 30, false]);
    socket.writableLength = 9;
    expect(pump.sentBytes).toBe(6);
    socket.drain();
    await second;
    expect(pump.sentBytes).toBe(10);
    socket.writableLength = 20;
    const last = client.next();
    expect([pump.sentBytes, finished]).toEqual([10, 0]);
    socket.drain();
    expect(await last).toEqual({ done: true, value: undefined });
    expect([pump.sentBytes, finished]).toEqual([30, 1]);
  });

  test('is not handed on before the kernel has what came before, nor in the same turn', async () => {
    const socket = holdingSocket();
    const pump = new BodyPump({ chunks: chunks(1), socket: () => socket, onFinished: () => {} });
    const order: string[] = [];
    const handed = pump[Symbol.asyncIterator]()
      .next()
      .then(() => order.push('handed on'));
    setImmediate(() => {
      order.push('a turn');
      socket.drain();
      setImmediate(() => order.push('another turn'));
    });
    await handed;
    expect(order[0]).toBe('a turn');
    expect(order.at(-1)).toBe('handed on');
  });

  test('of a socket that is gone keeps what was known, and what it is not told', async () => {
    const socket = holdingSocket();
    const pump = new BodyPump({ chunks: chunks(10, 10), socket: () => socket, onFinished: () => {} });
    const client = pump[Symbol.asyncIterator]();
    const first = client.next();
    socket.drain();
    await first;
    socket.writableLength = 3;
    void client.next();
    expect(pump.sentBytes).toBe(7);
    Object.assign(socket, { destroyed: true, writableLength: 0 });
    expect(pump.sentBytes).toBe(7);
  });

  test('that is paced asks for each chunk, and holds nothing back', async () => {
    const asked: number[] = [];
    let corks = 0;
    const socket = { ...holdingSocket(), cork: () => void (corks += 1), flushed: () => Promise.resolve() };
    const pace = async (bytes: number): Promise<void> => void asked.push(bytes);
    const sizes = Array.from({ length: 4 }, (_, index) => 1 + index);
    const pump = new BodyPump({
      chunks: chunks(64 * 1024 * 1024, ...sizes),
      socket: () => socket,
      pace,
      onFinished: () => {},
    });
    for await (const chunk of pump) void chunk;
    expect(asked).toEqual([64 * 1024 * 1024, ...sizes]);
    expect(corks).toBe(0);
  });

  test('that has become long goes out several chunks at a time, without a turn between them', async () => {
    const socket = { ...holdingSocket(), flushed: () => Promise.resolve() };
    const size = 64 * 1024;
    const sizes = Array.from({ length: 4 }, () => size);
    const pump = new BodyPump({
      chunks: chunks(64 * 1024 * 1024, ...sizes),
      socket: () => socket,
      onFinished: () => {},
    });
    const client = pump[Symbol.asyncIterator]();
    await client.next();
    await client.next();
    let turned = false;
    setImmediate(() => (turned = true));
    await client.next();
    expect([turned, pump.isHeld]).toEqual([false, true]);
  });

  test('begins to hold chunks back once 64 MiB went out, not before', async () => {
    let corks = 0;
    const socket = { ...holdingSocket(), cork: () => void (corks += 1), flushed: () => Promise.resolve() };
    const size = 64 * 1024;
    const pump = new BodyPump({
      chunks: chunks(64 * 1024 * 1024 - size, size, size),
      socket: () => socket,
      onFinished: () => {},
    });
    const client = pump[Symbol.asyncIterator]();
    const corked: number[] = [];
    for (let chunk = 0; chunk < 3; chunk += 1) {
      await client.next();
      corked.push(corks);
    }
    expect(corked).toEqual([0, 0, 1]);
  });

  test('is handed on in a later turn also where the kernel has all', async () => {
    const socket = { ...holdingSocket(), flushed: () => Promise.resolve() };
    const pump = new BodyPump({ chunks: chunks(1), socket: () => socket, onFinished: () => {} });
    const order: string[] = [];
    setImmediate(() => order.push('a turn'));
    await pump[Symbol.asyncIterator]()
      .next()
      .then(() => order.push('handed on'));
    expect(order).toEqual(['a turn', 'handed on']);
  });

  test('of chunks that need no end is given up as well', async () => {
    const pump = new BodyPump({ chunks: chunks(1), socket: () => undefined, onFinished: () => {} });
    expect(await pump[Symbol.asyncIterator]().return?.()).toEqual({ done: true, value: undefined });
  });

  test('that is given up lets go of its chunks', async () => {
    let isClosed = false;
    function* endless(): Generator<Uint8Array> {
      try {
        for (;;) yield new Uint8Array(1);
      } finally {
        isClosed = true;
      }
    }
    const socket = { ...holdingSocket(), flushed: () => Promise.resolve() };
    const pump = new BodyPump({ chunks: endless(), socket: () => socket, onFinished: () => {} });
    const client = pump[Symbol.asyncIterator]();
    await client.next();
    expect(await client.return?.()).toEqual({ done: true, value: undefined });
    expect(isClosed).toBe(true);
  });

  test('without a socket yet is handed on as well', async () => {
    const pump = new BodyPump({ chunks: chunks(5), socket: () => undefined, onFinished: () => {} });
    for await (const chunk of pump) expect(chunk.byteLength).toBe(5);
    expect([pump.sentBytes, pump.offeredBytes]).toEqual([0, 5]);
  });
});
