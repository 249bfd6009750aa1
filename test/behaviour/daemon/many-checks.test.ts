import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { createDaemonParts } from '../../../src/daemon/daemon-parts.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { checkId } from '../../../src/probe/check.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { RunCheck } from '../../../src/probe/outcome.ts';
import { History } from '../../../src/publish/history.ts';
import { Metrics } from '../../../src/publish/metrics/metrics.ts';
import { Schedule } from '../../../src/schedule/schedule.ts';
import { TransferLimit } from '../../../src/schedule/transfer-limit.ts';
import { createFakeClock } from '../../support/fake-clock.ts';
import { fakeRun, tooLarge } from '../../support/fake-run.ts';
import { builtProgram, eventually, listeningUrl, type Program, startProgram } from '../../support/program.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { rendered } from '../../support/rendered.ts';
import { engineOf } from '../../support/fake-engine.ts';

let folder: string | undefined;
let registry: DemoRegistry | undefined;
let program: Program | undefined;
afterEach(async () => {
  await program?.kill();
  await registry?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
});

const checkCount = 2_000;
const roundCount = 200;

function named<T>(prefix: string, count: number, make: (index: number) => T): Record<string, T> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, make(index)]));
}

/** Ten registries with ten paths, twenty checks over all of them. */
function fileFor(url: string): string {
  return JSON.stringify({
    registries: named('registry', 10, (index) => ({
      repository: `team/probe${index}`,
      paths: named('path', 10, () => ({ url })),
    })),
    checks: named('check', 20, () => ({ size: '1KiB', every: '15m', timeout: '10s', clients: ['docker'] })),
  });
}

function seriesOf(text: string, name: string): number {
  return text.split('\n').filter((line) => line.startsWith(`${name}{`)).length;
}

test('a program with 2,000 checks loads them, listens before it runs them, pushes and is scraped', async () => {
  registry = await startRegistry({ bytes: 'discard' });
  folder = mkdtempSync(join(tmpdir(), 'blobprobe-many-checks-'));
  const file = join(folder, 'config.yaml');
  writeFileSync(file, fileFor(registry.url));
  const started = startProgram(builtProgram(), [
    'serve',
    `--config.file=${file}`,
    '--web.listen-address=127.0.0.1:0',
    '--log.level=info',
  ]);
  program = started;
  const url = await listeningUrl(started);
  const running = await eventually(
    'running line',
    () => /msg=running .*checks=(\d+)/.exec(started.stderr()) ?? undefined,
    started.stderr,
  );
  expect(running[1]).toBe(String(checkCount));
  expect(started.stderr().indexOf('msg=listening')).toBeLessThan(running.index);
  // Asked for often, so it must be cheap: a scrape is some 50 MB, and the registry answers from this process.
  await eventually(
    'pushes over two paths',
    async () => {
      const answer = await fetch(`${url}/api/v1/runs?limit=20`);
      const { runs } = (await answer.json()) as { runs: { ok: boolean; path: string }[] };
      return new Set(runs.filter(({ ok }) => ok).map(({ path }) => path)).size >= 2;
    },
    started.stderr,
  );
  const scraped = await (await fetch(`${url}/metrics`)).text();
  expect(seriesOf(scraped, 'blobprobe_runs_total')).toBe(checkCount);
  started.signal('SIGTERM');
  expect((await started.ended).code).toBe(0);
});

const readConfig = (): Config => parseConfig(fileFor('http://registry.example'), 'config.yaml', { env: {} });
const build = { version: '0', revision: 'r', nodeVersion: 'v' };

test('2,000 checks first run spread over a minute, and none is skipped', async () => {
  const config = readConfig();
  expect(config.checks).toHaveLength(checkCount);
  const { log, lines } = recordingLog();
  const run: RunCheck = async (check) => fakeRun(check);
  const { tasks, history } = createDaemonParts({
    config,
    readConfig,
    engine: engineOf(run),
    build,
    log,
    processMetrics: false,
  });
  const clock = createFakeClock(0);
  const startedAtMs: number[] = [];
  const unwanted: unknown[] = [];
  const schedule = new Schedule({
    tasks: tasks.update(config).pushes,
    limit: new TransferLimit(1),
    clock,
    observer: {
      started: () => startedAtMs.push(clock.nowMs()),
      skipped: (skip) => unwanted.push(skip),
      misbehaved: (report) => unwanted.push(report),
    },
  });
  for (let round = 0; round < roundCount; round += 1) {
    await clock.advance(60_000 / roundCount);
    // A round of ten runs awaits more than the clock waits for.
    await setImmediate();
  }
  await schedule.stop(0);
  expect(unwanted).toEqual([]);
  expect(startedAtMs).toHaveLength(roundCount);
  const second = Array.from(
    { length: 60 },
    (_, at) => startedAtMs.filter((ms) => Math.floor(ms / 1_000) === at).length,
  );
  expect([Math.min(...second), Math.max(...second)]).toEqual([3, 4]);
  expect(history.list()).toHaveLength(checkCount);
  expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
});

test('what is kept of the runs of 2,000 checks is bounded', async () => {
  const { checks } = readConfig();
  const history = new History();
  for (const failure of [...Array<Failure>(5).fill(tooLarge), ...Array<undefined>(5).fill(undefined)])
    for (const check of checks) history.add(fakeRun(check, failure));
  // 2,500 runs have no room for so many checks: the last three of each are kept, and its last three failures.
  expect(new Set(checks.map((check) => history.list({ checkId: checkId(check) }).length))).toEqual(new Set([6]));
  expect(history.list()).toHaveLength(6 * checkCount);

  const metrics = new Metrics({ ...build, processMetrics: false });
  // Series are a check's own, so every tenth tells of all 250,000.
  const some = checks.filter((_check, at) => at % 10 === 0);
  for (const check of some) metrics.register(check);
  const seriesAfter = async (failures: readonly (Failure | undefined)[]): Promise<number> => {
    for (const failure of failures) for (const check of some) metrics.observe(fakeRun(check, failure));
    return (await rendered(metrics)).split('\n').length;
  };
  // A way to die that was there before brings no series.
  expect(await seriesAfter([tooLarge, undefined])).toBe(await seriesAfter([tooLarge, tooLarge, undefined]));
});
