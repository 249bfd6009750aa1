import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requireComponent } from '../../support/component.ts';
import { freePort, startProcess, waitFor } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface QueryResult {
  readonly metric: Readonly<Record<string, string>>;
  /** A native histogram has `histogram` instead. */
  readonly value?: readonly [number, string];
  readonly histogram?: readonly [number, NativeHistogram];
}

export interface NativeHistogram {
  readonly count: string;
  readonly sum: string;
  /** Which bounds are inclusive, lower bound, upper bound, count; buckets without observations are left out. */
  readonly buckets?: readonly (readonly [rule: number, lower: string, upper: string, count: string])[];
}

export interface RunningPrometheus {
  /** Result of an instant query, now or at a time; scalars as one sample. Throws with Prometheus' own words when it refuses. */
  readonly query: (expr: string, atSeconds?: number) => Promise<readonly QueryResult[]>;
  /** `data` of an answer of its API. */
  readonly get: (path: string) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

export interface PrometheusOptions {
  readonly program: 'prometheus' | 'prometheus3';
  /** Content by file name. */
  readonly ruleFiles: Readonly<Record<string, string>>;
  readonly scrapeConfigs: readonly object[];
  readonly scrapeEvery: string;
  readonly evaluateEvery: string;
  readonly alertmanagerPort?: number;
}

/** Starts a Prometheus on loopback with storage of its own. */
export async function startPrometheus(options: PrometheusOptions): Promise<RunningPrometheus> {
  const directory = temporaryDirectory('prometheus');
  const port = await freePort();
  const write = (name: string, content: string): string => {
    const file = join(directory.path, name);
    writeFileSync(file, content);
    return file;
  };
  mkdirSync(join(directory.path, 'tsdb'));
  const rules = Object.entries(options.ruleFiles).map(([name, content]) => write(name, content));
  const program = await startProcess(requireComponent(options.program), [
    // JSON is YAML.
    `--config.file=${write('prometheus.yaml', JSON.stringify(configuration(options, rules)))}`,
    `--storage.tsdb.path=${join(directory.path, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--enable-feature=exemplar-storage',
  ]);
  // It listens before its storage is open, and answers 503 until then.
  const isReady = async (): Promise<boolean> => {
    if (!program.isRunning()) throw new Error(`ended before it was ready:\n${program.output()}`);
    return fetch(`http://127.0.0.1:${port}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  await waitFor('Prometheus to be ready', isReady, { timeoutMs: 60_000, details: program.output });
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(20_000) });
    const body = (await response.json()) as { status: string; error?: string; data: unknown };
    if (body.status !== 'success') throw new Error(`${body.error}: ${decodeURIComponent(path)}`);
    return body.data;
  };
  return {
    get,
    query: async (expr, atSeconds) => {
      const time = atSeconds === undefined ? '' : `&time=${atSeconds}`;
      const data = (await get(`/api/v1/query?query=${encodeURIComponent(expr)}${time}`)) as {
        resultType: string;
        result: QueryResult[] | readonly [number, string];
      };
      return data.resultType === 'scalar'
        ? [{ metric: {}, value: data.result as readonly [number, string] }]
        : (data.result as QueryResult[]);
    },
    stop: async () => {
      await program.stop();
      directory.remove();
    },
  };
}

/**
 * The last second at which the newest scrape of a job was a good one: a scrape that a busy machine made late takes all series away
 * until the next. Throws when there was none in five minutes.
 */
export async function lastGoodScrape(prometheus: RunningPrometheus, job: string): Promise<number> {
  const [last] = await prometheus.query(`max_over_time((timestamp(up{job="${job}"} == 1))[5m:1s])`);
  if (last?.value === undefined) throw new Error(`no good scrape of job ${job}`);
  return Number(last.value[1]);
}

function configuration(options: PrometheusOptions, rules: readonly string[]): object {
  const { alertmanagerPort, scrapeEvery, evaluateEvery } = options;
  return {
    global: { scrape_interval: scrapeEvery, scrape_timeout: scrapeEvery, evaluation_interval: evaluateEvery },
    rule_files: rules,
    scrape_configs: options.scrapeConfigs,
    ...(alertmanagerPort !== undefined && {
      alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }] },
    }),
  };
}
