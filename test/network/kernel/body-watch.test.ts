import { describe, expect, test } from 'vitest';
import { BodyWatch, watchBody } from '../../../src/network/kernel/body-watch.ts';
import type { LiveConnection } from '../../../src/network/live-connection.ts';
import type { TcpInfo } from '../../../src/network/kernel/tcp-info.ts';

/** A connection that carried something before, and a clock that goes when it is told. */
function scene(options: { readonly isHeldByPeer?: boolean } = {}) {
  let nowMs = 1_000;
  let isHeld = options.isHeldByPeer ?? false;
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
    isHeldByPeer: () => isHeld,
    streamWindowBytes: () => undefined,
  });
  return {
    watch,
    hold: (held: boolean): void => {
      isHeld = held;
    },
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

  test('divides it by how often it was held; what comes after the last byte does not count', () => {
    const { watch, after, hold } = scene();
    const info = { busyMs: 30, receiverLimitedMs: 5, bufferLimitedMs: 0 };
    hold(true);
    after(100, info);
    hold(false);
    for (const ms of [100, 100, 100]) after(ms, info);
    watch.lastByteTaken();
    hold(true);
    for (const ms of [100, 100]) after(ms, info);
    expect(watch.facts()?.limited).toEqual({ receiver: 100, network: 0, prober: 300 });
  });

  test('has shares also of a body that was gone before anybody looked', () => {
    const { watch } = scene();
    watch.lastByteTaken();
    expect(watch.facts()?.limited).toEqual({ receiver: 0, network: 0, prober: 0 });
  });

  test.each<TcpInfo>([
    {},
    { receiverLimitedMs: 5, bufferLimitedMs: 0 },
    { busyMs: 30, bufferLimitedMs: 0 },
    { busyMs: 30, receiverLimitedMs: 5 },
  ])('says nothing of shares where the kernel does not: %j', (times) => {
    const { watch, after } = scene();
    after(500, { ackedBytes: 600, ...times });
    expect(watch.facts()).toMatchObject({ limited: undefined, ackedBytes: 99 });
  });

  test('keeps what was known before the kernel fell silent', () => {
    const { watch, after } = scene();
    after(100, { ackedBytes: 600, rttMs: 12 });
    after(100, undefined);
    const { ackedBytes, points } = watch.facts()!;
    expect(ackedBytes).toBe(99);
    expect(points.map(({ atMs, ackedBytes: acked }) => [atMs, acked])).toEqual([
      [1_000, 0],
      [1_100, 99],
    ]);
  });

  test.each<[what: string, told: readonly (TcpInfo | undefined)[]]>([
    ['when the kernel told of the begin alone', [{ ackedBytes: 1 }]],
    ['when it did not tell of the begin', [undefined, { ackedBytes: 1 }, { ackedBytes: 2 }]],
  ])('is silent %s', (_what, told) => {
    let looks = 0;
    const watch = new BodyWatch({
      viaProxy: false,
      now: () => 0,
      read: () => told[looks++],
      isHeldByPeer: () => false,
      streamWindowBytes: () => undefined,
    });
    watch.sample();
    expect(watch.facts()).toBeUndefined();
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

  test('keeps each point of a short body, every second one of a longer one, and the last moment', () => {
    const times = (samples: number): number[] => {
      const { watch, after } = scene();
      for (let sample = 0; sample < samples; sample += 1) after(1, { ackedBytes: 501 });
      return watch.facts()?.points.map(({ atMs }) => atMs - 1_000) ?? [];
    };
    const upTo = (last: number, step: number): number[] =>
      Array.from({ length: Math.floor(last / step) + 1 }, (_, index) => index * step);
    expect(times(39)).toEqual([...upTo(39, 1), 39]);
    expect(times(40)).toEqual([...upTo(40, 2), 40]);
    expect(times(43)).toEqual([...upTo(43, 2), 43]);
    expect(times(85)).toEqual([...upTo(85, 4), 85]);
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

describe('the watch of a connection', () => {
  function connection(parts: Partial<LiveConnection>): LiveConnection {
    let looks = 0;
    const tcpInfo = (): TcpInfo => ({ busyMs: 0, receiverLimitedMs: 0, bufferLimitedMs: 0, ackedBytes: (looks += 1) });
    return { facts: { viaProxy: true }, tcpInfo, ...parts } as LiveConnection;
  }
  const session = { streamWindowBytes: 65_535 } as LiveConnection['http2'];

  /** Facts of a body that was sent for 100 ms, in which the kernel had nothing to send. */
  function facts(live: LiveConnection, isHeld: boolean) {
    let nowMs = 0;
    const watch = watchBody(live, { isHeld }, () => nowMs);
    nowMs = 100;
    watch?.sample();
    return watch?.facts();
  }

  test('is none without a connection, or a kernel that can be asked', () => {
    expect(watchBody(undefined, { isHeld: false }, () => 0)).toBeUndefined();
    expect(watchBody(connection({ tcpInfo: undefined }), { isHeld: false }, () => 0)).toBeUndefined();
  });

  test('counts a body that waits as held by the peer in HTTP/2 alone', () => {
    const [peers, ours] = [
      { receiver: 100, network: 0, prober: 0 },
      { receiver: 0, network: 0, prober: 100 },
    ];
    expect(facts(connection({ http2: session }), true)).toMatchObject({ limited: peers, streamWindowBytes: 65_535 });
    expect(facts(connection({ http2: session }), false)).toMatchObject({ limited: ours });
    expect(facts(connection({}), true)).toMatchObject({ viaProxy: true, limited: ours, streamWindowBytes: undefined });
  });
});
