import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createTcpInfoReader, untilClosed } from '../../../src/network/kernel/read-tcp-info.ts';
import { type TcpInfo, tcpInfoBytes } from '../../../src/network/kernel/tcp-info.ts';
import { describeWhere } from '../../support/component.ts';

test('without koffi there is no reader, and nothing is thrown', () => {
  const absent = (): never => {
    throw Object.assign(new Error("Cannot find module 'koffi'"), { code: 'MODULE_NOT_FOUND' });
  };
  expect(createTcpInfoReader(absent)).toBeUndefined();
});

test('with a koffi that has no binary for this machine there is none either', () => {
  const broken = {
    load: (): never => {
      throw new Error('cannot open shared object file');
    },
  };
  expect(createTcpInfoReader(() => broken)).toBeUndefined();
});

describe.runIf(process.platform === 'linux')('a reader of a socket', () => {
  /** What is read of a socket with this handle, and what the kernel was asked for. */
  function reading(handle: unknown, answer: number) {
    const asked: unknown[] = [];
    const getsockopt = (fd: number, level: number, name: number, value: Buffer, length: [number]): number => {
      asked.push([fd, level, name, length[0]]);
      value.writeUInt32LE(40_250, 68);
      length[0] = 72;
      return answer;
    };
    const read = createTcpInfoReader(() => ({ load: () => ({ func: () => getsockopt }) }));
    return { info: read?.({ _handle: handle } as unknown as Socket), asked };
  }

  test('has what the kernel says of its descriptor', () => {
    expect(reading({ fd: 0 }, 0)).toEqual({ info: { rttMs: 40.25 }, asked: [[0, 6, 11, tcpInfoBytes]] });
  });

  test('has nothing when the kernel refuses', () => {
    expect(reading({ fd: 7 }, -1)).toMatchObject({ info: undefined, asked: [[7, 6, 11, tcpInfoBytes]] });
  });

  test.each([[undefined], [null], [{}], [{ fd: '7' }], [{ fd: -1 }]])('asks nothing of a handle %j', (handle) => {
    expect(reading(handle, 0)).toEqual({ info: undefined, asked: [] });
  });
});

describe('a reader that lasts', () => {
  test('keeps what was known when the socket was closed', () => {
    let closed = false;
    const socket = { destroy: () => (closed = true) } as unknown as Socket;
    let looks = 0;
    const read = (): TcpInfo | undefined => (closed ? undefined : { ackedBytes: (looks += 1) });
    const lasting = untilClosed(read, socket);
    expect([lasting?.(), lasting?.()]).toEqual([{ ackedBytes: 1 }, { ackedBytes: 2 }]);
    socket.destroy();
    expect(closed).toBe(true);
    socket.destroy();
    expect([lasting?.(), lasting?.()]).toEqual([{ ackedBytes: 3 }, { ackedBytes: 3 }]);
  });

  test('is none without a reader, and leaves the socket alone', () => {
    const socket = Object.freeze({ destroy: () => {} }) as unknown as Socket;
    expect(() => untilClosed(() => undefined, socket)).toThrow(TypeError);
    expect(untilClosed(undefined, socket)).toBeUndefined();
  });
});

describeWhere(createTcpInfoReader() !== undefined, 'koffi', 'the kernel, asked', () => {
  const closing: (() => void)[] = [];
  afterEach(() => closing.splice(0).forEach((close) => close()));

  test('tells of an open socket what the peer has acknowledged, and nothing of a closed one', async () => {
    const read = createTcpInfoReader();
    const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
    closing.push(() => server.close());
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    closing.push(() => socket.destroy());
    await once(socket, 'connect');
    const before = read?.(socket)?.ackedBytes ?? Number.NaN;
    socket.write(Buffer.alloc(100_000));
    // What is acknowledged is exact, whatever the packets were.
    await expect.poll(() => (read?.(socket)?.ackedBytes ?? 0) - before).toBe(100_000);
    expect(read?.(socket)).toMatchObject({ mssBytes: expect.any(Number), pathMtuBytes: expect.any(Number) });
    socket.destroy();
    expect(read?.(socket)).toBeUndefined();
  });
});
