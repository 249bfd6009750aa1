/* oxlint-disable no-underscore-dangle -- _write is the documented name by which a stream's implementation is replaced. */
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { bodySocketOf } from '../../../src/network/body/body-socket.ts';

/** A socket whose kernel takes a write when `take` is called. */
function slowSocket() {
  const socket = new Socket();
  const taking: (() => void)[] = [];
  socket._write = (_chunk, _encoding, done) => void taking.push(done);
  socket._writev = (_chunks, done) => void taking.push(done);
  return { socket, take: () => taking.shift()?.(), writes: () => taking.length };
}

/** Whether a promise is settled already. */
function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const turn = new Promise<boolean>((resolve) => setImmediate(() => resolve(false)));
  return Promise.race([promise.then(() => true), turn]);
}

describe('the socket of a body', () => {
  test('is flushed once the kernel has all that was written, and not before', async () => {
    const { socket, take } = slowSocket();
    const body = bodySocketOf(socket);
    expect(await isSettled(body.flushed())).toBe(true);
    socket.write('one');
    socket.write('two');
    const [first, second] = [body.flushed(), body.flushed()];
    expect(body.writableLength).toBe(6);
    take();
    expect([await isSettled(first), body.writableLength]).toEqual([false, 3]);
    take();
    await Promise.all([first, second]);
    expect([await isSettled(body.flushed()), body.writableLength]).toEqual([true, 0]);
  });

  test('that is gone has nothing to wait for', async () => {
    const { socket } = slowSocket();
    const body = bodySocketOf(socket);
    socket.write('one');
    const waiting = body.flushed();
    expect([await isSettled(waiting), body.destroyed]).toEqual([false, false]);
    socket.destroy();
    await waiting;
    expect([await isSettled(body.flushed()), body.destroyed]).toEqual([true, true]);
  });

  test('holds back what is written until it is let go of, in one write', () => {
    const { socket, writes } = slowSocket();
    const body = bodySocketOf(socket);
    body.cork();
    socket.write('one');
    socket.write('two');
    expect([writes(), body.writableLength]).toEqual([0, 6]);
    body.uncork();
    expect(writes()).toBe(1);
  });

  test('says from how many bytes on the client waits', () => {
    expect(bodySocketOf(new Socket({ writableHighWaterMark: 1_234 } as object)).writableHighWaterMark).toBe(1_234);
  });
});
