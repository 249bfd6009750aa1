import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Run } from '../../src/probe/outcome.ts';
import { describeWithComponents } from '../support/component.ts';
import { builtProgram } from '../support/program.ts';
import { type Backend, startDistribution } from './support/backends.ts';
import { askProgram, pushByProgram } from './support/diagnosing.ts';
import { openPrivateNetwork, type PrivateNetwork } from './support/place.ts';
import { waitFor } from './support/process.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';

const main = builtProgram();

// iptables, which is not used, stands for root.
describeWithComponents(['unshare', 'ip', 'iptables', 'curl', 'docker-registry'], 'a network without IPv4', () => {
  let network: PrivateNetwork;
  let registry: Backend;
  let url = '';

  beforeAll(async () => {
    network = await openPrivateNetwork([['::1', 'registry.test']]);
    await network.run(['ip', '-4', 'addr', 'flush', 'dev', 'lo']);
    registry = await startDistribution(
      { address: '[::1]' },
      { ...network, listensOn: (port) => network.listensOn(port, '::1') },
    );
    url = `http://[::1]:${registry.port}`;
  });
  afterAll(async () => {
    await registry?.close();
    await network?.close();
  });

  test('has none', async () => {
    expect(await network.run(['ip', '-brief', 'addr'])).toMatch(/^lo\s+\S+\s+::1\/128\s*$/);
  });

  test.each([
    ['an address', () => url],
    ['a name', () => url.replace('[::1]', 'registry.test')],
  ])('push goes to %s', async (_name, urlOf) => {
    const paths = { public: { url: urlOf(), kind: 'direct' } };
    const { exitCode, text } = await pushByProgram({ size: '1MB', flags: ['--json'], paths }, network);
    expect([exitCode, exitCode === 0 ? '' : text]).toEqual([0, '']);
    const run = JSON.parse(/^\{\n[\s\S]*^\}$/m.exec(text)?.[0] ?? '{}') as Run;
    expect(run.sentBytes).toBe(1_000_000);
  });

  test('diagnose finds nothing wrong', async () => {
    const { diagnosis, text } = await askProgram({ size: '1MB', paths: { public: { url, kind: 'direct' } } }, network);
    expect([diagnosis.kind, diagnosis.kind === 'healthy' ? '' : text]).toEqual(['healthy', '']);
  });

  test.each(['[::]:10719', ':10719'])('serve listens on %s, runs its check and is scraped', async (address) => {
    const directory = temporaryDirectory('ipv6');
    const file = join(directory.path, 'config.json');
    const checks = { small: { size: '64KiB', every: '1m', timeout: '10s', clients: ['docker'] } };
    const registries = { lab: { repository: 'team/probe', paths: { direct: { url } } } };
    writeFileSync(file, JSON.stringify({ registries, checks }));
    const daemon = await network.start(
      process.execPath,
      [main, 'serve', `--config.file=${file}`, `--web.listen-address=${address}`],
      { cwd: directory.path, env: { PATH: process.env['PATH'] } },
    );
    try {
      await waitFor('a run in a scrape', () => isScraped(network), { timeoutMs: 60_000, details: daemon.output });
      expect(daemon.output()).toContain('msg=listening address=[::]:10719');
      expect(await daemon.stop()).toBe(0);
    } finally {
      await daemon.stop('SIGKILL');
      directory.remove();
    }
  });
});

/** Whether somebody scrapes the daemon over ::1, and it had a run that did not fail. */
async function isScraped(network: PrivateNetwork): Promise<boolean> {
  const curl = await network.start('curl', ['-sSf', 'http://[::1]:10719/metrics']);
  return (await curl.exited) === 0 && /^blobprobe_last_run_success\{.*\} 1$/m.test(curl.output());
}
