import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { freePort, startProcess, waitFor, type RunningProcess } from './support/process.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Five sites of ten vantage points. The path `edge` fails from all of site s1 and from two of s2; `dead` fails from everywhere. */
const vantagePoints = Array.from({ length: 50 }, (_, index) => ({ index, site: `s${Math.floor(index / 10)}` }));
const edgeFails = (index: number): boolean => (index >= 10 && index < 20) || index === 20 || index === 21;
const throughput = (index: number): number => (index + 1) * 1_000_000;

/** What a vantage point says: three checks, of which the failing ones have failed four times in a row. */
function exposition(index: number): string {
  const nowSeconds = Date.now() / 1_000;
  const rows = [
    { path: 'direct', failing: false },
    { path: 'edge', failing: edgeFails(index) },
    { path: 'dead', failing: true },
  ].flatMap(({ path, failing }) => {
    const labels = `registry="gitea",path="${path}",client="docker",workload="large"`;
    return [
      `blobprobe_check_interval_seconds{${labels}} 60`,
      `blobprobe_last_run_success{${labels}} ${failing ? 0 : 1}`,
      `blobprobe_consecutive_failures{${labels}} ${failing ? 4 : 0}`,
      `blobprobe_last_run_timestamp_seconds{${labels}} ${nowSeconds}`,
      `blobprobe_last_success_timestamp_seconds{${labels}} ${failing ? nowSeconds - 240 : nowSeconds}`,
      `blobprobe_last_run_duration_seconds{${labels}} ${index + 1}`,
      `blobprobe_last_throughput_bytes_per_second{${labels},direction="push"} ${throughput(index)}`,
    ];
  });
  const limits = `blobprobe_limit_bytes{registry="gitea",path="edge",client="docker",direction="push",bound="largest_accepted"} ${(100 + index) * 1_000_000}`;
  return `${[...rows, limits].join('\n')}\n`;
}

/** Prometheus adds up 50 parts: the last digits of a mean are noise. */
function rounded(value: number): number {
  return Number(value.toPrecision(12));
}

interface Result {
  readonly data: {
    readonly result: readonly { readonly metric: Record<string, string>; readonly value: [number, string] }[];
  };
}

describeWithComponents(['prometheus'], 'a fleet of 50 vantage points in one Prometheus', () => {
  let directory: TemporaryDirectory;
  let simulator: Server;
  let prometheus: RunningProcess;
  let port: number;

  beforeAll(async () => {
    directory = temporaryDirectory('fleet');
    simulator = createServer((request, response) => {
      const index = Number(/^\/(\d+)\/metrics$/.exec(request.url ?? '')?.[1]);
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(exposition(index));
    });
    simulator.listen(0, '127.0.0.1');
    await once(simulator, 'listening');
    const { port: simulated } = simulator.address() as { port: number };
    copyFileSync(join(root, 'prometheus/blobprobe.rules.yaml'), join(directory.path, 'blobprobe.rules.yaml'));
    copyFileSync(join(root, 'deploy/prometheus/fleet.rules.yaml'), join(directory.path, 'fleet.rules.yaml'));
    const file = join(directory.path, 'prometheus.yml');
    writeFileSync(
      file,
      stringify({
        global: { scrape_interval: '5s', evaluation_interval: '2s' },
        rule_files: ['*.rules.yaml'],
        scrape_configs: [
          {
            job_name: 'blobprobe',
            static_configs: vantagePoints.map(({ index, site }) => ({
              targets: [`127.0.0.1:${simulated}`],
              labels: { site, instance: `vantage-${index}`, __metrics_path__: `/${index}/metrics` },
            })),
          },
        ],
      }),
    );
    port = await freePort();
    prometheus = await startProcess(requireComponent('prometheus'), [
      `--config.file=${file}`,
      `--storage.tsdb.path=${directory.path}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ]);
    await waitFor('a count of 50', async () => (await query('path:blobprobe_vantage_points:count'))['dead'] === 50, {
      timeoutMs: 60_000,
      everyMs: 500,
      details: prometheus.output,
    });
    // Before all 50 are scraped for the first time a site may look worse than it is: what is judged here was evaluated after that.
    const allScrapedAt = Date.now();
    await waitFor('an evaluation of all rules', async () => (await lastEvaluation()) > allScrapedAt, {
      timeoutMs: 30_000,
      everyMs: 250,
      details: prometheus.output,
    });
  }, 120_000);

  afterAll(async () => {
    await prometheus?.stop();
    simulator?.closeAllConnections();
    simulator?.close();
    directory?.remove();
  });

  /** Value by the labels site (if there is one) and path. */
  const query = async (expression: string): Promise<Record<string, number>> => {
    const url = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const response = await fetch(url, { signal: AbortSignal.timeout(20_000) }).catch(() => undefined);
    if (response?.ok !== true) return {};
    const { data } = (await response.json()) as Result;
    return Object.fromEntries(
      data.result.map(({ metric, value }) => [
        [metric['site'], metric['path']].filter(Boolean).join('/'),
        rounded(Number(value[1])),
      ]),
    );
  };

  /** When the rules that were evaluated longest ago were. */
  const lastEvaluation = async (): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/rules`, { signal: AbortSignal.timeout(20_000) });
    const { data } = (await response.json()) as { data: { groups: { lastEvaluation: string }[] } };
    return Math.min(...data.groups.map((group) => Date.parse(group.lastEvaluation)));
  };

  test('which part of the fleet fails, over each path', async () => {
    expect(await query('path:blobprobe_failing:ratio')).toEqual({ direct: 0, edge: 12 / 50, dead: 1 });
  });

  test('which part of each site fails', async () => {
    expect(await query('site_path:blobprobe_failing:ratio{path="edge"}')).toEqual({
      's0/edge': 0,
      's1/edge': 1,
      's2/edge': 0.2,
      's3/edge': 0,
      's4/edge': 0,
    });
  });

  test('quantiles and minima over all vantage points', async () => {
    const [low, high] = [throughput(24), throughput(25)];
    expect(await query('path:blobprobe_last_throughput_bytes_per_second:median')).toEqual({
      direct: (low + high) / 2,
      edge: (low + high) / 2,
      dead: (low + high) / 2,
    });
    // Linear between the 45th and the 46th of 50: rank 0.9 × 49.
    expect((await query('path:blobprobe_last_run_duration_seconds:p90'))['direct']).toBeCloseTo(45.1, 6);
    expect(await query('path:blobprobe_limit_bytes:min')).toEqual({ edge: 100_000_000 });
  });

  test('one alert for what fails everywhere, one for the site, none for single vantage points', async () => {
    const fromSites = await query('ALERTS{alertname="BlobprobeFailingFromSite"}');
    expect(Object.keys(fromSites)).toEqual(['s1/edge']);
    expect(Object.keys(await query('ALERTS{alertname="BlobprobeFailingEverywhere"}'))).toEqual(['dead']);
  });
});
