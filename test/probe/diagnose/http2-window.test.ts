import { expect, test } from 'vitest';
import { oneBlob } from '../../../src/probe/check.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import {
  type ExamineDeps,
  type ExamineOptions,
  mostExaminedBytes,
} from '../../../src/probe/diagnose/examine-options.ts';
import { examine } from '../../../src/probe/diagnose/examine.ts';
import { isSlowOverHttp2, slowHttp2 } from '../../../src/probe/diagnose/http2-window.ts';
import type { Trial, TrialKind } from '../../../src/probe/diagnose/trial.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { check, successfulRun } from '../../support/run-fixtures.ts';

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
