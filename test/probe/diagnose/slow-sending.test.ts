import { describe, expect, test } from 'vitest';
import type { KernelPoint, LimitedMs } from '../../../src/network/kernel/kernel-facts.ts';
import { slowSending } from '../../../src/probe/diagnose/slow-sending.ts';
import type { Examined, Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Run, SendingFacts } from '../../../src/probe/outcome.ts';
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
}

function trial({ limited, points = steady, streamWindowBytes, facts, ...more }: Pushed): Trial {
  const kernel = { viaProxy: false, end: {}, limited, points, streamWindowBytes, ...facts };
  const attempts = [attempt({ requests: [requestRecord({ kernel })] })];
  const pushBytesPerSecond = more.bytesPerSecond ?? 0.5 * MB;
  const run = successfulRun({ attempts, sending: sendingFacts(attempts), pushBytesPerSecond, ...more.run });
  return { kind: 'full', shape: 'patch-streamed', sizeBytes: more.sizeBytes ?? 2 * MB, run };
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
});
