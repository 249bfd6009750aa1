import { describe, expect, test } from 'vitest';
import { BodyWatch } from '../../../src/network/kernel/body-watch.ts';
import type { TcpInfo } from '../../../src/network/kernel/tcp-info.ts';

/** A connection that carried something before, and a clock that goes when it is told. */
function scene(options: { readonly isHeldByPeer?: boolean } = {}) {
  let nowMs = 1_000;
  let info: TcpInfo | undefined = {
    ackedBytes: 501,
    sentBytes: 500,
    retransmittedBytes: 0,
    busyMs: 30,
    receiverLimitedMs: 5,
    bufferLimitedMs: 0,
  };
  const watch = new BodyWatch({
    viaProxy: false,
    now: () => nowMs,
    read: () => info,
    isHeldByPeer: () => options.isHeldByPeer ?? false,
    streamWindowBytes: () => undefined,
  });
  return {
    watch,
    /** So much later the kernel says this. */
    after: (ms: number, later: TcpInfo | undefined): void => {
      nowMs += ms;
      info = later;
      watch.sample();
    },
  };
}

describe('the watch of a body', () => {
  test('tells what came of this body, not of what the connection carried before', () => {
    const { watch, after } = scene();
    after(1_000, {
      ackedBytes: 90_501,
      sentBytes: 101_500,
      retransmittedBytes: 1_448,
      busyMs: 1_030,
      receiverLimitedMs: 805,
      bufferLimitedMs: 50,
      rttMs: 12,
      minRttMs: 10,
      windowBytes: 0,
      probes: 2,
    });
    watch.lastByteTaken();
    expect(watch.facts()).toMatchObject({
      viaProxy: false,
      ackedBytes: 90_000,
      sentBytes: 101_000,
      retransmittedBytes: 1_448,
      rttMs: 12,
      minRttMs: 10,
      limited: { receiver: 800, network: 150, prober: 50 },
      end: { windowBytes: 0, probes: 2 },
    });
  });

  test('counts the time in which the kernel had nothing to send as this host’s, up to the last byte', () => {
    const { watch, after } = scene();
    const info = { busyMs: 130, receiverLimitedMs: 5, bufferLimitedMs: 0 };
    after(500, info);
    watch.lastByteTaken();
    after(5_000, info);
    expect(watch.facts()?.limited).toEqual({ receiver: 0, network: 100, prober: 400 });
  });

  test('counts it as the receiver’s when HTTP/2 keeps the client from writing', () => {
    const { watch, after } = scene({ isHeldByPeer: true });
    after(500, { busyMs: 130, receiverLimitedMs: 5, bufferLimitedMs: 0 });
    watch.lastByteTaken();
    expect(watch.facts()?.limited).toEqual({ receiver: 400, network: 100, prober: 0 });
  });

  test('says nothing of shares where the kernel does not', () => {
    const { watch, after } = scene();
    after(500, { ackedBytes: 600 });
    expect(watch.facts()).toMatchObject({ limited: undefined, ackedBytes: 99 });
  });

  test('is silent when nothing could be read', () => {
    const watch = new BodyWatch({
      viaProxy: true,
      now: () => 0,
      read: () => undefined,
      isHeldByPeer: () => false,
      streamWindowBytes: () => undefined,
    });
    watch.sample();
    watch.lastByteTaken();
    expect(watch.facts()).toBeUndefined();
  });

  test('keeps a bounded number of points, from the first to the last moment', () => {
    const { watch, after } = scene();
    for (let sample = 1; sample <= 2_000; sample += 1) after(100, { ackedBytes: 501 + sample, busyMs: 30 });
    const points = watch.facts()?.points ?? [];
    expect(points.length).toBeGreaterThan(20);
    expect(points.length).toBeLessThanOrEqual(41);
    expect(points.at(-1)).toMatchObject({ atMs: 201_000, ackedBytes: 2_000 });
    const times = points.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});
