import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createEngine } from '../src/daemon/engine.ts';
import type { Check } from '../src/probe/check.ts';
import type { Run } from '../src/probe/outcome.ts';
import { History } from '../src/publish/history.ts';
import { Metrics } from '../src/publish/metrics/metrics.ts';
import type { ServerDeps } from '../src/server/deps.ts';
import { buildServer } from '../src/server/server.ts';
import { serverDeps } from '../test/support/server-fixtures.ts';
import { startServer } from '../src/server/start.ts';
import { manyChecks } from './many-checks-config.ts';

/** What the process of many checks is told; each is answered with a `Report`. */
export type Order =
  | { readonly kind: 'observe'; readonly runs: number; readonly withinMs: number }
  | { readonly kind: 'push'; readonly on: boolean }
  | { readonly kind: 'report' };

export interface Report {
  readonly port: number;
  /** Longest delay of the event loop since the report before, in milliseconds. */
  readonly loopDelayMs: number;
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  /** Bytes that pushes moved so far. */
  readonly pushedBytes: number;
}

/**
 * The web side of a daemon with many checks, each with a full history, and a push that saturates the process when told to. Its
 * runs are made up from one real run: what they cost to publish is measured here, not what they cost.
 */
async function main(checkCount: number, sink: string): Promise<void> {
  const { checks, huge } = manyChecks(checkCount, sink);
  const engine = createEngine();
  const real = await engine.run(checks[0]!, { signal: new AbortController().signal });
  if (!real.ok) throw new Error(`the run to copy failed: ${real.failure?.evidence.message}`);
  const metrics = new Metrics({ version: 'bench', revision: 'bench', nodeVersion: process.version });
  const history = new History();
  let made = 0;
  const runOf = (check: Check, startedAt: Date): Run => {
    made += 1;
    return { ...real, id: `run-${made}`, check, startedAt, durationMs: real.durationMs * (0.5 + Math.random()) };
  };
  for (const check of checks) {
    metrics.register(check);
    for (let earlier = 50; earlier >= 0; earlier -= 1)
      history.add(runOf(check, new Date(Date.now() - earlier * check.intervalMs)));
    metrics.observe(runOf(check, new Date()));
  }
  const build = { version: 'bench', revision: 'bench', nodeVersion: process.version };
  const log = { error: (facts: object) => void process.stderr.write(`${JSON.stringify(facts)}\n`), warn: () => {} };
  const renderMetrics: ServerDeps['renderMetrics'] = (format) => metrics.render(format);
  const app = buildServer(serverDeps({ build, log, renderMetrics, history, checks: () => checks }));
  const listening = await startServer(app, [{ host: '127.0.0.1', port: 0 }]);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  delays.enable();
  let pushedBytes = 0;
  let pushing: AbortController | undefined;
  async function push(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) pushedBytes += (await engine.run(huge, { signal })).sentBytes;
  }
  async function observe(runs: number, withinMs: number): Promise<void> {
    for (let done = 0; done < runs; done += 1) {
      const check = checks[Math.floor(Math.random() * checks.length)]!;
      metrics.runStarted(check);
      await sleep(withinMs / runs);
      const run = runOf(check, new Date());
      metrics.observe(run);
      history.add(run);
      metrics.runEnded(check);
    }
  }
  async function obey(order: Order): Promise<void> {
    if (order.kind === 'observe') {
      await observe(order.runs, order.withinMs);
    } else if (order.kind === 'push') {
      pushing?.abort();
      pushing = order.on ? new AbortController() : undefined;
      void (pushing && push(pushing.signal));
    }
    const { user, system } = process.cpuUsage();
    const report: Report = {
      port: listening.addresses[0]!.port,
      loopDelayMs: Math.max(0, delays.max / 1e6 - 1),
      residentBytes: process.memoryUsage.rss(),
      cpuSeconds: (user + system) / 1e6,
      pushedBytes,
    };
    delays.reset();
    process.send?.(report);
  }
  process.on('message', (order: Order) => void obey(order));
  process.once('disconnect', () => process.exit());
  await obey({ kind: 'report' });
}

const [, , checkCount = '', sink = ''] = process.argv;
await main(Number(checkCount), sink);
