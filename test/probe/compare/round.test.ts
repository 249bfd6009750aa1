import { judgeRun } from '../../../src/probe/diagnose/judge-run.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { startEdge } from '../../support/lab/edge.ts';
import type { Fault } from '../../support/lab/faults/fault.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import type { Check } from '../../../src/probe/check.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { controlOf, planRounds, type Round, type RoundPlan, runRound } from '../../../src/probe/compare/round.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';

const open: { close(): Promise<unknown> }[] = [];
afterEach(async () => {
  for (const item of open.splice(0).toReversed()) await item.close();
});

function checkOver(path: string, changes: Partial<Check> = {}): Check {
  return checkOf('http://127.0.0.1:1', { path: { name: path }, check: changes });
}

function planOf(paths: readonly string[]): RoundPlan {
  const [plan] = planRounds(paths.map((path) => checkOver(path)));
  return plan!;
}

const never = new AbortController().signal;
let ids = 0;
const newId = (): string => `id-${(ids += 1)}`;

/** A run over nothing: succeeded. */
async function good(check: Check): Promise<Run> {
  const run = createRunner(runDeps());
  const cancelled = await run(check, { signal: AbortSignal.abort() });
  const { failure: _failure, ...rest } = cancelled;
  return { ...rest, ok: true };
}

describe('plan', () => {
  test('equal registry, client, workload and interval make a round; what differs in one of them does not', () => {
    const other = { ...checkOver('a').workload, name: 'other' };
    const checks = [
      checkOver('a'),
      checkOver('b'),
      checkOver('c', { intervalMs: 1 }),
      checkOver('d', { workload: other }),
      checkOf('http://127.0.0.1:1', { client: 'crane' }),
      checkOf('http://127.0.0.1:1', { registry: { name: 'second' } }),
    ];
    expect(planRounds(checks).map(({ id, checks: own }) => [id, own.map((check) => check.path.name)])).toEqual([
      ['lab/docker/blob', ['a', 'b']],
      ['lab/docker/blob@1ms', ['c']],
      ['lab/docker/other', ['d']],
      ['lab/crane/blob', ['direct']],
      ['second/docker/blob', ['direct']],
    ]);
  });
});

describe('round', () => {
  test('runs one check after the other, each once, in the order that chance gives', async () => {
    const orders = new Map<string, number>();
    let seed = 1;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    for (let turn = 0; turn < 300; turn += 1) {
      let running = 0;
      const seen: string[] = [];
      const run = async (check: Check): Promise<undefined> => {
        running += 1;
        expect(running).toBe(1);
        await Promise.resolve();
        seen.push(check.path.name);
        running -= 1;
        return undefined;
      };
      await runRound(planOf(['a', 'b', 'c']), { run, random, newId, judge: judgeRun }, never);
      orders.set(seen.join(''), (orders.get(seen.join('')) ?? 0) + 1);
    }
    expect([...orders.keys()].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    expect(Math.min(...orders.values())).toBeGreaterThan(25);
  });

  test.each([
    [0, 'cba'],
    [0.999, 'abc'],
  ])('chance of %d: %s', async (chance, order) => {
    const seen: string[] = [];
    const run = async (check: Check): Promise<undefined> => void seen.push(check.path.name);
    await runRound(planOf(['a', 'b', 'c']), { run, random: () => chance, newId, judge: judgeRun }, never);
    expect(seen.join('')).toBe(order);
  });

  test.each([
    ['good bad bad', 1],
    ['good bad good', 0],
    ['bad good good', 0],
    ['bad bad bad', 0],
  ])('%s: control pushes: %d', async (outcomes, expected) => {
    const left = outcomes.split(' ');
    const run = async (check: Check): Promise<Run> =>
      left.shift() === 'good' ? good(check) : fakeRun(check, fakeFailure('connection_reset'));
    let controls = 0;
    const control = async (): Promise<boolean> => (controls += 1) > 0;
    const deps = { run, random: () => 0.999, newId, judge: () => undefined };
    await runRound(planOf(['a', 'b', 'c']), { ...deps, control }, never);
    expect(controls).toBe(expected);
  });

  test('without a control push a cut that came last leaves a doubt', async () => {
    const run = async (check: Check): Promise<Run> =>
      check.path.name === 'a' ? good(check) : fakeRun(check, fakeFailure('connection_reset'));
    const round = await runRound(planOf(['a', 'b']), { run, random: () => 0.999, newId, judge: judgeRun }, never);
    expect(round.verdict.kind).toBe('inconclusive');
  });

  test('a check that is not run is no success: the round is inconclusive and says which path is missing', async () => {
    const run = async (check: Check): Promise<Run | undefined> => (check.path.name === 'b' ? undefined : good(check));
    const round = await runRound(planOf(['a', 'b']), { run, random: () => 0, newId, judge: judgeRun }, never);
    expect(round.runs.map(({ check }) => check.path.name)).toEqual(['a']);
    expect(round.verdict).toEqual({ kind: 'inconclusive', why: 'b had no run' });
  });

  test('an abort ends it after the run under way', async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    const run = async (check: Check): Promise<Run> => {
      seen.push(check.path.name);
      abort.abort();
      return good(check);
    };
    const control = (): Promise<boolean> => Promise.reject(new Error('no control after an abort'));
    const round = await runRound(
      planOf(['a', 'b', 'c']),
      { run, control, random: () => 0.99, newId, judge: judgeRun },
      abort.signal,
    );
    expect(seen).toHaveLength(1);
    expect(round.verdict).toEqual({ kind: 'inconclusive', why: 'the round was cancelled' });
  });

  test('the control is a small blob of the same client, tried once, and pulled where the check pulls', () => {
    const image = { name: 'image', kind: 'image', layerBytes: [5e6, 1_000], pull: true } as const;
    expect(controlOf(checkOver('a', { workload: image, retries: 'profile', timeoutMs: 900_000 }))).toMatchObject({
      workload: { name: 'image-control', kind: 'blob', layerBytes: [1_000], pull: true },
      retries: 'none',
      timeoutMs: 30_000,
    });
  });
});

describe('rounds on the lab', () => {
  async function labRound(
    faults: Readonly<Record<string, readonly Fault[]>>,
    options: { random?: () => number; pull?: boolean; before?: (check: Check, registry: DemoRegistry) => void } = {},
  ): Promise<{ round: Round; controls: number }> {
    const registry = await startRegistry();
    open.push(registry);
    const checks: Check[] = [];
    for (const [name, own] of Object.entries(faults)) {
      const kind = name === 'direct' ? 'direct' : 'ingress';
      const edge = await startEdge({ upstream: registry.url, faults: own, identity: { style: 'nginx' } });
      open.push(edge);
      const workload = { name: 'blob', kind: 'blob', layerBytes: [2_000_000], pull: options.pull === true } as const;
      checks.push(checkOf(edge.url, { path: { name, kind }, check: { workload } }));
    }
    const runner = createRunner(runDeps());
    let controls = 0;
    const [plan] = planRounds(checks);
    const round = await runRound(
      plan!,
      {
        run(check, signal) {
          options.before?.(check, registry);
          return runner(check, { signal });
        },
        async control(check, signal) {
          controls += 1;
          return (await runner(controlOf(check), { signal })).ok;
        },
        random: options.random ?? Math.random,
        newId,
        judge: judgeRun,
      },
      never,
    );
    return { round, controls };
  }
  const inOrder = (): number => 0.999;
  const reset: Fault = { kind: 'reset-at', afterBytes: 500_000, direction: 'request' };

  test('a path that is cut is at fault, also when it came last: the control push shows that the registry lives', async () => {
    const { round, controls } = await labRound({ direct: [], ingress: [reset] }, { random: inOrder });
    expect(round.runs.map(({ check }) => check.path.name)).toEqual(['direct', 'ingress']);
    expect(round.verdict).toMatchObject({ kind: 'path-fault', faults: [{ path: 'ingress', hop: 'ingress' }] });
    expect(controls).toBe(1);
  });

  test('no control when the last run got through', async () => {
    const { round, controls } = await labRound({ ingress: [reset], direct: [] }, { random: inOrder });
    expect(round.verdict).toMatchObject({
      kind: 'path-fault',
      faults: [{ path: 'ingress', reason: 'connection_reset' }],
    });
    expect(controls).toBe(0);
  });

  test('a registry that breaks between two runs leaves no path blamed', async () => {
    const { round, controls } = await labRound(
      { direct: [], ingress: [], second: [] },
      {
        random: inOrder,
        before(check, registry) {
          if (check.path.name === 'ingress')
            registry.intercept = ({ method }) => (method === 'GET' ? undefined : { kind: 'reset', readBytes: 0 });
        },
      },
    );
    expect(controls).toBe(1);
    expect(round.runs.map(({ ok }) => ok)).toEqual([true, false, false]);
    expect(round.verdict).toMatchObject({
      kind: 'inconclusive',
      why: expect.stringContaining('nothing got through') as string,
    });
  });

  test('a path that cuts what comes back is at fault, with its own evidence', async () => {
    const cut: Fault = { kind: 'reset-at', afterBytes: 500_000, direction: 'response' };
    const { round, controls } = await labRound({ direct: [], ingress: [cut] }, { random: inOrder, pull: true });
    expect(round.runs.map(({ failure }) => failure?.phase)).toEqual([undefined, 'pull']);
    expect(round.verdict).toMatchObject({
      kind: 'path-fault',
      faults: [
        { path: 'ingress', reason: 'connection_reset', hop: 'ingress', evidence: expect.stringContaining(' in pull') },
      ],
    });
    expect(controls).toBe(1);
  });

  test('a registry that stops giving blobs back, and still takes them, leaves no path blamed', async () => {
    const { round } = await labRound(
      { direct: [], ingress: [] },
      {
        random: inOrder,
        pull: true,
        before(check, registry) {
          if (check.path.name !== 'ingress') return;
          registry.intercept = ({ method, path }) =>
            method === 'GET' && path.includes('/blobs/sha256') ? { kind: 'reset', readBytes: 0 } : undefined;
        },
      },
    );
    expect(round.runs.map(({ failure }) => failure?.phase)).toEqual([undefined, 'pull']);
    expect(round.verdict).toMatchObject({ kind: 'inconclusive' });
  });

  test('a registry that is down is at fault itself', async () => {
    const { round } = await labRound(
      { direct: [], ingress: [], second: [] },
      { before: (_check, registry) => void registry.close() },
    );
    expect(round.verdict).toMatchObject({ kind: 'registry-fault', hop: 'registry_app' });
  });
});
