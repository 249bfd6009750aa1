import { describe, expect, test } from 'vitest';
import type { KernelPoint, LimitedMs } from '../../../src/network/kernel/kernel-facts.ts';
import { sendingWordsOf, slowSending } from '../../../src/probe/diagnose/slow-sending.ts';
import type { Examined, Trial, TrialKind } from '../../../src/probe/diagnose/trial.ts';
import type { RequestRecord, Run, SendingFacts } from '../../../src/probe/outcome.ts';
import { sendingFacts } from '../../../src/probe/run/sending-facts.ts';
import { pathTo } from '../../support/paths.ts';
import { attempt, requestRecord, successfulRun } from '../../support/run-fixtures.ts';

const MB = 1_000_000;
const steady: readonly KernelPoint[] = [0, 1_000, 2_000, 3_000, 4_000].map((atMs) => ({
  atMs,
  ackedBytes: atMs * 500,
}));
const growing: readonly KernelPoint[] = [0, 1_000, 2_000, 3_000, 4_000].map((atMs) => ({
  atMs,
  ackedBytes: atMs ** 2,
}));

interface Pushed {
  readonly limited?: LimitedMs;
  readonly bytesPerSecond?: number;
  readonly points?: readonly KernelPoint[];
  readonly streamWindowBytes?: number;
  readonly facts?: Partial<SendingFacts>;
  readonly run?: Partial<Run>;
  readonly sizeBytes?: number;
  readonly kind?: TrialKind;
}

function trial({ limited, points = steady, streamWindowBytes, facts, kind = 'full', ...more }: Pushed): Trial {
  const kernel = { viaProxy: false, end: {}, limited, points, streamWindowBytes, ...facts };
  const attempts = [attempt({ requests: [requestRecord({ kernel })] })];
  const pushBytesPerSecond = more.bytesPerSecond ?? 0.5 * MB;
  const run = successfulRun({ attempts, sending: sendingFacts(attempts), pushBytesPerSecond, ...more.run });
  return { kind, shape: 'patch-streamed', sizeBytes: more.sizeBytes ?? 2 * MB, run };
}

function over(...pushed: readonly Pushed[]): Examined {
  return { path: pathTo('http://registry.example', { name: 'public' }), trials: pushed.map(trial) };
}

function causesOf(subject: Examined, direct?: Examined): string[] {
  return slowSending({ subject, ...(direct && { direct }) }).map(({ cause, confidence }) => `${cause} ${confidence}`);
}

const receiver = { receiver: 3_800, network: 150, prober: 50 };
const network = { receiver: 100, network: 3_850, prober: 50 };
const prober = { receiver: 100, network: 50, prober: 3_850 };
const queued = { minRttMs: 40, rttMs: 70 };
const lossy = { sentBytes: 2 * MB, retransmittedBytes: 40_000 };
const fast = over({ bytesPerSecond: 80 * MB, limited: network });

describe('what holds pushes up', () => {
  test.each<[string, Pushed, string[]]>([
    ['a next host that reads slowly', { limited: receiver }, ['receiver_slow likely']],
    ['a line that loses segments', { limited: network, facts: lossy }, ['line_lossy likely']],
    ['a line that is full', { limited: network, facts: queued }, ['line_thin likely']],
    [
      'a line that is full, where a round trip takes long',
      { limited: network, facts: { minRttMs: 600, rttMs: 650 } },
      ['line_thin likely'],
    ],
    [
      'a full queue that drops',
      { limited: network, facts: { ...lossy, minRttMs: 4, rttMs: 80 } },
      ['line_thin likely'],
    ],
    ['this host', { limited: prober }, ['prober_slow likely']],
  ])('is named: %s', (_what, pushed, expected) => {
    expect(causesOf(over(pushed))).toEqual(expected);
  });

  test.each<[string, Pushed]>([
    ['a path that is fast, whoever is the limit', { limited: receiver, bytesPerSecond: 80 * MB }],
    ['a path that is fast and loses segments', { limited: network, bytesPerSecond: 80 * MB, facts: lossy }],
    ['nobody who is the limit for most of the time', { limited: { receiver: 2_000, network: 1_500, prober: 500 } }],
    ['a connection that still gathers speed', { limited: network, points: growing, facts: queued }],
    ['a line on which nothing waits', { limited: network, facts: { minRttMs: 40, rttMs: 43 } }],
    ['the window of HTTP/2', { limited: receiver, streamWindowBytes: 65_535 }],
    ['a moment', { limited: { receiver: 400, network: 0, prober: 0 } }],
    ['a small body', { limited: receiver, sizeBytes: 100_000 }],
    ['a kernel that does not tell', {}],
    ['a run whose times are not to be trusted', { limited: prober, run: { tainted: true } }],
    ['a push that failed', { limited: receiver, run: { ok: false } }],
  ])('is not: %s', (_what, pushed) => {
    expect(causesOf(over(pushed))).toEqual([]);
  });

  test('of a full window is not the line, although what it had no room for was sent again', () => {
    expect(causesOf(over({ limited: receiver, facts: lossy }))).toEqual(['receiver_slow likely']);
  });

  test('is certain when two pushes say so, and over another path it is four times as fast', () => {
    const twice = over({ limited: receiver }, { limited: receiver });
    expect(causesOf(twice, fast)).toEqual(['receiver_slow certain']);
    expect(causesOf(twice)).toEqual(['receiver_slow likely']);
    expect(causesOf(over({ limited: receiver }), fast)).toEqual(['receiver_slow likely']);
  });

  test('is named at any speed where another path is four times as fast', () => {
    const moderate = { limited: receiver, bytesPerSecond: 10 * MB };
    expect(causesOf(over(moderate, moderate), fast)).toEqual(['receiver_slow certain']);
    // Once it may have been a moment.
    expect(causesOf(over(moderate), fast)).toEqual([]);
    expect(causesOf(over(moderate, moderate), over({ bytesPerSecond: 39 * MB, limited: network }))).toEqual([]);
  });

  test('is not named when slow pushes contradict each other; one that does not say does not', () => {
    expect(causesOf(over({ limited: receiver }, { limited: network, facts: queued }))).toEqual([]);
    expect(causesOf(over({ limited: receiver }, { limited: { receiver: 2_000, network: 2_000, prober: 0 } }))).toEqual([
      'receiver_slow likely',
    ]);
  });

  test('is not named where as large a body went over this path quickly; a smaller one, or one over another path, says nothing', () => {
    const quick = { bytesPerSecond: 80 * MB };
    expect(causesOf(over({ limited: receiver }, quick))).toEqual([]);
    expect(causesOf(over({ limited: receiver }, { ...quick, sizeBytes: MB }))).toEqual(['receiver_slow likely']);
    expect(causesOf(over({ limited: receiver }), fast)).toEqual(['receiver_slow likely']);
    const chunked = { ...trial(quick), shape: 'put-length' as const };
    const subject = over({ limited: receiver });
    expect(causesOf({ ...subject, trials: [...subject.trials, chunked] })).toEqual(['receiver_slow likely']);
  });

  test('says what was seen, in figures', () => {
    const facts = { ...lossy, minRttMs: 4, rttMs: 80 };
    const [held] = slowSending({ subject: over({ limited: network, facts }), direct: fast });
    expect(held?.evidence).toBe(
      'docker, 1.91 MiB: 488 KiB/s; for 96 % of the time of sending the line held it up, 2.0 % of the bytes went out once more, round trip 4 ms at least, 80 ms at the end; 76.3 MiB/s over public',
    );
  });

  test('is that of the largest push that says so', () => {
    const subject = over({ limited: receiver }, { limited: receiver, sizeBytes: 4 * MB }, { limited: receiver });
    expect(slowSending({ subject })[0]?.evidence).toMatch(
      /^docker, 3\.81 MiB: 488 KiB\/s; .*, 0\.0 % of the bytes went out once more$/,
    );
  });
});

/** 1 point a second, that many bytes after the one before. */
function pointsOf(...bytes: readonly number[]): KernelPoint[] {
  let ackedBytes = 0;
  return bytes.map((more, index) => ({ atMs: 1_000 * index, ackedBytes: (ackedBytes += more) }));
}

describe('on both sides of each boundary', () => {
  const KiB = 1024;
  const losing = (retransmittedBytes: number): Partial<SendingFacts> => ({ sentBytes: 1_000, retransmittedBytes });
  const trips = (minRttMs: number, rttMs: number): Partial<SendingFacts> => ({ minRttMs, rttMs });
  const held = (share: number) => ({ receiver: 1_000 * share, network: 0, prober: 1_000 * (1 - share) });

  test.each<[string, Pushed, string[]]>([
    ['10 Mbit/s', { limited: receiver, bytesPerSecond: 1_250_000 }, []],
    ['less than 10 Mbit/s', { limited: receiver, bytesPerSecond: 1_249_999 }, ['receiver_slow likely']],
    ['half a second', { limited: { receiver: 500, network: 0, prober: 0 } }, ['receiver_slow likely']],
    ['less than half a second', { limited: { receiver: 499, network: 0, prober: 0 } }, []],
    [
      'half a second, all that held it up together',
      { limited: { receiver: 400, network: 60, prober: 40 } },
      ['receiver_slow likely'],
    ],
    ['256 KiB', { limited: receiver, sizeBytes: 256 * KiB }, ['receiver_slow likely']],
    ['less than 256 KiB', { limited: receiver, sizeBytes: 256 * KiB - 1 }, []],
    ['six tenths of the time', { limited: held(0.6) }, ['receiver_slow likely']],
    ['less than six tenths of it', { limited: held(0.599) }, []],
    ['one percent lost', { limited: network, facts: losing(10) }, ['line_lossy likely']],
    ['less than one percent lost', { limited: network, facts: losing(9) }, []],
    [
      'three times the round trip, with loss',
      { limited: network, facts: { ...losing(10), ...trips(40, 120) } },
      ['line_thin likely'],
    ],
    [
      'less than three times, with loss',
      { limited: network, facts: { ...losing(10), ...trips(40, 119) } },
      ['line_lossy likely'],
    ],
    ['20 ms more than the least round trip', { limited: network, facts: trips(40, 60) }, ['line_thin likely']],
    ['less than 20 ms more', { limited: network, facts: trips(40, 59) }, []],
    ['a least round trip that is not known', { limited: network, facts: { rttMs: 60 } }, []],
    ['a round trip at the end that is not known', { limited: network, facts: { minRttMs: 4 } }, []],
    ['a rest in the body', { limited: receiver, kind: 'pausing' }, []],
    [
      'less than six tenths of it, with loss',
      { limited: { receiver: 2_000, network: 1_500, prober: 500 }, facts: lossy },
      [],
    ],
    ['a throughput that is not known', { limited: receiver, run: { pushBytesPerSecond: undefined } }, []],
  ])('%s', (_what, pushed, expected) => {
    expect(causesOf(over(pushed))).toEqual(expected);
  });

  test.each<[string, readonly KernelPoint[], boolean]>([
    ['twice as much in the second half', pointsOf(0, 100, 100, 200, 200), true],
    ['more than twice as much', pointsOf(0, 100, 100, 200, 201), false],
    ['half as much', pointsOf(0, 200, 200, 100, 100), true],
    ['less than half as much', pointsOf(0, 200, 200, 100, 99), false],
    ['three points, of which one is in the middle', pointsOf(0, 100, 100), true],
    ['two points', pointsOf(0, 100), false],
    ['none', [], false],
    ['bytes that begin late', pointsOf(900, 100, 100, 200, 200), true],
    [
      'points that begin late',
      pointsOf(0, 100, 100, 200, 200).map((one) => ({ ...one, atMs: one.atMs + 7_000 })),
      true,
    ],
    ['points that are further apart at first', [0, 3_000, 4_000].map((atMs) => ({ atMs, ackedBytes: atMs })), true],
    ['a first point without bytes', [{ atMs: 0 }, ...pointsOf(0, 100, 200).slice(1)], false],
    ['a last point without bytes', [...pointsOf(0, 100), { atMs: 2_000 }], false],
    [
      'a middle point without bytes',
      [{ atMs: 0, ackedBytes: 0 }, { atMs: 1_000 }, { atMs: 2_000, ackedBytes: 200 }],
      false,
    ],
  ])('a line is full with a steady rate: %s', (_what, points, is) => {
    expect(causesOf(over({ limited: network, facts: queued, points }))).toEqual(is ? ['line_thin likely'] : []);
  });

  test('the longest body tells whether the rate was steady', () => {
    const kernelOf = (points: readonly KernelPoint[]) => ({
      viaProxy: false,
      end: {},
      limited: network,
      points,
      ...queued,
    });
    const bodies = (...all: (readonly [number, readonly KernelPoint[]])[]) =>
      all.map(([durationMs, points]) => requestRecord({ durationMs, kernel: kernelOf(points) }));
    const causeOf = (requests: readonly RequestRecord[]): string[] => {
      const attempts = [attempt({ requests })];
      return causesOf(over({ limited: network, run: { attempts, sending: sendingFacts(attempts)! } }));
    };
    expect(causeOf(bodies([100, growing], [400, steady], [200, growing]))).toEqual(['line_thin likely']);
    expect(causeOf(bodies([100, steady], [400, growing], [200, steady]))).toEqual([]);
    // A request of which the kernel knows nothing is no body.
    expect(causeOf([...bodies([100, steady]), requestRecord({ durationMs: 900 })])).toEqual(['line_thin likely']);
  });

  test('another path is four times as fast', () => {
    const slow = { limited: receiver, bytesPerSecond: MB };
    const at = (bytesPerSecond: number): Examined => over({ bytesPerSecond });
    expect(causesOf(over(slow, slow), at(4 * MB))).toEqual(['receiver_slow certain']);
    expect(causesOf(over(slow, slow), at(4 * MB - 1))).toEqual(['receiver_slow likely']);
    // Beside the faster of two slow ones.
    expect(causesOf(over(slow, { ...slow, bytesPerSecond: 1.2 * MB }), at(4 * MB))).toEqual(['receiver_slow likely']);
    const border = { limited: receiver, bytesPerSecond: 1_250_000 };
    expect(causesOf(over(border), at(6 * MB))).toEqual([]);
    expect(sendingWordsOf({ subject: over(border) })).toEqual([]);
    const quicker = { limited: receiver, bytesPerSecond: 2 * MB };
    expect(causesOf(over(quicker, quicker), at(8 * MB))).toEqual([]);
    expect(causesOf(over(quicker, quicker), at(8 * MB + 1))).toEqual(['receiver_slow certain']);
  });

  test('the window of HTTP/2 is that of any request', () => {
    const kernel = { viaProxy: false, end: {}, limited: receiver, points: [] };
    const windowed = { ...kernel, streamWindowBytes: 65_535 };
    const causeOf = (...kernels: (typeof windowed | typeof kernel | undefined)[]): string[] => {
      const attempts = [attempt({ requests: kernels.map((one) => requestRecord({ kernel: one })) })];
      return causesOf(over({ run: { attempts, sending: sendingFacts(attempts)! } }));
    };
    expect(causeOf(undefined, kernel, windowed)).toEqual([]);
    expect(causeOf(undefined, kernel)).toEqual(['receiver_slow likely']);
  });

  test('its fastest push counts, and none that failed', () => {
    const slow = { limited: receiver, bytesPerSecond: MB };
    const failed = { bytesPerSecond: 80 * MB, run: { ok: false } };
    expect(causesOf(over(slow, slow), over({ bytesPerSecond: MB }, { bytesPerSecond: 9 * MB }, failed))).toEqual([
      'receiver_slow certain',
    ]);
    expect(slowSending({ subject: over(slow, slow), direct: over(failed) })[0]?.evidence).not.toContain('over public');
  });

  test.each<[string, Pushed, string[]]>([
    ['one that rests', { kind: 'pausing' }, ['receiver_slow likely']],
    ['one over HTTP/1.1 alone', { kind: 'version' }, ['receiver_slow likely']],
    ['one that failed', { run: { ok: false } }, ['receiver_slow likely']],
    ['one whose throughput is not known', { run: { pushBytesPerSecond: undefined } }, ['receiver_slow likely']],
    ['one on fresh connections', { kind: 'fresh' }, []],
  ])('as large a body that went quickly: %s', (_what, quick, expected) => {
    expect(causesOf(over({ limited: receiver }, { bytesPerSecond: 80 * MB, ...quick }))).toEqual(expected);
  });

  test('a line that loses segments may be quick at times', () => {
    expect(causesOf(over({ limited: network, facts: lossy }, { bytesPerSecond: 80 * MB }))).toEqual([
      'line_lossy likely',
    ]);
  });
});

test.each<[string, Pushed, string]>([
  [
    'a proxy',
    { limited: receiver, facts: { viaProxy: true } },
    'for 95 % of the time of sending the proxy had no room for more, 0.0 % of the bytes went out once more',
  ],
  [
    'the next host',
    { limited: receiver },
    'for 95 % of the time of sending the next host had no room for more, 0.0 % of the bytes went out once more',
  ],
  [
    'the line',
    { limited: network, facts: lossy },
    'for 96 % of the time of sending the line held it up, 2.0 % of the bytes went out once more',
  ],
  [
    'this host',
    { limited: prober },
    'for 96 % of the time of sending this host had nothing to send, 0.0 % of the bytes went out once more',
  ],
  [
    'the round trip at the end alone',
    { limited: prober, facts: { rttMs: 80 } },
    'for 96 % of the time of sending this host had nothing to send, 0.0 % of the bytes went out once more',
  ],
  [
    'the line as long as this host',
    { limited: { receiver: 0, network: 2_000, prober: 2_000 } },
    'for 50 % of the time of sending the line held it up, 0.0 % of the bytes went out once more',
  ],
  [
    'one round trip alone',
    { limited: prober, facts: { minRttMs: 4 } },
    'for 96 % of the time of sending this host had nothing to send, 0.0 % of the bytes went out once more',
  ],
])('who held a slow push up is said, whether it makes a cause or not: %s', (_what, pushed, words) => {
  expect(sendingWordsOf({ subject: over(pushed, { ...pushed, sizeBytes: 1_000 }) })).toEqual([
    `public: docker, 1.91 MiB: 488 KiB/s; ${words}`,
  ]);
});

test('of a path that is slow beside another it is said as well', () => {
  const subject = over({ limited: receiver, bytesPerSecond: 10 * MB });
  expect([sendingWordsOf({ subject }).length, sendingWordsOf({ subject, direct: fast }).length]).toEqual([0, 1]);
});
