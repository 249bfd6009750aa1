import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { FrameGroup } from '../../../src/network/body/frame-group.ts';
import type { BodySocket } from '../../../src/network/body/body-socket.ts';
import { atBearablePace } from '../../support/pace.ts';
import { pathTo } from '../../support/paths.ts';
import { failureOf, get, Opened, streamed } from '../../support/servers.ts';

const KiB = 1024;
const MiB = 1024 * KiB;
const frameBytes = 32 * KiB;

/** An socket that notes what it is told. */
function socketOf(writableHighWaterMark: number, writableLength = 0): BodySocket & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    writableLength,
    writableHighWaterMark,
    destroyed: false,
    cork: () => void calls.push('cork'),
    uncork: () => void calls.push('uncork'),
    flushed: () => Promise.resolve(),
  };
}

function framesInOneWrite(group: FrameGroup, socket: BodySocket, goneBytes: number): number {
  group.begin(socket, frameBytes, goneBytes);
  let frames = 1;
  while (group.takes(frameBytes)) frames += 1;
  group.release();
  return frames;
}

describe('frames in one write', () => {
  test('are one, and as many as make 2 MiB once 64 MiB went out', () => {
    const socket = socketOf(4 * MiB);
    const frames = [0, MiB, 64 * MiB - 1, 64 * MiB, 10_240 * MiB].map((gone) =>
      framesInOneWrite(new FrameGroup(), socket, gone),
    );
    expect(frames).toEqual([1, 1, 1, 64, 64]);
  });

  test('never as many as the HTTP client would wait for while they are held back', () => {
    const socket = socketOf(256 * KiB);
    const group = new FrameGroup();
    group.begin(socket, frameBytes, 1024 * MiB);
    expect(group.takes(190 * KiB)).toBe(true);
    expect(group.takes(200 * KiB)).toBe(false);
    expect(framesInOneWrite(new FrameGroup(), socketOf(16 * KiB), 1024 * MiB)).toBe(1);
    expect(framesInOneWrite(new FrameGroup(), socketOf(4 * MiB, 4 * MiB), 1024 * MiB)).toBe(1);
  });

  test('are held back where at least two make a write, and where the client has room for them and a head', () => {
    const begun = (chunkBytes: number, highWaterMark = 4 * MiB): readonly string[] => {
      const socket = socketOf(highWaterMark);
      new FrameGroup().begin(socket, chunkBytes, 64 * MiB);
      return socket.calls;
    };
    expect([begun(MiB), begun(MiB + 1)]).toEqual([['cork'], []]);
    expect([begun(MiB, MiB + 64 * KiB + 1), begun(MiB, MiB + 64 * KiB)]).toEqual([['cork'], []]);
  });

  test('what was held back is released, once', () => {
    const socket = socketOf(4 * MiB);
    const group = new FrameGroup();
    group.begin(socket, frameBytes, 64 * MiB);
    group.release();
    group.release();
    expect(socket.calls).toEqual(['cork', 'uncork']);
    group.begin(undefined, frameBytes, 64 * MiB);
    expect(group.takes(frameBytes)).toBe(false);
  });
});

describe('on the wire', () => {
  const opened = new Opened();
  afterEach(() => opened.closeAll());
  const sizeBytes = 160 * MiB;

  /** Reads so much of each connection, then does `then`. */
  async function pushTo(
    readBytes: number,
    then: (socket: Socket) => void,
  ): Promise<{ origin: string; taken: Buffer[] }> {
    const taken: Buffer[] = [];
    const { port } = await opened.tcp((socket) => {
      let bytes = 0;
      socket.on('data', (data) => {
        taken.push(data);
        const before = bytes;
        bytes += data.length;
        if (before < readBytes && bytes >= readBytes) then(socket);
      });
    });
    return { origin: `http://127.0.0.1:${port}`, taken };
  }

  test('each frame is one of its own, as the client makes it', async () => {
    const frames = sizeBytes / frameBytes;
    const { origin, taken } = await pushTo(frames * (frameBytes + 8) + 7, (socket) => {
      socket.write('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n');
    });
    const transport = opened.transport(pathTo(origin));
    const exchange = await transport.exchange(get(`${origin}/x`, { method: 'PATCH', body: streamed(sizeBytes) }));
    expect([exchange.response?.status, exchange.sentBytes]).toEqual([202, sizeBytes]);
    const wire = Buffer.concat(taken);
    let at = wire.indexOf('\r\n\r\n') + 2;
    for (let frame = 0; frame < frames; frame += 1) {
      expect(wire.toString('latin1', at, at + 8)).toBe('\r\n8000\r\n');
      at += 8 + frameBytes;
    }
    expect(wire.toString('latin1', at)).toBe('\r\n0\r\n\r\n');
  });

  test('a peer that stops reading is noticed, whatever is held back', async () => {
    const { origin } = await pushTo(80 * MiB, (socket) => socket.pause());
    const transport = opened.transport(pathTo(origin));
    const body = streamed(sizeBytes);
    const error = await atBearablePace(100, (pace) =>
      failureOf(transport.exchange(get(`${origin}/x`, { method: 'PATCH', body, stallTimeoutMs: 300 * pace }))),
    );
    expect(error.code).toBe('STALLED');
    const { sentBytes = 0, offeredBytes = 0 } = error.exchange ?? {};
    expect(sentBytes).toBeGreaterThan(80 * MiB * (31 / 32));
    expect(offeredBytes).toBeGreaterThanOrEqual(sentBytes);
    expect(offeredBytes).toBeLessThan(sizeBytes);
  });

  test('a cut is known to a 32nd of what had gone out', async () => {
    const { origin } = await pushTo(80 * MiB, (socket) => socket.resetAndDestroy());
    const transport = opened.transport(pathTo(origin));
    const error = await failureOf(
      transport.exchange(get(`${origin}/x`, { method: 'PATCH', body: streamed(sizeBytes) })),
    );
    expect(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']).toContain(error.code);
    expect(error.exchange?.sentBytes).toBeGreaterThan(80 * MiB * (31 / 32));
    expect(error.exchange?.sentBytes).toBeLessThan(sizeBytes);
  });

  test('an answer in the middle ends the body, and the connection is told', async () => {
    const { origin } = await pushTo(80 * MiB, (socket) => {
      socket.write('HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      socket.end();
    });
    const transport = opened.transport(pathTo(origin));
    const exchange = await transport.exchange(get(`${origin}/x`, { method: 'PATCH', body: streamed(sizeBytes) }));
    expect([exchange.response?.status, exchange.early]).toEqual([413, true]);
    expect(exchange.sentBytes).toBeLessThan(sizeBytes);
  });
});
