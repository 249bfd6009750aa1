import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { describeWithComponents } from '../support/component.ts';
import { startDaemon } from './support/daemon.ts';
import { startRegistry, type RunningRegistry } from './support/docker-registry.ts';
import {
  committedDigests,
  expectBlobsDeleted,
  expectNoOpenSession,
  expectNoSessionForgotten,
  MiB,
} from './support/expectations.ts';
import { startNginx } from './support/nginx.ts';
import { waitFor } from './support/process.ts';
import { temporaryDirectory } from './support/temporary-directory.ts';
import { Opened } from '../support/servers.ts';

const repository = 'probes/blob';
/** 64 MiB take more than five seconds: on a busy machine, too, they are not all sent when what stops the registry comes. */
const unhurried = { bandwidth: '100Mbit/s' };
const opened = new Opened();
afterEach(() => opened.closeAll());

async function openRegistry(options?: Parameters<typeof startRegistry>[0]): Promise<RunningRegistry> {
  const registry = opened.own(await startRegistry(options));
  return registry;
}

async function openDaemon(configuration: object): ReturnType<typeof startDaemon> {
  const daemon = await startDaemon(configuration);
  opened.own({ close: daemon.stop });
  return daemon;
}

/** Waits until the registry has stored a part of a blob: not only what may be on its way to a connection that is closed already, and not all. */
async function untilMidPush(registry: RunningRegistry, sizeBytes: number): Promise<void> {
  await waitFor(
    'a push to be under way',
    () => {
      const stored = registry.openSessionBytes(repository);
      return stored > MiB && stored < sizeBytes / 2;
    },
    { timeoutMs: 30_000, everyMs: 2 },
  );
}

describeWithComponents(['docker-registry'], 'faults of a real registry', () => {
  test('killed in mid-push and down for a while: connection_reset, then connect_refused, then success', async () => {
    const registry = await openRegistry();
    const daemon = await openDaemon({
      registries: { local: { repository, paths: { direct: { url: registry.origin } } } },
      // It sends nothing twice: containerd does, after an end that is no reset, and which of the two comes is chance.
      checks: { large: { size: '64MiB', every: '10s', clients: ['chunked'] } },
      budget: unhurried,
    });
    await untilMidPush(registry, 64 * MiB);
    await registry.kill();
    const killed = await daemon.scrapeUntil('the failure', (now) => now.value('blobprobe_runs_total') === 1, 30_000);
    expect(killed.value('blobprobe_last_failure_info', { reason: 'connection_reset', phase: 'send' })).toBe(1);
    expect(killed.value('blobprobe_last_failure_info', { answered_by: 'none' })).toBe(1);
    const sent = killed.value('blobprobe_failure_sent_bytes_sum', { reason: 'connection_reset' });
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(64 * MiB);

    const down = await daemon.scrapeUntil('the next run', (now) => now.value('blobprobe_runs_total') === 2, 30_000);
    expect(down.value('blobprobe_last_failure_info', { reason: 'connect_refused', phase: 'connect' })).toBe(1);

    await registry.start();
    const up = await daemon.scrapeUntil('a success', (now) => now.value('blobprobe_last_run_success') === 1, 40_000);
    expect(up.value('blobprobe_last_failure_info') ?? 0).toBe(0);
    expect(up.value('blobprobe_run_failures_total')).toBe(2);
  }, 120_000);

  test('restarted in mid-push: the attempt ends in connection_reset, the next attempt of the run succeeds', async () => {
    const registry = await openRegistry();
    const daemon = await openDaemon({
      registries: { local: { repository, paths: { direct: { url: registry.origin } } } },
      checks: { large: { size: '64MiB', every: '1m', clients: ['docker'] } },
      budget: unhurried,
    });
    await untilMidPush(registry, 64 * MiB);
    await registry.kill();
    // The client waits five seconds in full: a busy machine takes its time to start a registry.
    await registry.start();
    const metrics = await daemon.scrapeUntil('the run', (now) => now.value('blobprobe_runs_total') === 1, 40_000);
    expect(metrics.value('blobprobe_run_failures_total')).toBe(0);
    expect(metrics.value('blobprobe_first_attempt_failures_total')).toBe(1);
    expect(metrics.value('blobprobe_attempts_total')).toBe(2);
    expect(metrics.value('blobprobe_attempt_failures_total', { reason: 'connection_reset', phase: 'send' })).toBe(1);
    expect(metrics.value('blobprobe_last_run_success')).toBe(1);
    expect(await daemon.stop()).toBe(0);
    // The registry was up again when the run cleaned up.
    await expectNoSessionForgotten(registry, repository);
    await expectBlobsDeleted(registry, repository);
  }, 90_000);

  test('wrong password: auth_rejected by the registry, once; the right one is used as soon as it is in the file', async () => {
    const registry = await openRegistry({ users: { probe: 'right' } });
    const directory = temporaryDirectory('credentials');
    opened.own({ close: directory.remove });
    const passwordFile = join(directory.path, 'password');
    writeFileSync(passwordFile, 'wrong\n');
    const daemon = await openDaemon({
      registries: {
        local: {
          repository,
          credentials: { username: 'probe', passwordFile },
          paths: { direct: { url: registry.origin } },
        },
      },
      checks: { small: { size: '1MiB', every: '5s', clients: ['docker', 'docker-containerd'] } },
    });
    const clients = [{ client: 'docker' }, { client: 'docker-containerd' }];
    const rejected = await daemon.scrapeUntil(
      'a failure of both clients',
      (now) => clients.every((labels) => (now.value('blobprobe_run_failures_total', labels) ?? 0) > 0),
      20_000,
    );
    for (const labels of clients) {
      const runs = rejected.value('blobprobe_runs_total', labels);
      const failure = { ...labels, reason: 'auth_rejected', answered_by: 'registry' };
      expect(rejected.value('blobprobe_attempt_failures_total', failure)).toBe(runs);
      expect(rejected.value('blobprobe_attempts_total', labels)).toBe(runs);
      expect(rejected.value('blobprobe_last_failure_info', failure)).toBe(1);
    }
    expect(registry.sessionStarts()).toEqual([]);
    expect(rejected.text + daemon.output()).not.toContain('wrong');

    writeFileSync(passwordFile, 'right\n');
    const accepted = await daemon.scrapeUntil(
      'a success of both clients',
      (now) => clients.every((labels) => now.value('blobprobe_last_run_success', labels) === 1),
      20_000,
    );
    expect(accepted.value('blobprobe_last_failure_info') ?? 0).toBe(0);
    expect(accepted.text + daemon.output()).not.toContain('right');
  }, 60_000);

  test('SIGTERM in mid-push: the push is aborted, its cancellation asked for, and the daemon ends with 0', async () => {
    const registry = await openRegistry();
    const daemon = await openDaemon(pushing512MiB(registry.origin));
    await untilMidPush(registry, 512 * MiB);
    const beforeMs = performance.now();
    expect(await daemon.stop()).toBe(0);
    expect(performance.now() - beforeMs).toBeLessThan(10_000);
    await expectNoSessionForgotten(registry, repository);
    expect(committedDigests(registry)).toEqual([]);
  }, 60_000);
});

describeWithComponents(['docker-registry', 'nginx'], 'faults of a registry behind nginx', () => {
  test('SIGTERM while nginx stores the body: the session is cancelled, the registry holds none', async () => {
    const registry = await openRegistry();
    const nginx = opened.own(
      await startNginx({ upstreamPort: registry.port, maxBodySize: '1g', buffersRequests: true }),
    );
    const daemon = await openDaemon(pushing512MiB(nginx.origin));
    await waitFor('a body on its way', () => nginx.storedBodyBytes() > MiB, { timeoutMs: 30_000, everyMs: 2 });
    expect(await daemon.stop()).toBe(0);
    await expectNoOpenSession(registry, repository);
    expect(committedDigests(registry)).toEqual([]);
  }, 60_000);
});

function pushing512MiB(url: string): object {
  return {
    registries: { local: { repository, paths: { only: { url } } } },
    checks: { large: { size: '512MiB', every: '1m', clients: ['docker'] } },
    budget: unhurried,
  };
}
