import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { requireComponent } from '../../support/component.ts';
import { freePort, startProcess, waitUntilListening } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface Delivered {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface QueryResult {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

export interface Monitoring {
  /** Alerts as the receiver got them, oldest first. */
  readonly delivered: readonly Delivered[];
  /** Result of an instant query; scalars as one sample. Throws with Prometheus' own words when it refuses. */
  readonly query: (expr: string) => Promise<readonly QueryResult[]>;
  readonly get: (path: string) => Promise<unknown>;
  readonly stop: () => Promise<void>;
}

export interface MonitoringOptions {
  /** `host:port` of the exporter. */
  readonly target: string;
  readonly ruleFiles: Readonly<Record<string, string>>;
  /** Inhibition rules as in an Alertmanager configuration. */
  readonly inhibitRules: unknown;
}

/** Starts Prometheus and Alertmanager on loopback, scraping and evaluating each second, and a receiver of notifications. */
export async function startMonitoring(options: MonitoringOptions): Promise<Monitoring> {
  const directory = temporaryDirectory('monitoring');
  const receiver = await startReceiver();
  const [alertmanagerPort, prometheusPort] = [await freePort(), await freePort()];
  const write = (name: string, content: string): string => {
    writeFileSync(join(directory.path, name), content);
    return join(directory.path, name);
  };
  const json = (name: string, content: object): string => write(name, JSON.stringify(content, undefined, 2));
  const alertmanager = await startProcess(requireComponent('prometheus-alertmanager'), [
    `--config.file=${json('alertmanager.json', alertmanagerConfig(receiver.url, options.inhibitRules))}`,
    `--storage.path=${join(directory.path, 'alertmanager')}`,
    `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
    '--cluster.listen-address=',
  ]);
  const rules = Object.entries(options.ruleFiles).map(([name, content]) => write(name, content));
  const prometheus = await startProcess(requireComponent('prometheus'), [
    `--config.file=${json('prometheus.json', prometheusConfig(options.target, alertmanagerPort, rules))}`,
    `--storage.tsdb.path=${join(directory.path, 'tsdb')}`,
    `--web.listen-address=127.0.0.1:${prometheusPort}`,
    '--enable-feature=exemplar-storage',
  ]);
  await waitUntilListening(alertmanagerPort, alertmanager);
  await waitUntilListening(prometheusPort, prometheus);
  const get = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${prometheusPort}${path}`, { signal: AbortSignal.timeout(10_000) });
    const body = (await response.json()) as { status: string; error?: string; data: unknown };
    if (body.status !== 'success') throw new Error(`${body.error}: ${decodeURIComponent(path)}`);
    return body.data;
  };
  return {
    delivered: receiver.delivered,
    get,
    query: async (expr) => {
      const data = (await get(`/api/v1/query?query=${encodeURIComponent(expr)}`)) as {
        resultType: string;
        result: QueryResult[] | QueryResult['value'];
      };
      return data.resultType === 'scalar'
        ? [{ metric: {}, value: data.result as QueryResult['value'] }]
        : (data.result as QueryResult[]);
    },
    stop: async () => {
      await prometheus.stop();
      await alertmanager.stop();
      await receiver.close();
      directory.remove();
    },
  };
}

function alertmanagerConfig(url: string, inhibitRules: unknown): object {
  return {
    route: {
      receiver: 'test',
      group_by: ['alertname', 'registry', 'path'],
      group_wait: '2s',
      group_interval: '1s',
      repeat_interval: '1h',
    },
    receivers: [{ name: 'test', webhook_configs: [{ url, send_resolved: true }] }],
    inhibit_rules: inhibitRules,
  };
}

function prometheusConfig(target: string, alertmanagerPort: number, rules: readonly string[]): object {
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: rules,
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }] },
    scrape_configs: [{ job_name: 'blobprobe', static_configs: [{ targets: [target] }] }],
  };
}

async function startReceiver(): Promise<{ url: string; delivered: Delivered[]; close: () => Promise<void> }> {
  const delivered: Delivered[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    request.on('end', () => {
      delivered.push(...(JSON.parse(body) as { alerts: Delivered[] }).alerts);
      response.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port given');
  return {
    url: `http://127.0.0.1:${address.port}`,
    delivered,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
