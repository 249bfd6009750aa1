import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { createEngine, type Engine } from '../../src/daemon/engine.ts';
import { ScheduledLimits } from '../../src/daemon/scheduled-limits.ts';
import type { LimitSearches, LimitTarget } from '../../src/config/config.ts';
import { startEdge } from '../support/lab/edge.ts';
import { startRegistry } from '../support/lab/registry.ts';
import { workloadBytes } from '../../src/probe/check.ts';
import type { Failure } from '../../src/probe/failure.ts';
import type { RunCheck } from '../../src/probe/outcome.ts';
import { RateLimits } from '../../src/schedule/rate-limits.ts';
import { Metrics } from '../../src/publish/metrics/metrics.ts';
import { atOnce } from '../support/at-once.ts';
import { fakeCheck } from '../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../support/fake-run.ts';
import { gateOf } from '../support/gate.ts';
import { recordingLog } from '../support/recording-log.ts';
import { rendered } from '../support/rendered.ts';

const MiB = 1_048_576;
const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

const tooLarge: Failure = {
  reason: 'body_too_large',
  phase: 'send',
  answeredBy: 'nginx',
  blame: 'ingress',
  status: 413,
  sentBytes: 0,
  elapsedMs: 1,
  blob: 'blob',
  evidence: { message: '413' },
};

function searchesOf(...targets: LimitTarget[]): LimitSearches {
  return { intervalMs: 86_400_000, upToBytes: 4 * MiB, resolutionBytes: 64 * 1_024, targets };
}

function setup(paced: Engine['paced'], bytesPerDay?: number, rateLimits?: RateLimits) {
  const metrics = new Metrics({ version: '0', revision: 'r', nodeVersion: 'v', processMetrics: false });
  const { log, lines } = recordingLog();
  const { gate, budget } = gateOf({ bytesPerDay, log, ...(rateLimits === undefined ? {} : { rateLimits }) });
  const limits = new ScheduledLimits({ engine: { paced }, metrics, gate, log });
  const scrape = async (name: string): Promise<string[]> =>
    (await rendered(metrics)).split('\n').filter((line) => line.startsWith(name));
  return { limits, budget, lines, scrape };
}

/** Accepts up to `limitBytes`; each try sends all of its bytes. */
function limitedTo(limitBytes: number): RunCheck {
  return async (check) => {
    const sentBytes = workloadBytes(check.workload);
    return { ...fakeRun(check, sentBytes > limitBytes ? tooLarge : undefined), sentBytes };
  };
}

const signal = new AbortController().signal;
const target = fakeCheck('gitea', 'ingress', 'docker', 'any');

test('through an edge of the lab: the limit becomes a gauge, the bytes are spent from the budget', async () => {
  const registry = await startRegistry({ bytes: 'discard' });
  const edge = await startEdge({
    upstream: registry.url,
    faults: [{ kind: 'body-limit', limitBytes: 1_000_000, ending: 'linger' }],
  });
  open.push(registry, edge);
  const engine = createEngine();
  const { limits, budget, lines, scrape } = setup((pacer) => engine.paced(pacer), 100 * MiB);
  const { pushes } = limits.update(searchesOf({ ...target, path: { ...target.path, origin: edge.url } }));
  await pushes[0]!.run(signal, atOnce);
  expect(await scrape('blobprobe_limit_bytes{')).toEqual([
    expect.stringMatching(/path="ingress".*bound="largest_accepted".* (1e\+06|1000000)$/),
    expect.stringMatching(/path="ingress".*bound="smallest_rejected"/),
  ]);
  expect(limits.findings()).toMatchObject([
    {
      registry: 'gitea',
      path: 'ingress',
      client: 'docker',
      unit: 'bytes',
      conclusion: 'found',
      largestAccepted: 1_000_000,
      smallestRejected: 1_000_000 + 64 * 1_024 - 16_960,
    },
  ]);
  const [line] = lines;
  expect(line).toMatchObject({ level: 'info', message: 'limit searched', fields: { conclusion: 'found' } });
  // What went over the wire: the bodies, and what comes with them.
  const spent = 100 * MiB - budget.remaining()!;
  const sent = Number(line?.fields['sent_bytes']);
  expect(spent).toBeGreaterThan(sent + 1_000);
  expect(spent).toBeLessThan(sent * 1.01 + 100_000);
});

test('a duration that is accepted to the end has no bound above', async () => {
  const { limits, scrape } = setup(() => limitedTo(Number.POSITIVE_INFINITY));
  const { light } = limits.update(searchesOf(target));
  await light[0]!.run(signal, atOnce);
  expect(await scrape('blobprobe_limit_seconds{')).toEqual([expect.stringMatching(/bound="largest_accepted".* 125$/)]);
});

test('others go first between the tries of a search, of pushes and of pulls', async () => {
  for (const searched of [target, { ...target, pushedOver: { ...target.path, name: 'direct' } }]) {
    const order: string[] = [];
    const { limits } = setup(() => (check) => {
      order.push('try');
      return Promise.resolve(fakeRun(check));
    });
    const turn = (): Promise<void> => Promise.resolve(void order.push('turn'));
    const { pushes, light } = limits.update(searchesOf(searched));
    for (const task of [...pushes, ...light]) {
      order.length = 0;
      await task.run(signal, turn);
      expect(order.length).toBeGreaterThan(2);
      expect(order).toEqual(order.map((_, index) => (index % 2 === 0 ? 'try' : 'turn')));
    }
  }
});

test('a search ends when the registry has asked others meanwhile to be left alone', async () => {
  const rateLimits = new RateLimits(() => 0);
  const { limits, lines } = setup(
    () => (check, options) => {
      const cancelled = options.signal.aborted;
      const run = fakeRun(check, cancelled ? fakeFailure('cancelled') : undefined);
      return Promise.resolve({ ...run, sentBytes: cancelled ? 0 : workloadBytes(check.workload) });
    },
    undefined,
    rateLimits,
  );
  const { pushes } = limits.update(searchesOf(target));
  await pushes[0]!.run(signal, () => {
    rateLimits.note(fakeRun(target, fakeFailure('rate_limited', { status: 429, answeredBy: 'nginx' })));
    return Promise.resolve();
  });
  expect(lines).toMatchObject([
    {
      message: 'limit search ended early',
      fields: { cause: 'rate_limited', unit: 'bytes', sent_bytes: 1_024, runs: 1 },
    },
  ]);
  expect(limits.findings()).toEqual([]);
});

test('a search that throws lets go of the signal of its caller', async () => {
  const caller = new AbortController();
  const { limits, budget } = setup(() => () => Promise.reject(new Error('it fails')), 100 * MiB);
  const [size] = limits.update(searchesOf(target)).pushes;
  await expect(size?.run(caller.signal, atOnce)).rejects.toThrow('it fails');
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
  expect(budget.remaining()).toBe(100 * MiB);
});

test('a search that the budget cannot bear does not start', async () => {
  const { limits, budget, lines } = setup(() => limitedTo(2 * MiB), 15 * MiB);
  const { pushes } = limits.update(searchesOf(target));
  await pushes[0]!.run(signal, atOnce);
  expect(lines.map(({ message, fields }) => [message, fields['cause']])).toEqual([['limit search skipped', 'budget']]);
  expect(budget.remaining()).toBe(15 * MiB);
});

test('a search uses at most half of what is left', async () => {
  const { limits, budget } = setup(() => limitedTo(3 * MiB), 17 * MiB);
  const { pushes } = limits.update(searchesOf(target));
  await pushes[0]!.run(signal, atOnce);
  expect(budget.remaining()).toBeGreaterThanOrEqual(8.5 * MiB);
});

test('an inconclusive search leaves what was known; a target that is gone is forgotten', async () => {
  let run = limitedTo(2 * MiB);
  const { limits, lines, scrape } = setup(() => run);
  const { pushes } = limits.update(searchesOf(target));
  await pushes[0]!.run(signal, atOnce);
  const known = await scrape('blobprobe_limit_bytes{');
  expect(known).toHaveLength(2);
  run = async (check) => fakeRun(check, { ...tooLarge, reason: 'registry_error' });
  await pushes[0]!.run(signal, atOnce);
  expect(await scrape('blobprobe_limit_bytes{')).toEqual(known);
  expect(lines.at(-1)).toMatchObject({ level: 'warn', message: 'limit not found' });
  limits.update(undefined);
  expect(await scrape('blobprobe_limit_bytes{')).toEqual([]);
  expect(limits.findings()).toMatchObject([]);
});

test('an aborted search says nothing', async () => {
  const { limits, lines, scrape } = setup(() => limitedTo(2 * MiB));
  const { pushes } = limits.update(searchesOf(target));
  await pushes[0]!.run(AbortSignal.abort(), atOnce);
  expect(lines).toEqual([]);
  expect(await scrape('blobprobe_limit_bytes{')).toEqual([]);
});

test('what is pulled is searched beside what is pushed: a gauge with its direction, and a budget of its own', async () => {
  const registry = await startRegistry();
  const edge = await startEdge({
    upstream: registry.url,
    faults: [
      {
        kind: 'reset-at',
        afterBytes: 1_000_000,
        direction: 'response',
        gently: true,
        when: { methods: ['GET'], pathContains: 'blobs/sha256:' },
      },
    ],
  });
  open.push(registry, edge);
  const engine = createEngine();
  const { limits, budget, scrape } = setup((pacer, direction) => engine.paced(pacer, direction), 200 * MiB);
  const path = { ...target.path, origin: edge.url };
  const pulled = { ...target, path, pushedOver: { ...target.path, name: 'direct', origin: registry.url } };
  const { pushes, light } = limits.update(searchesOf({ ...target, path }, pulled));
  expect(pushes.map(({ id }) => id)).toEqual([
    'size limit of gitea/ingress/docker',
    'size limit of gitea/ingress/docker pull',
    'duration limit of gitea/ingress/docker pull',
  ]);
  expect(light.map(({ id }) => id)).toEqual(['duration limit of gitea/ingress/docker']);
  for (const task of pushes.slice(0, 2)) await task.run(signal, atOnce);
  expect(await scrape('blobprobe_limit_bytes{')).toEqual([
    expect.stringMatching(/direction="push",bound="largest_accepted"} 4194304$/),
    expect.stringMatching(/direction="pull",bound="largest_accepted"} 1000000$/),
    expect.stringMatching(/direction="pull",bound="smallest_rejected"} 10\d{5}$/),
  ]);
  expect(limits.findings()).toMatchObject([{ direction: 'push' }, { direction: 'pull', conclusion: 'found' }]);
  expect(budget.remaining()).toBeLessThan(200 * MiB);
  limits.update(searchesOf({ ...target, path }));
  expect(limits.findings()).toMatchObject([{ direction: 'push' }]);
  expect(await scrape('blobprobe_limit_bytes{')).toHaveLength(1);
});

describe('the time of pulls', () => {
  const pulled = { ...target, pushedOver: { ...target.path, name: 'direct' } };
  const bytes = { sentBytes: 24 * MiB, pulledBytes: 24 * MiB, wireBytes: 48 * MiB };
  const evidence = { message: 'reset', pulledBytes: 1 };
  const reset = fakeFailure('connection_reset', { phase: 'pull', elapsedMs: 10_000, evidence });

  function searchOf(bytesPerDay: number) {
    let runs = 0;
    const { limits, budget, lines } = setup(
      () => async (check) => {
        runs += 1;
        // Whatever takes time is cut, so that every time is tried twice.
        return { ...fakeRun(check, runs === 1 ? undefined : reset), ...bytes };
      },
      bytesPerDay,
    );
    const task = limits.update(searchesOf(pulled)).pushes[1]!;
    return { search: () => task.run(signal, atOnce), runs: () => runs, budget, lines };
  }

  test('takes half of what is left, and ends without a limit where that does not suffice', async () => {
    const { search, runs, budget, lines } = searchOf(600 * MiB);
    await search();
    expect(runs()).toBe(6);
    expect(budget.remaining()).toBe((600 - 6 * 48) * MiB);
    expect(lines).toMatchObject([
      {
        level: 'warn',
        message: 'limit not found',
        fields: {
          conclusion: 'inconclusive',
          message: 'the 300 MiB that the search may move leave no room for a try of 24 MiB',
        },
      },
    ]);
  });

  test('is not searched where half of what is left cannot bear each time once', async () => {
    const { search, runs, budget, lines } = searchOf(479 * MiB);
    await search();
    expect(runs()).toBe(0);
    expect(lines).toMatchObject([{ message: 'limit search skipped', fields: { cause: 'budget' } }]);
    expect(budget.remaining()).toBe(479 * MiB);
  });
});
