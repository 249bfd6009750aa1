import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithComponents } from '../support/component.ts';
import { builtProgram } from '../support/program.ts';
import { startRegistry, type RunningRegistry } from './support/docker-registry.ts';
import { freePort, startProcess, waitFor, type RunningProcess } from './support/process.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

const main = builtProgram();
const clients = ['docker', 'docker-containerd', 'crane', 'skopeo'];
const workloads = ['small', 'medium'];
const paths = ['direct', 'same'];

describeWithComponents(['docker-registry'], 'two instances, --shard=0/2 and --shard=1/2', () => {
  let registry: RunningRegistry;
  let directory: TemporaryDirectory;
  const instances: { readonly program: RunningProcess; readonly address: string }[] = [];

  beforeAll(async () => {
    registry = await startRegistry();
    directory = temporaryDirectory('shards');
    const configFile = join(directory.path, 'config.yaml');
    const url = registry.origin;
    writeFileSync(
      configFile,
      JSON.stringify({
        registries: { lab: { repository: 'probes/shards', paths: { direct: { url }, same: { url } } } },
        checks: Object.fromEntries(workloads.map((name) => [name, { size: '64KiB', every: '5s', clients }])),
      }),
    );
    for (const shard of ['0/2', '1/2']) {
      const address = `127.0.0.1:${await freePort()}`;
      const flags = [`--config.file=${configFile}`, `--shard=${shard}`, `--web.listen-address=${address}`];
      instances.push({ program: await startProcess(process.execPath, [main, 'serve', ...flags]), address });
    }
  });

  afterAll(async () => {
    await Promise.all(instances.map(({ program }) => program.stop()));
    await registry?.close();
    directory?.remove();
  });

  /** Checks that an instance shows, whether they have run or not. */
  const shown = async (address: string): Promise<string[]> => checksOf(address, () => true);

  /** Checks that have run on an instance, so many times at least. */
  const ran = async (address: string, times = 1): Promise<string[]> =>
    checksOf(address, (line) => Number(line.split(' ').at(-1)) >= times);

  const checksOf = async (address: string, wanted: (line: string) => boolean): Promise<string[]> => {
    const response = await fetch(`http://${address}/metrics`).catch(() => undefined);
    const lines = (await response?.text())?.split('\n') ?? [];
    return lines
      .filter((line) => line.startsWith('blobprobe_runs_total{') && wanted(line))
      .map((line) =>
        ['path', 'client', 'workload'].map((label) => new RegExp(`${label}="([^"]*)"`).exec(line)?.[1]).join('/'),
      );
  };

  test('run every check exactly once between them', async () => {
    const all = paths.flatMap((path) =>
      clients.flatMap((client) => workloads.map((workload) => `${path}/${client}/${workload}`)),
    );
    const details = (): string => instances.map(({ program }) => program.output()).join('\n');
    await waitFor(
      'a run of each check',
      async () => new Set((await Promise.all(instances.map(({ address }) => ran(address)))).flat()).size === all.length,
      { timeoutMs: 60_000, everyMs: 250, details },
    );
    // All that an instance has runs as often: a check that both have would have run on both by now.
    for (const { address } of instances) {
      const haveRun = async (): Promise<boolean> => (await ran(address, 3)).length === (await shown(address)).length;
      await waitFor('three runs of each check that it shows', haveRun, { timeoutMs: 60_000, everyMs: 250, details });
    }
    const [first = [], second = []] = await Promise.all(instances.map(({ address }) => ran(address)));
    expect(first.length).toBeGreaterThan(0);
    expect(second.length).toBeGreaterThan(0);
    expect([...first, ...second].toSorted()).toEqual(all.toSorted());
    // Nor does one show a check that is the other's.
    expect(await Promise.all(instances.map(({ address }) => shown(address)))).toEqual([first, second]);
  });
});
