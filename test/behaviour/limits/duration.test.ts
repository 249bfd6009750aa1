import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import type { Fault } from '../../support/lab/faults/fault.ts';
import { type PresetName, presetNames, presetOf } from '../../../src/lab/presets.ts';
import type { EdgeIdentity } from '../../../src/lab/proxy-styles.ts';
import { startRegistry } from '../../support/lab/registry.ts';
import type { PacerClock } from '../../../src/network/body/pacer.ts';
import type { Pacer } from '../../../src/network/body/pump.ts';
import { workloadBytes } from '../../../src/probe/check.ts';
import { type Failure, failureReasons } from '../../../src/probe/failure.ts';
import { type DurationSearchOptions, searchDurationLimit } from '../../../src/probe/limits/duration-search.ts';
import { durationTrialOf } from '../../../src/probe/limits/duration-trial.ts';
import type { DurationLimit } from '../../../src/probe/limits/limit.ts';
import type { RunCheck } from '../../../src/probe/outcome.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import { atBearablePace, stretched } from '../../support/pace.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';

const check = checkOf('http://127.0.0.1:1');
const signal = new AbortController().signal;
const tooSlow = fakeFailure('request_timeout', { status: 408, answeredBy: 'haproxy' });

/** A path that ends bodies when `ending` says so: after how long, and how, for each run. */
function slowPath(ending: (number: number) => { readonly afterMs: number; readonly failure: Failure } | undefined) {
  let now = 0;
  let runs = 0;
  const clock: PacerClock = {
    nowMs: () => now,
    sleep: async (delayMs) => {
      now += delayMs;
    },
  };
  const runPaced =
    (pacer: Pacer): RunCheck =>
    async (tried) => {
      const end = ending((runs += 1));
      const startedMs = now;
      const size = workloadBytes(tried.workload);
      for (let sent = 0; sent < size; sent += tried.client.writeBytes) {
        await pacer.take(tried.client.writeBytes, signal);
        if (end !== undefined && now - startedMs > end.afterMs)
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

describe('duration search on the lab', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterAll(async () => {
    for (const item of open.splice(0).toReversed()) await item.close();
  });

  /** The two clocks, the search's and the edge's, start and end a body that much apart. */
  const bearableLagMs = 40;

  /** What a search finds, in milliseconds of an undisturbed clock. */
  interface FoundAtPace {
    readonly limit: DurationLimit;
    readonly acceptedMs: number;
    readonly rejectedMs: number;
  }

  function searchEdge(
    faults: readonly Fault[],
    client: ClientName,
    durationsMs: readonly number[],
    identity: EdgeIdentity = { style: 'traefik' },
  ): Promise<FoundAtPace> {
    return atBearablePace(bearableLagMs, async (pace) => {
      const registry = await startRegistry({ bytes: 'discard' });
      const edge = await startEdge({ upstream: registry.url, identity, faults: stretched(faults, pace) });
      open.push(registry, edge);
      const limit = await searchDurationLimit(
        checkOf(edge.url, { client, check: { timeoutMs: 15_000 * pace } }),
        { durationsMs: durationsMs.map((ms) => ms * pace), resolutionMs: 100 * pace, sizeBytes: 64 * 1_024, signal },
        (pacer) => createRunner(runDeps({ pacer })),
      );
      const unscaled = (seconds: number | undefined): number => ((seconds ?? Number.NaN) * 1_000) / pace;
      return { limit, acceptedMs: unscaled(limit.largestAccepted), rejectedMs: unscaled(limit.smallestRejected) };
    });
  }

  function expectLimit({ acceptedMs, rejectedMs, limit }: FoundAtPace, limitMs: number): void {
    expect(limit.conclusion).toBe('found');
    expect(acceptedMs).toBeLessThanOrEqual(limitMs + bearableLagMs);
    expect(rejectedMs).toBeGreaterThanOrEqual(limitMs - bearableLagMs);
    expect(rejectedMs - acceptedMs).toBeLessThan(101);
  }

  const faultsOf = (preset: PresetName) => presetOf(preset, { size: 0.01, time: 0.01 }).faults;
  const presets = presetNames.flatMap((preset) => [
    [preset, 'docker'] as const,
    [preset, 'docker-containerd'] as const,
  ]);
  const found = new Map<string, FoundAtPace>();
  // Most of it is waiting, but not all: as many as do not make each other late.
  beforeAll(async () => {
    const waiting = [...presets];
    const work = async (): Promise<void> => {
      for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
        const [preset, client] = one;
        found.set(one.join(' '), await searchEdge(faultsOf(preset), client, [300, 800], presetOf(preset).identity));
      }
    };
    await Promise.all(Array.from({ length: 6 }, work));
  });
  const foundFor = (preset: PresetName, client: ClientName): FoundAtPace => found.get(`${preset} ${client}`)!;

  const bodiesLost = presets.filter(([preset, client]) => preset === 'cloudflared-quic' && client === 'docker');
  const limited = presets.filter(([preset]) => faultsOf(preset).some(({ kind }) => kind === 'total-duration'));
  const others = presets.filter((one) => !limited.includes(one) && !bodiesLost.includes(one));

  test.for(limited)('%s as %s: its limit on time, not a size', ([preset, client]) => {
    const one = foundFor(preset, client);
    expect(one.limit.why).toMatch(/(?:499|504) from traefik/);
    expectLimit(one, 600);
  });

  test.for(others)('%s as %s: limits on silence are none on duration', ([preset, client]) => {
    const { limit, acceptedMs } = foundFor(preset, client);
    expect(limit.conclusion).toBe('none-up-to');
    expect(acceptedMs).toBe(800);
  });

  test.each(bodiesLost)('%s as %s: a lost body is no limit', (preset, client) => {
    const why = expect.stringContaining('body_dropped') as string;
    expect(foundFor(preset, client).limit).toMatchObject({ conclusion: 'inconclusive', why });
  });

  test.each(presets)(
    '%s as %s: what was sent is stated, and no more than the small body each time',
    (preset, client) => {
      const { bytesSpent, runs } = foundFor(preset, client).limit;
      expect(bytesSpent).toBe(runs.reduce((sum, run) => sum + run.sentBytes, 0));
      expect(bytesSpent).toBeLessThanOrEqual(runs.length * 64 * 1_024);
    },
  );

  test('a cut without a word at a fixed time is found, because it comes again', async () => {
    const found = await searchEdge(
      [{ kind: 'total-duration', limitMs: 1_100, ending: 'reset', status: 0 }],
      'docker',
      [1_500],
    );
    expect(found.limit.why).toMatch(/no answer/);
    expectLimit(found, 1_100);
  });

  test('a limit on silence is none on duration: the body never pauses for long', async () => {
    const found = await searchEdge(
      [{ kind: 'idle-cut', limitMs: 400, ending: 'linger', status: 408 }],
      'docker',
      [1_000],
    );
    expect(found.limit.conclusion).toBe('none-up-to');
    expect(found.acceptedMs).toBe(1_000);
  });
});
