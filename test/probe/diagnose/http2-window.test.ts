import { expect, test } from 'vitest';
import { oneBlob } from '../../../src/probe/check.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import {
  type ExamineDeps,
  type ExamineOptions,
  mostExaminedBytes,
} from '../../../src/probe/diagnose/examine-options.ts';
import { examine } from '../../../src/probe/diagnose/examine.ts';
import { isSlowOverHttp2, passedOverHttp2, slowHttp2 } from '../../../src/probe/diagnose/http2-window.ts';
import type { Trial, TrialKind } from '../../../src/probe/diagnose/trial.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { attempt, check, requestRecord, successfulRun } from '../../support/run-fixtures.ts';

const MB = 1_000_000;
const crane = check({ client: clientProfiles.crane });

interface Pushed {
  readonly kind: TrialKind;
  readonly speed: number;
  readonly sizeBytes?: number;
  readonly run?: Partial<Run>;
}

function trialsOf(...pushed: readonly Pushed[]): Trial[] {
  return pushed.map(({ kind, speed, sizeBytes = 8 * MB, run }) => {
    const httpVersion = kind === 'version' ? '1.1' : '2';
    const done = {
      check: crane,
      pushBytesPerSecond: speed,
      pathFacts: { httpVersion },
      tainted: false,
      ...run,
    } as const;
    return { kind, shape: 'patch-streamed', sizeBytes, run: successfulRun(done) };
  });
}

function found(...pushed: readonly Pushed[]): string | undefined {
  const seen = slowHttp2({ subject: { path: crane.path, trials: trialsOf(...pushed) } });
  return seen && `${seen.cause} ${seen.confidence}`;
}

const slow = { kind: 'full', speed: MB } as const;
const quick = { kind: 'version', speed: 4 * MB } as const;

/** Connections over which 1 MB/s is so much in each round trip. */
function windowed(tripMs: number, windowBytes: number): Partial<Run> {
  const [attempt] = successfulRun().attempts;
  const kernel = { viaProxy: false, end: {}, points: [], streamWindowBytes: windowBytes };
  const request = { ...attempt!.requests[0]!, connectMs: tripMs, kernel };
  return { attempts: [{ ...attempt!, requests: [request] }] };
}

test('HTTP/2 is slow when it is so twice, each time beside HTTP/1.1; that its window is why is proven by its size', () => {
  expect(found(slow, quick, slow, quick)).toBe('http2_window likely');
  const by = (run: Partial<Run>): string | undefined =>
    found(...[slow, quick, slow, quick].map((one) => ({ ...one, run })));
  expect(by(windowed(64, 65_535))).toBe('http2_window certain');
  expect(by(windowed(64, 8 * MB))).toBe('http2_window likely');
});

test.each<[string, readonly Pushed[]]>([
  ['once: it may have been a moment', [slow, quick]],
  ['and the other time it is quick', [slow, quick, { ...slow, speed: 4 * MB }, quick]],
  ['and the other time HTTP/1.1 is slow, too', [slow, quick, slow, { ...quick, speed: 4 * MB - 1 }]],
  ['while this process was busy', [slow, quick, { ...slow, run: { tainted: true } }, quick]],
  ['beside another client', [slow, quick, { ...slow, run: { check: check() } }, quick]],
  ['beside another size', [slow, quick, { ...slow, sizeBytes: 4 * MB }, quick]],
  ['at a speed that is not known', [slow, quick, { ...slow, run: { pushBytesPerSecond: undefined } }, quick]],
  ['in a body that rests', [slow, quick, { ...slow, kind: 'pausing' }, quick]],
  ['in small bodies', [slow, quick, slow, quick].map((one) => ({ ...one, sizeBytes: 200_000, speed: one.speed / 40 }))],
])('it is not when it is so %s', (_what, pushed) => {
  expect(found(...pushed)).toBeUndefined();
});

test.each([
  ['half a second', 0.5, true],
  ['less than half a second', 0.499, false],
])('a body that took %s over HTTP/2, against a quarter', (_what, seconds, expected) => {
  const sizeBytes = 500_000;
  const speed = sizeBytes / seconds;
  expect(isSlowOverHttp2(trialsOf({ ...slow, sizeBytes, speed }, { ...quick, sizeBytes, speed: 4 * speed }))).toBe(
    expected,
  );
});

interface Trip {
  readonly connectMs?: number;
  /** Of requests without a body, and of bodies. */
  readonly waitMs?: number;
  readonly bodyWaitMs?: number;
  readonly windowBytes?: number;
}

/** Requests of a push: one without a body, and the body. */
function requested({ connectMs, waitMs, bodyWaitMs, windowBytes }: Trip): Partial<Run> {
  const kernel = { viaProxy: false, end: {}, points: [], streamWindowBytes: windowBytes };
  const bare = { ...requestRecord({ plannedBytes: 0 }), connectMs, waitMs };
  const body = { ...requestRecord({ plannedBytes: 1, kernel }), connectMs: undefined, waitMs: bodyWaitMs };
  return { attempts: [attempt({ requests: [bare, body] })] };
}

/** What is said of 1 MB/s over HTTP/2 and 4 MB/s over HTTP/1.1, behind the first figure. */
function saidOf(trip: Trip, older: Trip = trip): string {
  const pushed = [slow, quick, slow, quick].map((one) => ({ ...one, run: requested(one === slow ? trip : older) }));
  const seen = slowHttp2({ subject: { path: crane.path, trials: trialsOf(...pushed) } })!;
  const [, why] = /^crane, 7\.63 MiB: 977 KiB\/s over HTTP\/2(.*); 3\.81 MiB\/s over HTTP\/1\.1 on the same path$/.exec(
    seen.evidence,
  )!;
  return `${seen.confidence}${why}`;
}

const KiB = 1024;

test.each<[string, Trip, string]>([
  ['nothing, where no connection was timed', { windowBytes: 64 * KiB }, 'likely'],
  [
    'what each round trip carries, where no window is known',
    { connectMs: 50 },
    'likely, 48.8 KiB in each round trip of 50 ms',
  ],
  [
    'one window, of which it is half',
    { connectMs: 50, windowBytes: 100_000 },
    'certain, because each round trip of 50 ms carries one window of 98 KiB',
  ],
  ['less than half a window', { connectMs: 50, windowBytes: 100_001 }, 'likely, 48.8 KiB in each round trip of 50 ms'],
  [
    'one window, and not a third more',
    { connectMs: 65, windowBytes: 50_000 },
    'certain, because each round trip of 65 ms carries one window of 49 KiB',
  ],
  ['more than that', { connectMs: 65, windowBytes: 49_999 }, 'likely, 63.5 KiB in each round trip of 65 ms'],
  [
    'the way behind what took the connection, by the answers',
    { connectMs: 1, waitMs: 64, windowBytes: 64 * KiB },
    'certain, because each round trip of 64 ms carries one window of 64 KiB',
  ],
  [
    'not by answers to bodies',
    { connectMs: 1, bodyWaitMs: 64, windowBytes: 64 * KiB },
    'likely, 1000 B in each round trip of 1 ms',
  ],
  ['not by answers that come within 20 ms', { connectMs: 1, waitMs: 20 }, 'likely, 1000 B in each round trip of 1 ms'],
  ['by those that take longer', { connectMs: 1, waitMs: 21 }, 'likely, 20.5 KiB in each round trip of 21 ms'],
  [
    'not by those that take four times as long',
    { connectMs: 10, waitMs: 40 },
    'likely, 9.77 KiB in each round trip of 10 ms',
  ],
  ['by those that take more', { connectMs: 10, waitMs: 41 }, 'likely, 40 KiB in each round trip of 41 ms'],
])('what is said of a window: %s', (_what, trip, said) => {
  expect(saidOf(trip)).toBe(said);
});

test('the shortest connection counts, of all pushes; the window is that of HTTP/2', () => {
  expect(saidOf({ connectMs: 90, windowBytes: 64 * KiB }, { connectMs: 64, windowBytes: 1 })).toBe(
    'certain, because each round trip of 64 ms carries one window of 64 KiB',
  );
  expect(saidOf({ connectMs: 1 }, { connectMs: 1, waitMs: 64 })).toContain('each round trip of 64 ms');
  expect(saidOf({ connectMs: 1, waitMs: 900 }, { connectMs: 1, waitMs: 64 })).toContain('each round trip of 64 ms');
});

test('the quickest push over HTTP/2 is compared with the slowest over HTTP/1.1', () => {
  const pushed = [{ ...slow, speed: MB / 2 }, quick, slow, { ...quick, speed: 8 * MB }];
  const seen = slowHttp2({ subject: { path: crane.path, trials: trialsOf(...pushed) } });
  expect(seen?.evidence).toMatch(/: 977 KiB\/s over HTTP\/2, .*; 3\.81 MiB\/s over HTTP\/1\.1 on the same path$/);
});

test('a first push over HTTP/1.1 that failed is passed over', () => {
  const failed = { ...quick, sizeBytes: MB, run: { ok: false } };
  expect(found(failed, slow, quick, slow, quick)).toBe('http2_window likely');
});

test.each<[string, Partial<Pushed> & { readonly run?: Partial<Run> }, boolean]>([
  ['as its client sends it', {}, true],
  ['beside others, as one that rests', { kind: 'pausing' }, false],
  ['on fresh connections', { kind: 'fresh' }, false],
  ['over HTTP/1.1', { run: { pathFacts: { httpVersion: '1.1' } } }, false],
  ['over a version that is not known', { run: { pathFacts: {} } }, false],
  ['in vain', { run: { ok: false } }, false],
])('a push over HTTP/2 %s', (_what, changes, is) => {
  expect(trialsOf({ ...slow, ...changes }).map(passedOverHttp2)).toEqual([is]);
});

test.each<[string, readonly Pushed[]]>([
  ['HTTP/2', [quick]],
  ['HTTP/1.1', [slow]],
  ['HTTP/1.1 whose time is to be trusted', [slow, { ...quick, run: { tainted: true } }]],
  ['either', []],
])('without a push over %s nothing is slow', (_what, pushed) => {
  expect(isSlowOverHttp2(trialsOf(...pushed))).toBe(false);
});

/** The large pushes of an examination as crane, on a path with these speeds: client and version of HTTP. */
async function pushesOf(speedOf: (version: '1.1' | '2', number: number) => number): Promise<string[]> {
  const asked: string[] = [];
  const sizeBytes = 8 * MB;
  const run: ExamineDeps['run'] = (tried) => {
    const httpVersion = tried.client.httpVersion === '1.1' ? '1.1' : '2';
    if (tried.workload.layerBytes[0] === sizeBytes) asked.push(`${tried.client.name} ${httpVersion}`);
    const pushBytesPerSecond = speedOf(httpVersion, asked.length);
    return Promise.resolve(
      successfulRun({ check: tried, pathFacts: { httpVersion }, pushBytesPerSecond, tainted: false }),
    );
  };
  const signal = new AbortController().signal;
  const options: ExamineOptions = { check: oneBlob(crane, 'large', sizeBytes), durationsMs: [], signal };
  await examine(options, { run, paced: () => run, checkApi: () => Promise.resolve(undefined) });
  expect(asked.length * sizeBytes).toBeLessThanOrEqual(mostExaminedBytes(options));
  return asked;
}

// The other shapes are those of clients that speak HTTP/1.1.
const shapes = ['crane 2', 'docker 1.1', 'docker-containerd 1.1', 'chunked 1.1'];
const inTurn = ['crane 1.1', 'crane 2', 'crane 1.1'];

test('an examination compares the client with itself, twice where it is slow', async () => {
  expect(await pushesOf((version) => (version === '2' ? MB : 4 * MB))).toEqual([...shapes, ...inTurn]);
  // The first of all was slow for a moment.
  expect(await pushesOf((_version, number) => (number === 1 ? MB : 4 * MB))).toEqual([...shapes, ...inTurn]);
  expect(await pushesOf(() => MB)).toEqual([...shapes, 'crane 1.1']);
});

test('bodies of 256 KiB tell the speed, and each of them has to take long', () => {
  const least = { sizeBytes: 256 * KiB, speed: 10 * KiB };
  const older = { ...quick, sizeBytes: 256 * KiB };
  expect(isSlowOverHttp2(trialsOf({ ...slow, ...least }, older))).toBe(true);
  expect(isSlowOverHttp2(trialsOf({ ...slow, ...least, sizeBytes: 256 * KiB - 1 }, older))).toBe(false);
  expect(isSlowOverHttp2(trialsOf(slow, { ...slow, speed: 20 * MB }, { ...quick, speed: 100 * MB }))).toBe(false);
});
