import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DemoEdge, startEdge } from '../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { freePort, type RunningProcess, startProcess, waitFor } from './support/process.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly timestamp: number;
}

interface ExemplarSeries {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly Exemplar[];
}

interface VectorSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

describeWithComponents(['prometheus'], 'Prometheus scrapes', () => {
  let registry: DemoRegistry;
  let edge: DemoEdge;
  let daemon: RunningDaemon;
  let directory: TemporaryDirectory;
  let prometheus: RunningProcess;
  let api: string;
  let inText: Server;

  beforeAll(async () => {
    registry = await startRegistry();
    edge = await startEdge({
      upstream: registry.url,
      faults: [{ kind: 'body-limit', limitBytes: 100_000, ending: 'keep-alive' }],
      identity: { style: 'cloudflare' },
    });
    daemon = await startDaemon({
      registries: {
        lab: { repository: 'team/blobprobe', paths: { direct: { url: registry.url }, edge: { url: edge.url } } },
      },
      checks: { small: { size: '256KiB', every: '2s', timeout: '2s', clients: ['docker-containerd'] } },
      // Room for both probes beside the schedule: a 503 would be right, and a target down for a moment.
      budget: { transfers: 3 },
    });
    const target = new URL((await daemon.get('/')).url).host;
    inText = await startTextOnly(`http://${target}`);
    directory = temporaryDirectory('prometheus');
    const port = await freePort();
    api = `http://127.0.0.1:${port}/api/v1`;
    writeFileSync(join(directory.path, 'prometheus.yml'), JSON.stringify(configuration(target, addressOf(inText))));
    prometheus = await startProcess(requireComponent('prometheus'), [
      `--config.file=${join(directory.path, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory.path, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ]);
    await waitFor(
      'three scrapes of each target',
      async () => {
        const counts = await query('count_over_time(up[5m])').catch(() => []);
        return counts.length === 4 && counts.every(({ value }) => Number(value[1]) >= 3);
      },
      { timeoutMs: 30_000, everyMs: 250, details: prometheus.output },
    );
  }, 60_000);

  afterAll(async () => {
    await prometheus?.stop();
    inText?.close();
    await daemon?.stop();
    directory?.remove();
    await edge?.close();
    await registry?.close();
  });

  async function ask<T>(path: string): Promise<T> {
    const answer = await fetch(`${api}${path}`, { signal: AbortSignal.timeout(30_000) });
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(error);
    return data;
  }

  async function query(expression: string): Promise<readonly VectorSample[]> {
    const { result } = await ask<{ result: VectorSample[] }>(`/query?query=${encodeURIComponent(expression)}`);
    return result;
  }

  test('every target is up, in OpenMetrics as Prometheus asks for it and through /probe', async () => {
    interface Targets {
      readonly activeTargets: { scrapePool: string; health: string; lastError: string }[];
    }
    const health = async (): Promise<string[]> =>
      (await ask<Targets>('/targets')).activeTargets
        .map((one) => `${one.scrapePool} ${one.health} ${one.lastError}`)
        .toSorted();
    // A scrape of a busy machine may come too late for its time limit; the next one does not.
    await expect
      .poll(health, { timeout: 60_000 })
      .toEqual(['blobprobe up ', 'in-text up ', 'probe-direct up ', 'probe-edge up ']);
    const [runs] = await query('sum(blobprobe_runs_total{job="blobprobe",path="direct"})');
    expect(Number(runs?.value[1])).toBeGreaterThanOrEqual(1);
    const [buckets] = await query('count(blobprobe_run_duration_seconds_bucket{job="blobprobe",path="direct"})');
    expect(Number(buckets?.value[1])).toBeGreaterThan(10);
  });

  test('a scrape in text stores the same series as one in OpenMetrics', async () => {
    const seriesOf = async (job: string): Promise<string[]> => {
      // At one instant: a run may have added to one job's scrape what the other's does not have yet.
      const found = await query(`{job="${job}",__name__=~"blobprobe_.+"}`);
      return found
        .map(({ metric: { job: _job, instance: _instance, ...labels } }) =>
          JSON.stringify(labels, Object.keys(labels).toSorted()),
        )
        .toSorted();
    };
    await waitFor(
      'equal series',
      async () => {
        const [open, text] = [await seriesOf('blobprobe'), await seriesOf('in-text')];
        return open.length > 200 && JSON.stringify(open) === JSON.stringify(text);
      },
      { timeoutMs: 60_000, everyMs: 500 },
    );
    const formats = await fetch(`http://${addressOf(inText)}/seen`).then((answer) => answer.json());
    expect(formats).toEqual(['text/plain; version=0.0.4; charset=utf-8']);
  });

  test('the exemplar of a failure leads to the page of that run', async () => {
    const end = Date.now() / 1000;
    const found = await ask<ExemplarSeries[]>(
      `/query_exemplars?query=blobprobe_failure_sent_bytes_bucket&start=${end - 120}&end=${end + 60}`,
    );
    const exemplars = found
      .flatMap((series) => series.exemplars)
      .toSorted((one, other) => one.timestamp - other.timestamp);
    expect(exemplars.length).toBeGreaterThan(0);
    const { run_id: runId = '', ray_id: rayId } = exemplars.at(-1)!.labels;
    expect(rayId).toMatch(/^[0-9a-f]{8,32}(?:-[A-Z]{3})?$/);
    const page = await daemon.get(`/runs/${runId}`);
    expect(page.status).toBe(200);
    const text = await page.text();
    expect(text).toContain(runId);
    expect(text).toContain('body_too_large');
    expect(text).toContain(rayId);
  });

  test('/probe gives the outcome of one push, as scraped', async () => {
    const outcome = async (): Promise<unknown> => {
      const [direct] = await query('probe_success{job="probe-direct"}');
      const [failing] = await query('probe_success{job="probe-edge"}');
      const [info] = await query('blobprobe_last_failure_info{job="probe-edge"}');
      return { direct: direct?.value[1], failing: failing?.value[1], info: info?.metric };
    };
    const info = { reason: 'body_too_large', answered_by: 'cloudflare', path: 'edge' };
    await expect.poll(outcome, { timeout: 60_000 }).toMatchObject({ direct: '1', failing: '0', info });
  });
});

/** Asks the daemon for text, whatever it is asked for itself: this Prometheus cannot be told to. `/seen`: the types of its answers. */
async function startTextOnly(origin: string): Promise<Server> {
  const seen = new Set<string>();
  const server = createServer((request, response) => {
    if (request.url === '/seen') {
      response.end(JSON.stringify([...seen]));
      return;
    }
    void fetch(`${origin}${request.url}`, { headers: { accept: 'text/plain;version=0.0.4' } }).then(async (answer) => {
      const type = answer.headers.get('content-type') ?? '';
      seen.add(type);
      response.writeHead(answer.status, { 'content-type': type }).end(await answer.text());
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function addressOf(server: Server): string {
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Scrapes the daemon, and pushes once per scrape over either path. */
function configuration(target: string, inText: string): object {
  const probe = (path: string): object => ({
    job_name: `probe-${path}`,
    metrics_path: '/probe',
    scrape_interval: '2s',
    scrape_timeout: '2s',
    params: { registry: ['lab'], path: [path], client: ['docker-containerd'], size: ['200KiB'], retries: ['none'] },
    static_configs: [{ targets: [target] }],
  });
  return {
    global: { scrape_interval: '1s', scrape_timeout: '1s' },
    scrape_configs: [
      { job_name: 'blobprobe', static_configs: [{ targets: [target] }] },
      { job_name: 'in-text', static_configs: [{ targets: [inText] }] },
      probe('direct'),
      probe('edge'),
    ],
  };
}
