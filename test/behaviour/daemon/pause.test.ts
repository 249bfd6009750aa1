import { afterEach, expect, test } from 'vitest';
import { createDaemonParts, type DaemonParts } from '../../../src/daemon/daemon-parts.ts';
import { createEngine } from '../../../src/daemon/engine.ts';
import type { Config } from '../../../src/config/config.ts';
import { parseConfig } from '../../../src/config/load.ts';
import { type DemoRegistry, startRegistry } from '../../support/lab/registry.ts';
import { eventually, sum } from '../../support/program.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { rendered } from '../../support/rendered.ts';

let registry: DemoRegistry | undefined;
let parts: DaemonParts | undefined;

afterEach(async () => {
  await parts?.daemon.stop(5_000);
  await registry?.close();
});

const names = { registry: 'lab', path: 'direct', client: 'docker', workload: 'blob' };

async function startDaemon(stalls: boolean) {
  registry = await startRegistry();
  const lab = registry;
  const stall = { kind: 'stall', readBytes: 100_000 } as const;
  lab.intercept = (request) => (stalls && request.method === 'PATCH' ? stall : undefined);
  const file = {
    registries: { lab: { repository: 'team/blobprobe', paths: { direct: { url: lab.url }, other: { url: lab.url } } } },
    checks: { blob: { size: '8MiB', every: '1s', timeout: '1s', clients: ['docker'], retries: 'none' } },
  };
  const readConfig = (): Config => parseConfig(JSON.stringify(file), 'config.yaml', { env: {} });
  const { log, lines } = recordingLog();
  const engine = createEngine();
  const build = { version: '0', revision: 'r', nodeVersion: 'v' };
  const made = createDaemonParts({ config: readConfig(), readConfig, engine, build, log });
  parts = made;
  made.daemon.start();
  made.onDemand.open();
  const value = async (name: string, labels: Record<string, string> = {}): Promise<number> =>
    sum((await rendered(made.metrics)).replace(/^(blobprobe_paused) /m, '$1{} '), `blobprobe_${name}`, labels) ?? -1;
  const details = (): string => lines.map(({ message }) => message).join('\n');
  const requests = (): number => lab.requestTotal;
  return {
    ...made,
    lab,
    lines,
    value,
    requests,
    until: (what: string, look: () => Promise<boolean>) => eventually(what, look, details),
  };
}

test('a pause cancels the push under way, cleans up after it, and lets nothing start, whatever is reloaded', async () => {
  const { lab, pause, reloads, onDemand, lines, value, requests, until } = await startDaemon(true);
  await until('push under way', async () => lab.openSessions.length === 1 && (await value('runs_in_flight')) === 1);
  expect(await value('paused')).toBe(0);
  pause.pause('request');
  await until('cancelled', async () => (await value('runs_cancelled_total')) === 1);
  expect(lab.openSessions).toEqual([]);
  expect(await value('paused')).toBe(1);
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', message: expect.stringMatching(/^paused: /) }));

  expect(reloads.reload()).toEqual([]);
  const asked = requests();
  await until('two runs skipped', async () => (await value('runs_skipped_total', { cause: 'paused' })) >= 2);
  expect(requests()).toBe(asked);
  expect(onDemand.start(names)).toMatchObject({ kind: 'busy', message: /^paused since / });

  lab.intercept = () => undefined;
  pause.resume('signal');
  await until('a push that succeeds', async () => (await value('last_run_success')) >= 1);
  expect(await value('paused')).toBe(0);
  expect(lines).toContainEqual(
    expect.objectContaining({ message: 'resumed', fields: expect.objectContaining({ by: 'signal' }) }),
  );
});

test('the checks of a round that did not come to their turn count as skipped, each once', async () => {
  const { lab, pause, value, until } = await startDaemon(true);
  await until('first push of the round', async () => lab.openSessions.length === 1);
  const skipped = (): Promise<number> => value('runs_skipped_total', { cause: 'paused' });
  expect(await skipped()).toBe(0);
  pause.pause('request', 600_000);
  await until('cancelled', async () => (await value('runs_cancelled_total')) === 1);
  await until('the other check skipped', async () => (await skipped()) >= 1);
  pause.resume('request');
});

test('a pause that is over before the round it interrupted has cleaned up counts the same', async () => {
  const { lab, pause, value, until } = await startDaemon(true);
  await until('first push of the round', async () => lab.openSessions.length === 1);
  pause.pause('request');
  pause.resume('request');
  await until('cancelled', async () => (await value('runs_cancelled_total')) === 1);
  expect(await value('runs_skipped_total', { cause: 'paused' })).toBe(1);
});

test('a run that somebody asked for is cancelled too', async () => {
  const { lab, pause, onDemand, runs, until } = await startDaemon(false);
  lab.intercept = (request) => (request.method === 'PATCH' ? { kind: 'stall', readBytes: 100_000 } : undefined);
  const answer = onDemand.start({ ...names, workload: undefined, size: '7MiB' });
  if (answer.kind !== 'started') throw new Error(answer.message);
  await until('asked for', async () => runs.get(answer.id)?.state === 'running');
  pause.pause('request');
  expect((await answer.run).failure?.reason).toBe('cancelled');
  await until('nothing left', async () => lab.openSessions.length === 0 && runs.list().length === 0);
});
