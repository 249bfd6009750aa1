import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Check } from '../../src/probe/check.ts';
import { Metrics } from '../../src/publish/metrics/metrics.ts';
import type { Listening } from '../../src/server/listen.ts';
import { buildServer } from '../../src/server/server.ts';
import { startServer } from '../../src/server/start.ts';
import { readExposition, type Sample } from '../support/exposition-reader.ts';
import { check, failedRun, successfulRun } from '../support/run-fixtures.ts';
import { serverDeps } from '../support/server-fixtures.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { waitFor } from './support/process.ts';
import { type RunningPrometheus, startPrometheus } from './support/prometheus.ts';

const run = promisify(execFile);
const openmetrics = 'application/openmetrics-text; version=1.0.0';

/** A request of Prometheus' and what it was answered with. */
interface Scraped {
  /** With a version, unless it was built without one. */
  readonly by: string;
  readonly asked: string;
  readonly encoding: string;
}

describeWithComponents(
  ['prometheus', 'prometheus3', 'curl'],
  'the kept pieces of thirty checks, read by others',
  () => {
    const checks: Check[] = Array.from({ length: 30 }, (_, at) =>
      check({ path: `path-${at % 5}`, workload: `w${at}` }),
    );
    const scrapes: Scraped[] = [];
    let metrics: Metrics;
    let listening: Listening;
    let both: RunningPrometheus[];
    let url: string;

    beforeAll(async () => {
      metrics = new Metrics({ version: '1', revision: 'r', nodeVersion: 'v20', processMetrics: false });
      checks.forEach((each) => metrics.register(each));
      const app = buildServer(serverDeps({ renderMetrics: (format) => metrics.render(format) }));
      app.addHook('onResponse', async (request, reply) => {
        const by = request.headers['user-agent'] ?? '';
        if (by.startsWith('Prometheus/')) {
          const asked = String(request.headers['accept-encoding']);
          scrapes.push({ by, asked, encoding: String(reply.getHeader('content-encoding')) });
        }
      });
      listening = await startServer(app, [{ host: '127.0.0.1', port: 0 }]);
      const target = `127.0.0.1:${listening.addresses[0]!.port}`;
      url = `http://${target}/metrics`;
      const options = {
        ruleFiles: {},
        scrapeConfigs: [{ job_name: 'blobprobe', static_configs: [{ targets: [target] }] }],
        scrapeEvery: '1s',
        evaluateEvery: '1s',
      };
      both = await Promise.all(
        (['prometheus', 'prometheus3'] as const).map((program) => startPrometheus({ ...options, program })),
      );
    });
    afterAll(async () => {
      await Promise.all((both ?? []).map((one) => one.stop()));
      await listening?.close();
    });

    test('Prometheus 2 and 3 take gzip, and store every sample as it is in the plain answer, round after round', async () => {
      for (let round = 0; round < 3; round += 1) {
        checks
          .filter((_, at) => at % 3 === round)
          .forEach((each) =>
            metrics.observe(round === 1 ? failedRun({ check: each }) : successfulRun({ check: each })),
          );
        const { samples } = readExposition(await (await fetch(url)).text());
        const wanted = samples.map(lineOf).toSorted().join('\n');
        for (const prometheus of both) {
          await waitFor('all samples as they are now', async () => (await storedBy(prometheus)) === wanted, {
            timeoutMs: 30_000,
            everyMs: 200,
          });
        }
      }
      expect(new Set(scrapes.map(({ by }) => by)).size).toBe(2);
      expect(new Set(scrapes.map(({ asked, encoding }) => `${asked}: ${encoding}`))).toEqual(new Set(['gzip: gzip']));
    });

    test.each(['text/plain', openmetrics])('curl --compressed gets of %s what curl gets plain', async (accept) => {
      const curl = async (...flags: string[]): Promise<string> => {
        const all = [
          '--silent',
          '--show-error',
          '--fail',
          '--max-time',
          '20',
          '-H',
          `Accept: ${accept}`,
          ...flags,
          url,
        ];
        return (await run(requireComponent('curl'), all, { maxBuffer: 2 ** 28 })).stdout;
      };
      const compressed = await curl('--compressed');
      expect(compressed.length).toBeGreaterThan(300_000);
      expect(compressed).toBe(await curl());
    });
  },
);

/** What it has of all samples, without the labels that it adds. */
async function storedBy(prometheus: RunningPrometheus): Promise<string> {
  const stored = await prometheus.query('{job="blobprobe",__name__=~"blobprobe_.+"}');
  const lines = stored.map(({ metric: { __name__: name = '', job: _job, instance: _instance, ...labels }, value }) =>
    lineOf({ name, labels, value: Number(value?.[1]) }),
  );
  return lines.toSorted().join('\n');
}

function lineOf({ name, labels, value }: Omit<Sample, 'exemplar'>): string {
  return `${name} ${JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)))} ${value}`;
}
