import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { createDaemonParts, type DaemonParts } from '../../../src/daemon/daemon-parts.ts';
import { createEngine } from '../../../src/daemon/engine.ts';
import type { Logger } from '../../../src/daemon/log.ts';
import type { Config } from '../../../src/config/config.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { checkId } from '../../../src/probe/check.ts';
import type { Run, RunCheck } from '../../../src/probe/outcome.ts';
import { atBearablePace } from '../../support/pace.ts';
import { samples } from '../../support/program.ts';
import { rendered } from '../../support/rendered.ts';
import { engineOf } from '../../support/fake-engine.ts';

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
let registry: DemoRegistry | undefined;
let parts: DaemonParts | undefined;

async function clear(): Promise<void> {
  await parts?.daemon.stop(5_000);
  await registry?.close();
}
afterEach(clear);

const kept = ['lab/direct/docker-containerd/steady', 'lab/other/docker-containerd/steady'];

/** Good files differ in a check that comes and goes and in what is not about the steady ones; every other file is bad. */
function fileOf(version: number, url: string, pace: number): string {
  if (version % 2 === 1)
    return version % 4 === 1 ? 'registries: [' : `registries: {}\nchecks: { steady: { size: ${version} } }\n`;
  const extra = version % 4 === 0 ? { extra: { size: '1KiB', every: '1s', clients: ['docker-containerd'] } } : {};
  return JSON.stringify({
    registries: {
      lab: { repository: 'team/blobprobe', cleanup: 'keep', paths: { direct: { url }, other: { url } } },
    },
    checks: {
      steady: { size: '256KiB', every: `${pace}s`, timeout: `${pace}s`, clients: ['docker-containerd'] },
      ...extra,
    },
    budget: { transfers: 1 + (version % 3) },
  });
}

/** A push takes a quarter of its time limit: this process may be late by half of it. */
const bearableLagMs = 500;

async function reloadAHundredTimes(pace: number): Promise<void> {
  await clear();
  registry = await startRegistry({ settings: { commitBytesPerSecond: 1024 ** 2 / pace }, bytes: 'discard' });
  const { url } = registry;
  let version = 0;
  const readConfig = (): Config => parseConfig(fileOf(version, url, pace), 'config.yaml', { env: {} });
  const ended: Run[] = [];
  const engine = createEngine().run;
  const run: RunCheck = async (check, options) => {
    const outcome = await engine(check, options);
    ended.push(outcome);
    return outcome;
  };
  const build = { version: '0', revision: 'r', nodeVersion: 'v' };
  parts = createDaemonParts({ config: readConfig(), readConfig, engine: engineOf(run), build, log: silent });
  const { daemon, metrics, history, reloads } = parts;
  daemon.start();

  const before = new Map<string, number>();
  const failed: string[] = [];
  let runningAtReload = 0;
  for (version = 1; version <= 100; version += 1) {
    runningAtReload += parts.runs.list().length > 0 ? 1 : 0;
    const errors = reloads.reload();
    expect(errors.length > 0).toBe(version % 2 === 1);
    expect(reloads.notices()).toHaveLength(version % 2);
    const now = samples(await rendered(metrics));
    for (const [series, value] of now) {
      const isSteady = series.includes('workload="steady"') && /_(?:total|count|sum|bucket)\{/.test(series);
      if (isSteady && value < (before.get(series) ?? 0)) failed.push(`${series} fell to ${value}`);
    }
    for (const series of before.keys())
      if (series.includes('workload="steady"') && !now.has(series)) failed.push(`${series} is gone`);
    now.forEach((value, series) => before.set(series, value));
    await sleep(50 * pace);
  }
  await daemon.stop(5_000);

  expect(failed).toEqual([]);
  // It was under load: pushes were running while files were swapped.
  expect(runningAtReload).toBeGreaterThan(10);
  const text = await rendered(metrics);
  for (const id of kept) {
    const runs = ended.filter(({ check }) => checkId(check) === id);
    const done = runs.filter(({ failure }) => failure?.reason !== 'cancelled');
    expect(done.length).toBeGreaterThanOrEqual(3);
    // Only the end of the daemon cancels a run, and only one can have been running then.
    expect(runs.length - done.length).toBeLessThanOrEqual(1);
    expect(done.filter(({ ok }) => !ok).map(({ failure }) => failure)).toEqual([]);
    const [, path] = id.split('/');
    const counted = [...samples(text)].find(
      ([series]) =>
        series.startsWith('blobprobe_runs_total{') && series.includes(`path="${path}"`) && series.includes('steady'),
    );
    expect(counted?.[1]).toBe(done.length);
    expect(history.list({ checkId: id }).map((one) => one.id)).toEqual(runs.map((one) => one.id).toReversed());
  }
  expect(samples(text).get('blobprobe_config_last_reload_successful{}')).toBe(1);
}

test('a hundred reloads under load, good and bad in turn, lose no counter and no run', () =>
  atBearablePace(bearableLagMs, reloadAHundredTimes));
