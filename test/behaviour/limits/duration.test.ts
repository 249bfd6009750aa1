import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import type { Fault } from '../../support/lab/faults/fault.ts';
import { type PresetName, presetNames, presetOf } from '../../../src/lab/presets.ts';
import type { EdgeIdentity } from '../../../src/lab/proxy-styles.ts';
import { startRegistry } from '../../support/lab/registry.ts';
import { searchDurationLimit } from '../../../src/probe/limits/duration-search.ts';
import type { DurationLimit } from '../../../src/probe/limits/limit.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import { atBearablePace, stretched } from '../../support/pace.ts';
import { checkOf, runDeps } from '../../support/checks.ts';

const signal = new AbortController().signal;

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
