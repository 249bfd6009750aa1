import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { createTcpInfoReader } from '../../src/network/kernel/read-tcp-info.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { type Component, describeWhere, describeWithComponents } from '../support/component.ts';
import { startDistribution } from './support/backends.ts';
import { askProgram, pushByProgram } from './support/diagnosing.ts';
import { openPrivateNetwork, type PrivateNetwork } from './support/place.ts';
import { waitFor } from './support/process.ts';

const program = fileURLToPath(new URL('support/long-way.mjs', import.meta.url));
const components: Component[] = ['unshare', 'ip', 'docker-registry'];
vi.setConfig({ maxConcurrency: 3 });

describeWhere(createTcpInfoReader() !== undefined, 'koffi', 'a long way', () => {
  describeWhere(existsSync('/dev/net/tun'), 'tun', 'of real packets', () => {
    describeWithComponents(components, 'to docker-registry', () => {
      test.concurrent.each([20, 100])('of %i ms each way: its round trip is known', { timeout: 60_000 }, async (ms) => {
        await overWay(ms, async (network, url) => {
          const paths = { public: { url, kind: 'direct' } };
          const { text } = await pushByProgram({ size: '256KiB', flags: ['--json'], paths }, network);
          const run = JSON.parse(/^\{\n[\s\S]*^\}$/m.exec(text)?.[0] ?? '{}') as Run;
          const { minRttMs = 0 } = run.sending ?? {};
          expect([run.ok, run.ok ? '' : text]).toEqual([true, '']);
          expect(minRttMs).toBeGreaterThanOrEqual(2 * ms);
          // A busy machine adds to the best of many round trips, and does not make two of it.
          expect(minRttMs).toBeLessThan(4 * ms);
        });
      });

      test.concurrent('of 20 ms each way is no fault', { timeout: 60_000 }, async () => {
        await overWay(20, async (network, url) => {
          const paths = { public: { url, kind: 'direct' } };
          const { diagnosis, text } = await askProgram({ size: '1MB', paths }, network);
          const found = diagnosis.findings.map(({ cause }) => cause);
          expect([diagnosis.kind, found, found.length === 0 ? '' : text]).toEqual(['healthy', [], '']);
        });
      });
    });
  });
});

/** With segments of Ethernet's size. */
async function overWay(oneWayMs: number, work: (network: PrivateNetwork, url: string) => Promise<void>): Promise<void> {
  const network = await openPrivateNetwork([]);
  try {
    const way = await network.start(process.execPath, [program, String(oneWayMs), '1500']);
    await waitFor('a long way', () => /ready/.test(way.output()), { timeoutMs: 30_000, details: way.output });
    const registry = await startDistribution({ address: '10.9.0.1' }, network);
    try {
      await work(network, `http://10.9.0.2:${registry.port}`);
    } finally {
      await registry.close();
      await way.stop('SIGKILL');
    }
  } finally {
    await network.close();
  }
}
