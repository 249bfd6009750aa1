import type { ClientName } from '../../../src/probe/clients/client-profiles.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import { demoScale, presetNames, presetOf, type PresetName } from '../../../src/lab/presets.ts';
import { startRegistry } from '../../support/lab/registry.ts';
import { createHesitatingPacer } from '../../../src/network/body/pacer.ts';
import { sizePlan, worstCaseSearchBytes } from '../../../src/probe/limits/size-plan.ts';
import { searchSizeLimit } from '../../../src/probe/limits/size-search.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import { checkOf, runDeps } from '../../support/checks.ts';

const MiB = 1_048_576;
const signal = new AbortController().signal;

describe('size search on the lab', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const item of open.splice(0).toReversed()) await item.close();
  });

  async function searchPreset(preset: PresetName, client: ClientName, runner = createRunner(runDeps())) {
    const registry = await startRegistry({ bytes: 'discard' });
    // Limits on time stay as long as they are: a busy machine must not meet them.
    const { identity, faults } = presetOf(preset, { ...demoScale, time: 1 });
    const edge = await startEdge({ upstream: registry.url, identity, faults });
    open.push(registry, edge);
    const limit = faults.find((fault) => fault.kind === 'body-limit')?.limitBytes ?? Number.POSITIVE_INFINITY;
    const found = await searchSizeLimit(
      checkOf(edge.url, { client }),
      { upToBytes: 8 * MiB, resolutionBytes: 64 * 1_024, signal },
      runner,
    );
    return { found, limit, registry };
  }

  // Streamed and declared bodies through every preset, and two more shapes where there is a limit.
  const shapes = [
    ...presetNames.flatMap((preset) => [[preset, 'docker'] as const, [preset, 'docker-containerd'] as const]),
    ['cloudflare-free', 'crane'] as const,
    ['cloudflared-quic', 'monolithic'] as const,
  ].filter(([preset, client]) => preset !== 'cloudflared-quic' || client !== 'docker');

  test.each(shapes)('%s as %s: the configured limit, or none, at a stated cost', async (preset, client) => {
    const { found, limit, registry } = await searchPreset(preset, client);
    const isLimited = Number.isFinite(limit);
    expect(found.why).toMatch(isLimited ? /is refused: 413/ : /the largest size tried/);
    expect(found.conclusion).toBe(isLimited ? 'found' : 'none-up-to');
    expect(found.largestAccepted).toBeLessThanOrEqual(Math.min(limit, 8 * MiB));
    expect(found.smallestRejected ?? Number.POSITIVE_INFINITY).toBeGreaterThan(Math.min(limit, 8 * MiB));
    const next = found.smallestRejected ?? 8 * MiB;
    expect(next - found.largestAccepted!).toBeLessThanOrEqual(isLimited ? 64 * 1_024 : 0);
    expect(found.bytesSpent).toBe(found.runs.reduce((sum, run) => sum + run.sentBytes, 0));
    expect(found.bytesSpent).toBeLessThanOrEqual(
      worstCaseSearchBytes(sizePlan({ upToBytes: 8 * MiB, resolutionBytes: 64 * 1_024 }), 'push'),
    );
    expect(registry.blobs.size).toBe(0);
  });

  test('a tunnel that drops streamed bodies is no size limit', async () => {
    const { found } = await searchPreset('cloudflared-quic', 'docker');
    expect(found).toMatchObject({ conclusion: 'inconclusive', why: expect.stringContaining('body_dropped') as string });
    expect(found.smallestRejected).toBeUndefined();
  });

  test('a refused declared length costs no more than the chunks before the pause', async () => {
    const runner = createRunner(runDeps({ pacer: createHesitatingPacer(100) }));
    const { found } = await searchPreset('cloudflare-free', 'docker-containerd', runner);
    const refused = found.runs.filter((run) => !run.ok);
    expect(found.conclusion).toBe('found');
    expect(refused.length).toBeGreaterThan(2);
    for (const run of refused) expect(run.sentBytes).toBeLessThanOrEqual(256 * 1_024);
  });
});
