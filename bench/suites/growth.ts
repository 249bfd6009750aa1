import { type Check, checkId } from '../../src/probe/check.ts';
import { parseConfig } from '../../src/config/load.ts';
import { planRounds } from '../../src/probe/compare/round.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { History } from '../../src/publish/history.ts';
import { rendered } from '../../test/support/rendered.ts';
import { Metrics } from '../../src/publish/metrics/metrics.ts';
import { statusOf } from '../../src/publish/status.ts';
import { createPayloadSource } from '../../src/registry/payload.ts';
import { Schedule } from '../../src/schedule/schedule.ts';
import { TransferLimit } from '../../src/schedule/transfer-limit.ts';
import { ratioTo, rowOf } from '../figures.ts';
import type { Row, Suite } from '../suite.ts';

/** From so many on nothing of it is in the caches of the processor any more: with fewer the ratio shows those. */
const [few, many] = [1_000, 4_000] as const;

/** Milliseconds of each thing for one unit of what grows. */
type Costs = ReadonlyMap<string, number>;

/** What costs how much more when there is four times as much: 1 is linear. */
export const growthSuite: Suite = {
  name: 'growth',
  what: `cost for each check, byte, path and run kept, at ${many} against ${few}: 1 is linear, 4 would be quadratic`,
  async run({ runs, progress }) {
    const measured = new Map<number, Costs[]>([few, many].map((count) => [count, []]));
    // One round that is not counted: the first of all compiles the code.
    for (let run = 0; run <= runs; run += 1) {
      progress(`run ${run} of ${runs}`);
      for (const count of [few, many]) {
        const costs = await costsOf(count);
        if (run > 0) measured.get(count)!.push(costs);
      }
    }
    const figures = (count: number, what: string): number[] => measured.get(count)!.map((costs) => costs.get(what)!);
    return [...(measured.get(few)?.[0]?.keys() ?? [])].flatMap((what): Row[] => {
      const unit = 'ms each';
      const ratio = ratioTo(String(few), figures(many, what), figures(few, what));
      return [
        rowOf({ subject: String(few), figure: what, unit }, figures(few, what)),
        rowOf({ subject: String(many), figure: what, unit }, figures(many, what), {
          ratio,
          goal: { of: 'ratio', atMost: 2 },
        }),
      ];
    });
  },
};

async function costsOf(count: number): Promise<Costs> {
  const costs = new Map<string, number>();
  const cost: Cost = async (what, units, work, times = 1) => {
    let best = Number.POSITIVE_INFINITY;
    for (let turn = 1; ; turn += 1) {
      const startMs = performance.now();
      const result = await work();
      best = Math.min(best, (performance.now() - startMs) / units);
      costs.set(what, best);
      if (turn >= times) return result;
    }
  };
  const text = configOf(count);
  const { checks } = await cost('configuration read, a check', count, () => parseConfig(text, 'bench', { env: {} }));
  await cost('rounds planned, a check', count, () => planRounds(checks), 5);
  await metricsCosts(checks, cost);
  await historyCosts(checks, cost);
  await scheduleCosts(count, cost);
  await cost('payload prepared, a KiB', count * 32, () => createPayloadSource('bench').prepare(count * 32 * 1_024));
  return costs;
}

/** `times`: what takes microseconds is done again, and the best counts: the rest is garbage collection. */
type Cost = <T>(what: string, units: number, work: () => T | Promise<T>, times?: number) => Promise<T>;

async function metricsCosts(checks: readonly Check[], cost: Cost): Promise<void> {
  const metrics = new Metrics({ version: '0', revision: 'r', nodeVersion: 'v', processMetrics: false });
  await cost('series created, a check', checks.length, () => checks.forEach((check) => metrics.register(check)));
  const some = checks.slice(0, 50);
  await cost('run counted, with so many checks', some.length, () =>
    some.forEach((check) => metrics.observe(runOf(check))),
  );
  await cost('/metrics rendered, a check', checks.length, async () => {
    await rendered(metrics);
  });
  await cost('check removed, of so many', some.length, () => some.forEach((check) => metrics.unregister(check)));
}

async function historyCosts(checks: readonly Check[], cost: Cost): Promise<void> {
  const history = new History();
  const rounds = 10;
  await cost('run kept, with so many checks', checks.length * rounds, () => {
    for (let round = 0; round < rounds; round += 1) checks.forEach((check) => history.add(runOf(check)));
  });
  await cost('status made, a check', checks.length, () => statusOf(checks, history, new Date()), 5);
  await cost(
    'history of those in force, a check',
    checks.length,
    () => history.retain(new Set(checks.map(checkId))),
    5,
  );
}

async function scheduleCosts(count: number, cost: Cost): Promise<void> {
  const tasks = Array.from({ length: count * 5 }, (_, n) => ({
    id: `task-${n}`,
    intervalMs: 3_600_000,
    timeoutMs: 1_000,
    run: () => Promise.resolve(),
  }));
  const observer = { started: () => {}, skipped: () => {}, misbehaved: () => {} };
  const limit = new TransferLimit(1);
  const schedule = await cost('schedule started, a task', tasks.length, () => new Schedule({ tasks, observer, limit }));
  await cost('schedule updated, a task', tasks.length, () => schedule.update(tasks), 5);
  await cost('schedule stopped, a task', tasks.length, () => schedule.stop(1_000));
}

function configOf(count: number): string {
  const paths = Object.fromEntries(
    Array.from({ length: 5 }, (_, n) => [`path-${n}`, { url: `http://127.0.0.1:${n + 1}` }]),
  );
  const checks = Object.fromEntries(
    Array.from({ length: count / 5 }, (_, n) => [`check-${n}`, { size: '1MiB', every: '1h', clients: ['docker'] }]),
  );
  return JSON.stringify({ registries: { lab: { repository: 'a/b', paths } }, checks });
}

let runs = 0;

function runOf(check: Check): Run {
  runs += 1;
  return {
    id: `run-${runs}`,
    check,
    startedAt: new Date(),
    durationMs: 5,
    attempts: [],
    ok: true,
    sentBytes: 1,
    acknowledgedBytes: 1,
    pulledBytes: 0,
    wireBytes: 1,
    pushBytesPerSecond: 1,
    cleanup: { durationMs: 0, failures: [] },
    pathFacts: { remoteAddress: '192.0.2.1', family: 4, httpVersion: '1.1' },
    eventLoopLagMs: 0,
    tainted: false,
    realWaits: true,
  };
}
