import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Pacer } from '../../../src/network/body/pump.ts';
import { workloadBytes } from '../../../src/probe/check.ts';
import { type Failure, failureReasons } from '../../../src/probe/failure.ts';
import {
  type DurationSearchOptions,
  durationsUpTo,
  pullSearchBytes,
  searchDurationLimit,
  usualDurationsMs,
} from '../../../src/probe/limits/duration-search.ts';
import { durationTrialOf } from '../../../src/probe/limits/duration-trial.ts';
import type { DurationLimit } from '../../../src/probe/limits/limit.ts';
import type { RunCheck } from '../../../src/probe/outcome.ts';
import { checkOf } from '../../support/checks.ts';
import { fakePacerClock } from '../../support/fake-pacer-clock.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';

const check = checkOf('http://127.0.0.1:1');
const signal = new AbortController().signal;
const tooSlow = fakeFailure('request_timeout', { status: 408, answeredBy: 'haproxy' });

/** A path that ends bodies when `ending` says so: after how long, and how, for each run. */
function slowPath(ending: (number: number) => { readonly afterMs: number; readonly failure: Failure } | undefined) {
  let runs = 0;
  const clock = fakePacerClock();
  const runPaced =
    (pacer: Pacer): RunCheck =>
    async (tried) => {
      const end = ending((runs += 1));
      const startedMs = clock.nowMs();
      const size = workloadBytes(tried.workload);
      for (let sent = 0; sent < size; sent += tried.client.writeBytes) {
        await pacer.take(tried.client.writeBytes, signal);
        if (end !== undefined && clock.nowMs() - startedMs > end.afterMs)
          return fakeRun(tried, { ...end.failure, elapsedMs: end.afterMs }, sent);
      }
      return fakeRun(tried, undefined, size);
    };
  return { clock, runPaced };
}

function search(
  path: ReturnType<typeof slowPath>,
  options: Partial<DurationSearchOptions> = {},
): Promise<DurationLimit> {
  return searchDurationLimit(check, { signal, clock: path.clock, ...options }, path.runPaced);
}

describe('duration search', () => {
  test('any limit is found within the resolution, said or not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1_000, max: 150_000 }),
        fc.integer({ min: 500, max: 10_000 }),
        fc.constantFrom(tooSlow, fakeFailure('connection_reset'), fakeFailure('http2_error')),
        async (limitMs, resolutionMs, failure) => {
          const found = await search(
            slowPath(() => ({ afterMs: limitMs, failure })),
            { resolutionMs },
          );
          const isLimited = limitMs < 125_000;
          expect(found.conclusion).toBe(isLimited ? 'found' : 'none-up-to');
          const accepted = (found.largestAccepted ?? 0) * 1_000;
          const rejected = (found.smallestRejected ?? Number.POSITIVE_INFINITY) * 1_000;
          expect(accepted).toBeLessThanOrEqual(limitMs);
          expect(Math.round(rejected)).toBeGreaterThanOrEqual(limitMs);
          const apartMs = isLimited ? rejected - accepted : 125_000 - accepted;
          expect(apartMs).toBeLessThan((isLimited ? resolutionMs : 0) + 0.5);
          expect(found.rejection?.reason).toBe(isLimited ? failure.reason : undefined);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a limit of 60 s: 35 passes, 65 is ended at 60, and one more try shows that 55 passes', async () => {
    const tried: number[] = [];
    const path = slowPath(() => ({ afterMs: 60_000, failure: tooSlow }));
    const found = await search(path, { onTry: ({ durationMs }) => tried.push(durationMs) });
    expect(tried).toEqual([0, 35_000, 65_000, 55_000]);
    expect(found).toMatchObject({ largestAccepted: 55, smallestRejected: 60 });
    expect(found.bytesSpent).toBeLessThan(4 * 256 * 1_024 + 1);
  });

  const notAboutTime = failureReasons.filter(
    (reason) =>
      !['request_timeout', 'connection_reset', 'http2_error', 'response_timeout', 'origin_unreachable'].includes(
        reason,
      ),
  );
  test.each(notAboutTime)('%s of a slow body is no time limit', async (reason) => {
    const found = await search(slowPath(() => ({ afterMs: 50_000, failure: fakeFailure(reason) })));
    expect(found).toMatchObject({
      conclusion: 'inconclusive',
      largestAccepted: 35,
      why: expect.stringContaining(reason) as string,
    });
    expect(found.smallestRejected).toBeUndefined();
  });

  test('a cut that comes at another time the second time is no clock', async () => {
    const cut = fakeFailure('connection_reset');
    const found = await search(slowPath((number) => ({ afterMs: 30_000 + 4_000 * (number % 2), failure: cut })));
    expect(found).toMatchObject({
      conclusion: 'inconclusive',
      why: expect.stringMatching(/and the next one after/) as string,
    });
  });

  test.each([
    [10, 'found'],
    [11, 'inconclusive'],
  ])('cuts that are %d %% apart: %s', async (percent, conclusion) => {
    const cut = fakeFailure('connection_reset');
    const found = await search(
      slowPath((number) => ({ afterMs: 20_000 * (1 + (number % 2 === 0 ? 0 : percent / 100)), failure: cut })),
      { durationsMs: [35_000], resolutionMs: 21_000 },
    );
    expect(found.conclusion).toBe(conclusion);
    expect(found.smallestRejected !== undefined).toBe(conclusion === 'found');
    expect(found.rejection !== undefined).toBe(conclusion === 'found');
  });

  /** Ends of the tries in their order; undefined: it passes. */
  function endingAt(...endsMs: readonly (number | undefined)[]): ReturnType<typeof slowPath> {
    const failure = fakeFailure('connection_reset');
    return slowPath((number) => {
      const afterMs = endsMs[number - 1];
      return afterMs === undefined ? undefined : { afterMs, failure };
    });
  }

  test.each<[string, readonly (number | undefined)[]]>([
    // Of a clock that is looked at now and then, too: when a body is ended is chance there.
    ['all later than what passes', [undefined, undefined, 44_000, 61_000, 52_000]],
    ['the second at what passes', [undefined, undefined, 35_001, 35_000]],
  ])('ends at different times are no limit: %s', async (_what, endsMs) => {
    const found = await search(endingAt(...endsMs));
    expect([found.conclusion, found.smallestRejected]).toEqual(['inconclusive', undefined]);
  });

  // 24 MiB, of which 8 may be under way when the hop hangs up: they are read over half of the time.
  test.each([
    [12_000, 28_000, 'found'],
    [12_000, 34_000, 'inconclusive'],
  ])('pulls over 35 s whose ends are seen after %d and %d ms: %s', async (firstMs, secondMs, conclusion) => {
    const pull = { ...check, pushedOver: check.path };
    const cut = fakeFailure('connection_reset', {
      phase: 'pull',
      status: 200,
      evidence: { message: '', pulledBytes: 1 },
    });
    const path = slowPath((number) =>
      number === 1 ? undefined : { afterMs: [firstMs, secondMs][number % 2]!, failure: cut },
    );
    const options = { signal, clock: path.clock, durationsMs: [35_000], resolutionMs: 36_000 };
    expect(await searchDurationLimit(pull, options, path.runPaced)).toMatchObject({ direction: 'pull', conclusion });
  });

  test('a pull that is cut before what comes back is no limit, however near the next one is', async () => {
    const pull = { ...check, pushedOver: check.path };
    const cut = fakeFailure('connection_reset', {
      phase: 'pull',
      status: 200,
      evidence: { message: '', pulledBytes: 1 },
    });
    const conclusionOf = async (...endsMs: readonly number[]): Promise<string> => {
      const path = slowPath((number) => (number < 3 ? undefined : { afterMs: endsMs[number - 3]!, failure: cut }));
      const options = { signal, clock: path.clock, durationsMs: [35_000, 65_000], resolutionMs: 36_000 };
      return (await searchDurationLimit(pull, options, path.runPaced)).conclusion;
    };
    expect(await conclusionOf(20_000, 50_000)).toBe('inconclusive');
    expect(await conclusionOf(50_000, 35_000)).toBe('inconclusive');
    expect(await conclusionOf(50_000, 36_000)).toBe('found');
  });

  test('an end at the very time that was accepted contradicts it', async () => {
    const found = await search(
      slowPath((number) => (number === 3 ? { afterMs: 35_000, failure: tooSlow } : undefined)),
    );
    expect(found).toMatchObject({ conclusion: 'inconclusive', why: expect.stringMatching(/although 35/) as string });
  });

  test('a cut that does not come again is inconclusive', async () => {
    const cut = fakeFailure('connection_reset');
    const found = await search(slowPath((number) => (number === 3 ? { afterMs: 40_000, failure: cut } : undefined)));
    expect(found).toMatchObject({
      conclusion: 'inconclusive',
      why: expect.stringMatching(/accepted at another$/) as string,
    });
  });

  test('an end before what was accepted is inconclusive', async () => {
    const found = await search(
      slowPath((number) => (number === 3 ? { afterMs: 20_000, failure: tooSlow } : undefined)),
    );
    expect(found).toMatchObject({
      conclusion: 'inconclusive',
      why: expect.stringMatching(/although 35 s had been accepted/) as string,
    });
  });

  test('a path that fails at full speed is not searched', async () => {
    const tried: number[] = [];
    const path = slowPath(() => ({ afterMs: -1, failure: tooSlow }));
    const found = await search(path, { onTry: ({ durationMs }) => tried.push(durationMs) });
    expect(found.conclusion).toBe('inconclusive');
    expect(tried).toEqual([0]);
  });
});

test.each([
  ['sent at once: what it took, as no time was wanted', 0, 1_600],
  ['sent slowly: no longer than was wanted, though the answer came late', 1_500, 1_500],
])('a body that was ended, %s', (_name, durationMs, afterMs) => {
  const run = fakeRun(check, { ...tooSlow, elapsedMs: 1_599.2 });
  expect(durationTrialOf(run, durationMs)).toMatchObject({ kind: 'ended', said: true, afterMs });
});

const MiB = 1_048_576;
const pulled = { ...check, pushedOver: check.path };

/** What a search tries and pulls or pushes when nothing is limited, or what `failure` says is. */
async function tried(
  failureOf: (durationMs: number, number: number) => Failure | undefined,
  { options = {}, searched = check }: { options?: Partial<DurationSearchOptions>; searched?: typeof check } = {},
) {
  const tries: { durationMs: number; number: number }[] = [];
  const told: unknown[] = [];
  const onProgress = (): void => {};
  const runPaced = (): RunCheck => async (one, runOptions) => {
    const last = tries.at(-1)!;
    told.push(runOptions.signal, runOptions.onProgress);
    const failure = failureOf(last.durationMs, last.number);
    return fakeRun(one, failure === undefined ? undefined : failure, workloadBytes(one.workload));
  };
  const found = await searchDurationLimit(
    searched,
    { signal, onProgress, onTry: (one) => tries.push(one), ...options },
    runPaced,
  );
  expect(told).toEqual(tries.flatMap(() => [signal, onProgress]));
  return { found, tries: tries.map(({ durationMs }) => durationMs), numbers: tries.map(({ number }) => number) };
}

describe('what is tried', () => {
  const pullCut = fakeFailure('connection_reset', {
    phase: 'pull',
    status: 200,
    evidence: { message: '', pulledBytes: 1 },
  });

  test('at full speed, then each usual time, and the words name the longest', async () => {
    const { found, tries, numbers } = await tried(() => undefined);
    expect([tries, numbers]).toEqual([
      [0, ...usualDurationsMs],
      [1, 2, 3, 4, 5],
    ]);
    expect(found).toMatchObject({ unit: 'seconds', direction: 'push', bytesSpent: 5 * 256 * 1_024 });
    expect(found.why).toBe('a body that takes 2 m 5 s, the longest tried, is accepted');
    expect((await tried(() => undefined, { searched: pulled })).found.why).toBe(
      'a pull that takes 2 m 5 s, the longest tried, comes back',
    );
  });

  test('a pull says nothing of when it was ended: its bounds are halved, without a guess', async () => {
    const { found, tries } = await tried(
      (durationMs) => (durationMs >= 60_000 ? { ...pullCut, elapsedMs: 60_000 } : undefined),
      {
        searched: pulled,
      },
    );
    expect(tries).toEqual([0, 35_000, 65_000, 65_000, 50_000, 57_500, 61_250, 61_250]);
    expect(found).toMatchObject({ conclusion: 'found', largestAccepted: 57.5, smallestRejected: 61.25 });
    expect(found.why).toMatch(/^a pull may take 57\.5 s; one of 1 m 1 s is ended: connection_reset, no answer/);
  });

  test('a body is ended when it says, and that is what the words say', async () => {
    const { found } = await tried((durationMs) =>
      durationMs >= 60_000 ? { ...tooSlow, elapsedMs: 60_000 } : undefined,
    );
    expect(found.why).toMatch(/^a body may take 55 s; after 1 m it is ended: 408 from haproxy/);
  });

  test('as fine as a tenth of the longest time, where that is finer than 5 s', async () => {
    const limit = (durationMs: number): Failure | undefined =>
      durationMs >= 2_000 ? { ...tooSlow, elapsedMs: 2_000 } : undefined;
    const { found, tries } = await tried(limit, { options: { durationsMs: [1_000, 3_000] } });
    expect(tries).toEqual([0, 1_000, 3_000, 1_700]);
    expect(found).toMatchObject({ largestAccepted: 1.7, smallestRejected: 2 });
  });

  test('nothing but a body at full speed gets through: no time is known to pass', async () => {
    const { found, tries } = await tried(
      (durationMs) => (durationMs > 0 ? { ...tooSlow, elapsedMs: Math.min(durationMs, 4_000) } : undefined),
      { options: { durationsMs: [35_000], resolutionMs: 5_000 } },
    );
    expect(tries).toEqual([0, 35_000]);
    expect(found).toMatchObject({ conclusion: 'found', smallestRejected: 4 });
    expect(found.largestAccepted).toBeUndefined();
  });

  test('another failure between the bounds ends the search, and what is known stays', async () => {
    const { found } = await tried((durationMs) => {
      if (durationMs >= 65_000) return { ...tooSlow, elapsedMs: 60_000 };
      return durationMs === 55_000 ? fakeFailure('auth_expired') : undefined;
    });
    expect(found).toMatchObject({ conclusion: 'inconclusive', largestAccepted: 35, smallestRejected: 60 });
    expect(found.why).toMatch(/^a small body, sent over 55 s, failed for another reason: auth_expired/);
  });

  test('another failure where a cut should come again is what the search ends with', async () => {
    const { found } = await tried((_durationMs, number) => {
      if (number < 3) return undefined;
      return number === 3 ? fakeFailure('connection_reset', { elapsedMs: 50_000 }) : fakeFailure('auth_expired');
    });
    expect(found).toMatchObject({ conclusion: 'inconclusive', largestAccepted: 35 });
    expect(found.why).toMatch(/failed for another reason: auth_expired/);
  });

  test('a cut that does not come again is told with its time', async () => {
    const { found } = await tried((_durationMs, number) =>
      number === 3 ? fakeFailure('connection_reset', { elapsedMs: 50_000 }) : undefined,
    );
    expect(found.why).toBe('a body sent over 1 m 5 s was ended after 50 s at one time and accepted at another');
  });

  test('at full speed only what takes no time is ended: nothing had been accepted before', async () => {
    const { found } = await tried(() => ({ ...tooSlow, elapsedMs: 700 }));
    expect(found.why).toMatch(/^a small body was ended after 700 ms: 408 from haproxy/);
    const back = await tried(() => ({ ...pullCut, elapsedMs: 2_999.5 }), { searched: pulled });
    expect(back.found.why).toMatch(/^a pull at full speed was ended after 3 s: connection_reset/);
  });

  test('no more than the budget: of a pull, both ways count', async () => {
    const { found, tries } = await tried(() => undefined, { options: { byteBudget: 2 * 256 * 1_024 } });
    expect(tries).toEqual([0, 35_000]);
    expect(found).toMatchObject({ conclusion: 'inconclusive', bytesSpent: 2 * 256 * 1_024 });
    expect(found.why).toMatch(/leave no room for a try of 256 KiB/);
    const back = await tried(() => undefined, { options: { byteBudget: 48 * MiB - 1 }, searched: pulled });
    expect(back.tries).toEqual([]);
  });
});

test.each([
  ['a body is sent evenly over all of its time', check, 256 * 1_024, [250, 500, 750, 1_000]],
  ['a pull is read evenly but for its last 8 MiB', pulled, 24 * MiB, [375, 750, 1_000, 1_000]],
])('%s', async (_what, searched, sizeBytes, quartersMs) => {
  const clock = fakePacerClock();
  const seen: number[] = [];
  const runPaced =
    (pacer: Pacer): RunCheck =>
    async (one) => {
      const startedMs = clock.nowMs();
      expect(workloadBytes(one.workload)).toBe(sizeBytes);
      seen.length = 0;
      for (let quarter = 0; quarter < 4; quarter += 1) {
        await pacer.take(sizeBytes / 4, signal);
        seen.push(clock.nowMs() - startedMs);
      }
      return fakeRun(one, undefined, sizeBytes);
    };
  await searchDurationLimit(searched, { signal, clock, durationsMs: [1_000] }, runPaced);
  expect(seen).toEqual(quartersMs);
});

test.each([
  [20_000, [20_000]],
  [65_000, [35_000, 65_000]],
  [65_001, [35_000, 65_000, 65_001]],
  [600_000, [35_000, 65_000, 105_000, 125_000, 600_000]],
])('the usual times up to %d ms', (upToMs, durationsMs) => {
  expect(durationsUpTo(upToMs)).toEqual(durationsMs);
});

test('a search over the way back moves each try both ways: each time once at least, twice and six more at most', () => {
  expect(pullSearchBytes([1, 2])).toEqual({ least: 3 * 48 * MiB, most: 17 * 48 * MiB });
  expect(pullSearchBytes()).toEqual({ least: 5 * 48 * MiB, most: 21 * 48 * MiB });
});
