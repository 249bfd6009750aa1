import { describe, expect, test, vi } from 'vitest';
import { WatchedRuns } from '../../../src/daemon/watched-runs.ts';
import type { Logger } from '../../../src/daemon/log.ts';
import { OnDemandRuns } from '../../../src/daemon/on-demand/on-demand-runs.ts';
import type { Check } from '../../../src/probe/check.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import type { Progress, Run } from '../../../src/probe/outcome.ts';
import { History } from '../../../src/publish/history.ts';
import { TransferLimit } from '../../../src/schedule/transfer-limit.ts';
import type { RunAnswer, RunRequest } from '../../../src/server/on-demand.ts';
import { check, successfulRun } from '../../support/run-fixtures.ts';
import { gateOf } from '../../support/gate.ts';

const MiB = 1024 ** 2;
const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const large: RunRequest = { registry: 'gitea', path: 'direct', client: 'docker', workload: 'large' };

interface Started {
  readonly check: Check;
  readonly id: string | undefined;
  readonly signal: AbortSignal;
  readonly progress: (progress: Progress) => void;
  end(): void;
}

/** An engine whose runs end when the test says so. */
function setup(
  options: { transfers?: number; bytesPerDay?: number; checks?: Check[]; upToBytes?: number; heldMs?: number } = {},
) {
  const started: Started[] = [];
  let ids = 0;
  const newId = (): string => `id-${(ids += 1)}`;
  const runs = new WatchedRuns((checked, { signal, id, onProgress = () => {} }) => {
    return new Promise<Run>((resolve) => {
      const end = (): void =>
        resolve(successfulRun({ id: id ?? 'none', check: checked, wireBytes: checked.workload.layerBytes[0] ?? 0 }));
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
      started.push({ check: checked, id, signal, progress: onProgress, end });
    });
  }, newId);
  const history = new History();
  const limit = new TransferLimit(options.transfers ?? 1);
  const checks = options.checks ?? [check(), check({ path: 'edge' }), check({ workload: 'small', sizeBytes: MiB })];
  const targets = options.upToBytes === undefined ? [] : [checks[0]!];
  const config = () => ({
    checks,
    limits: { intervalMs: 1, resolutionBytes: 1, upToBytes: options.upToBytes ?? 0, targets },
  });
  const rateLimits = { leftMs: () => options.heldMs ?? 0, note: () => undefined };
  const { gate, budget } = gateOf({ rateLimits, bytesPerDay: options.bytesPerDay });
  const paused = () => undefined;
  const onDemand = new OnDemandRuns({ config, runs, history, limit, gate, log: silent, newId, paused });
  onDemand.open();
  return { onDemand, runs, history, limit, budget, started };
}

function startedOf(answer: RunAnswer): Extract<RunAnswer, { kind: 'started' }> {
  if (answer.kind !== 'started') throw new Error(`${answer.kind}: ${answer.message}`);
  return answer;
}

function messageOf(answer: RunAnswer): string {
  return answer.kind === 'started' ? 'started' : `${answer.kind}: ${answer.message}`;
}

async function turn(): Promise<void> {
  await new Promise(setImmediate);
}

test('who asked to be left alone is left alone by people too, and they are told for how long', () => {
  const { onDemand } = setup({ heldMs: 90_500 });
  expect(onDemand.start(large)).toEqual({
    kind: 'busy',
    reason: 'rate_limited',
    message: 'gitea/direct asked for a pause, which lasts another 1 m 31 s',
    retryAfterSeconds: 91,
  });
});

describe('what can be asked for', () => {
  test.each<[RunRequest, string]>([
    [{}, 'refused: registry is missing: there is gitea'],
    [{ ...large, registry: 'http://evil.example' }, 'refused: unknown registry "http://evil.example": there is gitea'],
    [{ ...large, path: 'x' }, 'refused: unknown path "x": there are direct, edge'],
    [{ ...large, client: 'crane' }, 'refused: unknown client "crane": there is docker'],
    [{ ...large, workload: 'huge' }, 'refused: unknown workload "huge": there are large, small, or give size'],
    [{ ...large, size: '1MiB' }, 'refused: give workload or size, not both'],
    [{ ...large, retries: '7' }, 'refused: unknown retries "7": there are none, profile'],
    [{ ...large, workload: undefined, size: '1 MiB' }, 'refused: size "1 MiB": not a size, write for example 10MiB'],
    [
      { ...large, workload: undefined, size: '51MiB' },
      'refused: size "51MiB": this registry is checked with 1B to 52428800B',
    ],
    [{ ...large, workload: undefined, size: '0' }, 'refused: size "0": this registry is checked with 1B to 52428800B'],
    [{ ...large, path: 'x'.repeat(500) }, `refused: unknown path "${'x'.repeat(60)}…": there are direct, edge`],
  ])('%j', (request, message) => {
    const { onDemand, started } = setup();
    expect(messageOf(onDemand.start(request))).toBe(message);
    expect(started).toEqual([]);
  });

  test('a workload of the configuration, as it is there', async () => {
    const { onDemand, started } = setup();
    onDemand.start({ ...large, retries: 'none' });
    await turn();
    expect(started[0]?.check).toEqual({ ...check(), client: started[0]?.check.client, retries: 'none' });
  });

  test('a size of its own is one fresh blob; limits allow larger ones', async () => {
    const { onDemand, started } = setup({ upToBytes: 100 * MiB });
    onDemand.start({ ...large, workload: undefined, size: '90MiB' });
    await turn();
    expect(started[0]?.check).toMatchObject({
      workload: { name: '90MiB', kind: 'blob', layerBytes: [90 * MiB], pull: false },
      payload: { kind: 'fresh' },
      timeoutMs: 50_000,
    });
  });
});

describe('a run on demand', () => {
  test('has its id at once, is shown while it runs, and ends in the history beside the checks', async () => {
    const { onDemand, runs, history, started } = setup();
    const { id, run } = startedOf(onDemand.start(large));
    await turn();
    expect(started[0]?.id).toBe(id);
    started[0]?.progress({ phase: 'send', blob: 'blob', attempt: 1, maxAttempts: 5, sentBytes: 5, totalBytes: 10 });
    expect(runs.get(id)).toMatchObject({ id, state: 'running', onDemand: true, progress: { sentBytes: 5 } });
    started[0]?.end();
    await run;
    await turn();
    expect(runs.get(id)).toBeUndefined();
    expect(history.get(id)?.id).toBe(id);
    expect(history.isOnDemand(id)).toBe(true);
    expect(history.last('gitea/direct/docker/large')).toBeUndefined();
    history.retain(new Set());
    expect(history.get(id)?.id).toBe(id);
  });

  test('the same, asked for twice, is one run; with other retries it is another', async () => {
    const { onDemand, started } = setup({ transfers: 2 });
    const first = startedOf(onDemand.start(large));
    const second = startedOf(onDemand.start(large, { withinMs: 600_000 }));
    expect(second.id).toBe(first.id);
    expect(messageOf(onDemand.start({ ...large, retries: 'none' }))).toBe(
      'busy: gitea/direct/docker/large is running right now',
    );
    await turn();
    expect(started).toHaveLength(1);
    started[0]?.end();
    expect(await second.run).toBe(await first.run);
    await turn();
    expect(startedOf(onDemand.start(large)).id).not.toBe(first.id);
  });

  test('waits for the transfer of the schedule', async () => {
    const { onDemand, runs, limit, started } = setup();
    limit.enter(() => {});
    const { id } = startedOf(onDemand.start(large));
    await turn();
    expect(runs.get(id)).toMatchObject({ state: 'queued', onDemand: true });
    expect(started).toEqual([]);
    limit.leave();
    await turn();
    expect(runs.get(id)?.state).toBe('running');
    let admitted = false;
    limit.enter(() => (admitted = true));
    expect(admitted).toBe(false);
    started[0]?.end();
    await turn();
    expect(admitted).toBe(true);
  });

  test('within the time of a scrape: what waits in vain starts nothing, and holds no place', async () => {
    const { onDemand, limit, started, runs } = setup();
    limit.enter(() => {});
    const { run } = startedOf(onDemand.start(large, { withinMs: 200 }));
    await expect(run).rejects.toThrow('another push was running for most of the time that the scrape has');
    expect(started).toEqual([]);
    expect(runs.list()).toEqual([]);
    limit.leave();
    let admitted = false;
    limit.enter(() => (admitted = true));
    expect(admitted).toBe(true);
  });

  test('within the time of a scrape: what waited a while gets what is left', async () => {
    const { onDemand, limit, started } = setup();
    limit.enter(() => {});
    startedOf(onDemand.start(large, { withinMs: 20_000 }));
    await new Promise((resolve) => setTimeout(resolve, 300));
    limit.leave();
    await turn();
    expect(started[0]?.check.timeoutMs).toBeLessThan(20_000 - 300 - 1_900);
    expect(started[0]?.check.timeoutMs).toBeGreaterThan(10_000);
  });

  test('the same check run by the schedule keeps it out', async () => {
    const { onDemand, runs, started } = setup({ transfers: 2 });
    void runs.run(check(), { signal: new AbortController().signal });
    expect(messageOf(onDemand.start(large))).toBe('busy: gitea/direct/docker/large is running right now');
    expect(messageOf(onDemand.start({ ...large, path: 'edge' }))).toBe('started');
    await turn();
    expect(started).toHaveLength(2);
  });

  test('no more than eight wait', () => {
    const sizes = Array.from({ length: 10 }, (_, index) => `${index + 1}MiB`);
    const { onDemand, limit } = setup();
    limit.enter(() => {});
    const messages = sizes.map((size) => messageOf(onDemand.start({ ...large, workload: undefined, size })));
    expect(messages).toEqual([...Array(8).fill('started'), ...Array(2).fill('busy: 8 runs are waiting already')]);
  });

  test("the day's budget is that of the schedule; what was not needed goes back to it", async () => {
    // Five attempts of 50 MiB are set aside, with 1 % for framing and 64 KiB for all else of each.
    const { onDemand, budget, limit, started } = setup({ bytesPerDay: 260 * MiB });
    const { run } = startedOf(onDemand.start(large));
    expect(budget.remaining()).toBe(260 * MiB - 252.5 * MiB - 5 * 64 * 1_024);
    await turn();
    started[0]?.end();
    await run;
    await turn();
    expect(budget.remaining()).toBe(210 * MiB);
    expect(messageOf(onDemand.start(large))).toBe(
      'busy: budget.bytesPerDay has not the 253 MiB left that this may need',
    );
    let admitted = false;
    limit.enter(() => (admitted = true));
    expect(admitted).toBe(true);
  });

  test('is refused before the daemon runs; ends, queued or running, with it', async () => {
    const { onDemand, started } = setup();
    const running = startedOf(onDemand.start(large));
    const queued = startedOf(onDemand.start({ ...large, path: 'edge' }));
    await turn();
    expect(started).toHaveLength(1);
    await onDemand.stop();
    expect(started.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect((await running.run).id).toBe(running.id);
    expect((await queued.run).id).toBe(queued.id);
    expect(messageOf(onDemand.start(large))).toBe('busy: the daemon is ending');
    const closed = new OnDemandRuns({
      config: () => ({ checks: [check()] }),
      runs: new WatchedRuns(async () => successfulRun(), String),
      history: new History(),
      limit: new TransferLimit(1),
      gate: gateOf().gate,
      log: silent,
      newId: () => 'x',
      paused: () => undefined,
    });
    expect(messageOf(closed.start(large))).toBe('busy: the daemon is not running yet');
  });
});

describe('the scrape timeout', () => {
  const real = { checks: [check({ client: clientProfiles.docker })] };

  test('bounds the push, with a tenth of it for cleaning up', async () => {
    const { onDemand, started } = setup();
    onDemand.start(large, { withinMs: 9_500 });
    await turn();
    expect(Math.ceil((started[0]?.check.timeoutMs ?? 0) / 50)).toBe(171);
  });

  test('never gives more than the check allows, and no more than two seconds to cleaning up', async () => {
    const { onDemand, started } = setup();
    onDemand.start(large, { withinMs: 40_000 });
    onDemand.start({ ...large, path: 'edge' }, { withinMs: 100_000 });
    await turn();
    expect(Math.ceil((started[0]?.check.timeoutMs ?? 0) / 100)).toBe(380);
    started[0]?.end();
    await turn();
    expect(started[1]?.check.timeoutMs).toBe(50_000);
  });

  test("shorter than the client's waits between attempts: refused", () => {
    const { onDemand } = setup(real);
    expect(messageOf(onDemand.start(large, { withinMs: 30_000 }))).toBe(
      'refused: the push cannot fit into the scrape timeout: 28 s are left for it, and docker waits up to 50 s between its 5 attempts: raise scrape_timeout, or add retries=none',
    );
    expect(messageOf(onDemand.start({ ...large, retries: 'none' }, { withinMs: 30_000 }))).toBe('started');
  });

  test('shorter than the slowest of the last runs: refused; a run of another size is scaled', async () => {
    const { onDemand, history } = setup();
    history.add(successfulRun({ durationMs: 4_000 }));
    history.add(successfulRun({ durationMs: 1_000 }));
    const within = { withinMs: 4_000 };
    expect(messageOf(onDemand.start(large, within))).toBe(
      'refused: the push cannot fit into the scrape timeout: 3.6 s are left for it, and by the last runs 50 MiB take up to 4 s: raise scrape_timeout, or push less',
    );
    expect(messageOf(onDemand.start({ ...large, workload: undefined, size: '40MiB' }, within))).toBe('started');
  });

  test('nothing is known of a size that is larger than all before but by stretching them', () => {
    const { onDemand, history } = setup({ upToBytes: 500 * MiB });
    history.add(successfulRun({ durationMs: 1_000 }));
    const request = { ...large, workload: undefined, size: '500MiB' };
    expect(messageOf(onDemand.start(request, { withinMs: 10_000 }))).toContain('500 MiB take up to 10 s');
    expect(messageOf(onDemand.start(request, { withinMs: 20_000 }))).toBe('started');
  });
});

test('a run leaves no listener on the signal that lives as long as the daemon', async () => {
  const { onDemand, started } = setup();
  const added = vi.spyOn(AbortSignal.prototype, 'addEventListener');
  const removed = vi.spyOn(AbortSignal.prototype, 'removeEventListener');
  for (let run = 0; run < 20; run += 1) {
    const answer = startedOf(onDemand.start(large));
    await turn();
    started.at(-1)?.end();
    await answer.run;
    await turn();
  }
  // One a run is the fake engine's own.
  const left = added.mock.calls.length - 20 - removed.mock.calls.length;
  vi.restoreAllMocks();
  expect(started).toHaveLength(20);
  expect(left).toBe(0);
});
