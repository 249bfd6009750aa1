import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { requireComponent } from '../../support/component.ts';
import { freePort, startProcess, waitUntilListening } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const examples = new URL('../../../alertmanager/', import.meta.url);

export interface Delivered {
  /** The receiver of the example that it was routed to. */
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export interface RunningAlertmanager {
  readonly port: number;
  /** Alerts as the receivers got them, oldest first. */
  readonly delivered: readonly Delivered[];
  readonly stop: () => Promise<void>;
}

/** The times of a route; what is left out stays as the example has it. */
export interface RouteTimes {
  readonly group_wait?: string;
  readonly group_interval?: string;
}

/**
 * Starts Alertmanager on loopback with the example that is shipped: its routes, inhibitions and template. Every receiver is a
 * webhook of our own.
 */
export async function startAlertmanager(times: RouteTimes = {}): Promise<RunningAlertmanager> {
  const directory = temporaryDirectory('alertmanager');
  const webhook = await startWebhook();
  const port = await freePort();
  const file = join(directory.path, 'alertmanager.yaml');
  writeFileSync(file, JSON.stringify(configuration(webhook.url, times)));
  const program = await startProcess(requireComponent('prometheus-alertmanager'), [
    `--config.file=${file}`,
    `--storage.path=${directory.path}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]);
  await waitUntilListening(port, program);
  return {
    port,
    delivered: webhook.delivered,
    stop: async () => {
      await program.stop();
      await webhook.close();
      directory.remove();
    },
  };
}

interface Route extends RouteTimes {
  readonly routes?: readonly Route[];
}
interface Example {
  readonly route: Route;
  readonly receivers: readonly { readonly name: string }[];
  readonly inhibit_rules: unknown;
}

function configuration(url: string, times: RouteTimes): object {
  const example = parse(readFileSync(new URL('alertmanager.yaml', examples), 'utf8')) as Example;
  const hurried = (route: Route): Route => ({
    ...route,
    ...times,
    ...(route.routes && { routes: route.routes.map(hurried) }),
  });
  return {
    templates: [fileURLToPath(new URL('blobprobe.tmpl', examples))],
    route: hurried(example.route),
    receivers: example.receivers.map(({ name }) => ({ name, webhook_configs: [{ url, send_resolved: true }] })),
    inhibit_rules: example.inhibit_rules,
  };
}

async function startWebhook(): Promise<{ url: string; delivered: Delivered[]; close: () => Promise<void> }> {
  const delivered: Delivered[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString('utf8');
    });
    request.on('end', () => {
      const { receiver, alerts } = JSON.parse(body) as { receiver: string; alerts: Omit<Delivered, 'receiver'>[] };
      delivered.push(...alerts.map((alert) => ({ ...alert, receiver })));
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
