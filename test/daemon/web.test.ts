import { createServer, type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Daemon } from '../../src/daemon/daemon.ts';
import { createDaemonParts } from '../../src/daemon/daemon-parts.ts';
import type { Logger } from '../../src/daemon/log.ts';
import { ListenError, startWeb } from '../../src/daemon/web.ts';
import type { Config } from '../../src/config/config.ts';
import type { Listening } from '../../src/server/listen.ts';
import { fakeCheck } from '../support/fake-check.ts';
import { fakeRun } from '../support/fake-run.ts';
import { engineOf } from '../support/fake-engine.ts';

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const build = { version: '0', revision: 'r', nodeVersion: 'v' };

function config(...paths: string[]): Config {
  return {
    registries: [],
    checks: paths.map((path) => fakeCheck('gitea', path, 'docker', 'small')),
    budget: { transfers: 1 },
    retryWaitScale: 1,
    excludeTainted: false,
    histograms: [],
    redactedSource: { written: paths.join() },
  };
}

function parts(readConfig: () => Config = () => config('direct')) {
  const run = async (check: Parameters<typeof fakeRun>[0]) => fakeRun(check);
  return createDaemonParts({ config: config('direct'), readConfig, engine: engineOf(run), build, log: silent });
}

const open: { close(graceMs?: number): Promise<void> }[] = [];
const daemons: Daemon[] = [];
afterEach(async () => {
  await Promise.all(daemons.splice(0).map((daemon) => daemon.stop(1_000)));
  await Promise.all(open.splice(0).map((one) => one.close(0)));
});

async function serve(readConfig?: () => Config) {
  const made = parts(readConfig);
  const { daemon } = made;
  daemons.push(daemon);
  const listening: Listening = await startWeb(
    { listen: [{ host: '127.0.0.1', port: 0 }], paths: { routePrefix: '/', externalPath: '/' } },
    { ...made, log: silent },
  );
  open.push(listening);
  return { daemon, url: `http://127.0.0.1:${listening.addresses[0]?.port}` };
}

test('ready only while the schedule runs', async () => {
  const { daemon, url } = await serve();
  const before = await fetch(`${url}/-/ready`);
  expect(before.status).toBe(503);
  expect(await before.text()).toBe('not ready: the schedule is not running\n');
  expect((await fetch(`${url}/-/healthy`)).status).toBe(200);
  daemon.start();
  expect((await fetch(`${url}/-/ready`)).status).toBe(200);
  await daemon.stop(1_000);
  expect((await fetch(`${url}/-/ready`)).status).toBe(503);
});

test('a reload answers with all errors, or with what it did', async () => {
  let read = (): Config => {
    throw new Error('config.yaml:1:1: first\nconfig.yaml:2:1: second');
  };
  const { daemon, url } = await serve(() => read());
  const refused = await fetch(`${url}/-/reload`, { method: 'POST' });
  expect([refused.status, await refused.text()]).toEqual([500, 'config.yaml:1:1: first\nconfig.yaml:2:1: second\n']);
  expect(daemon.config.checks.map((check) => check.path.name)).toEqual(['direct']);
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^blobprobe_config_last_reload_successful 0$/m);

  read = () => config('ingress');
  expect((await fetch(`${url}/-/reload`, { method: 'POST' })).status).toBe(200);
  const text = await (await fetch(`${url}/metrics`)).text();
  expect(text).toMatch(/^blobprobe_config_last_reload_successful 1$/m);
  expect(text).toMatch(/^blobprobe_runs_total\{.*path="ingress"/m);
  expect(text).not.toMatch(/path="direct"/);
});

test('an address in use is named', async () => {
  const occupant = createServer();
  await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => new Promise((resolve) => occupant.close(() => resolve())) });
  const { port } = occupant.address() as AddressInfo;
  const made = parts();
  const addresses: string[] = [];
  const log: Logger = { ...silent, info: (_message, fields) => void addresses.push(String(fields?.['address'])) };
  const listen = [
    { host: '127.0.0.1', port: 0 },
    { host: '127.0.0.1', port },
  ];
  await expect(startWeb({ listen, paths: { routePrefix: '/', externalPath: '/' } }, { ...made, log })).rejects.toThrow(
    new ListenError(`cannot listen on 127.0.0.1:${port}: the address is in use`),
  );
  expect(addresses).toEqual([]);
});

test('an address of another host is named', async () => {
  const made = parts();
  // 192.0.2.0/24 is for documentation: no host has it.
  await expect(
    startWeb(
      { listen: [{ host: '192.0.2.1', port: 1 }], paths: { routePrefix: '/', externalPath: '/' } },
      { ...made, log: silent },
    ),
  ).rejects.toThrow(new ListenError('cannot listen on 192.0.2.1:1: EADDRNOTAVAIL'));
});
