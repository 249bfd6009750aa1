import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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
import type { Sample, Scrape } from './support/metrics.ts';
import { startNginx, type RunningNginx } from './support/nginx.ts';
import { waitFor } from './support/process.ts';

const repository = 'probes/blob';
const clients = ['docker', 'docker-containerd'] as const;

/**
 * "Sent" means accepted by the kernel, and nginx goes on reading for a while after its answer (lingering close), so more is
 * sent than nginx counted: what a send buffer holds (tcp_wmem, at most 4 MiB) and 2 MiB until the answer is noticed.
 */
const inFlightBytes = 6 * MiB;

/** One attempt a run: the containerd store gives up on a 413 at once. */
const refusedAtOnce = { path: 'ingress', client: 'docker-containerd', workload: 'often' };

/** The job this product exists for: one registry, a path that works and one that does not, told apart on /metrics. */
describeWithComponents(
  ['docker-registry', 'nginx'],
  'a registry, directly and through nginx with client_max_body_size 10m',
  () => {
    describe.each([
      ['passing bodies on as they come', false],
      ['storing bodies before it passes them on', true],
    ])('%s', (_name, buffersRequests) => {
      let registry: RunningRegistry;
      let nginx: RunningNginx;
      let metrics: Scrape;
      let exitCode: number | string;

      beforeAll(async () => {
        registry = await startRegistry();
        nginx = await startNginx({ upstreamPort: registry.port, maxBodySize: '10m', buffersRequests });
        const daemon = await startDaemon({
          registries: {
            local: {
              repository,
              cleanup: 'delete',
              paths: { direct: { url: registry.origin }, ingress: { url: nginx.origin, kind: 'ingress' } },
            },
          },
          // Loopback takes a whole body within tens of milliseconds; paced, a busy machine has a second to notice a refusal.
          budget: { bandwidth: '400Mbit/s' },
          checks: {
            small: { size: '1MiB', every: '5m', clients },
            large: { size: '50MiB', every: '5m', clients },
            // Alone in coming again: nothing else is under way when the daemon ends.
            often: { size: '50MiB', every: '5s', clients: ['docker-containerd'], paths: ['ingress'] },
          },
          retryWaitScale: 0.001,
        });
        try {
          metrics = await daemon.scrapeUntil(
            'a run of each of the 9 checks, and three of one attempt',
            allRan,
            150_000,
          );
        } finally {
          exitCode = await daemon.stop();
        }
      }, 180_000);

      afterAll(async () => {
        await nginx?.close();
        await registry?.close();
      });

      function allRan(scrape: Scrape): boolean {
        const runs = scrape.samples.filter(({ name }) => name === 'blobprobe_runs_total');
        // Of one refusal nothing is known: it may be the one that is noticed late.
        const refused = scrape.value('blobprobe_runs_total', refusedAtOnce) ?? 0;
        return runs.length === 9 && runs.every(({ value }) => value > 0) && refused >= 3;
      }

      test.each(
        clients.flatMap((client) => [
          { path: 'direct', client, workload: 'small' },
          { path: 'direct', client, workload: 'large' },
          { path: 'ingress', client, workload: 'small' },
        ]),
      )('succeeds: $client, $workload, $path', (labels) => {
        const runs = metrics.value('blobprobe_runs_total', labels);
        expect(metrics.value('blobprobe_run_failures_total', labels)).toBe(0);
        expect(metrics.value('blobprobe_attempts_total', labels)).toBe(runs);
        expect(metrics.value('blobprobe_attempt_failures_total', labels) ?? 0).toBe(0);
        expect(metrics.value('blobprobe_last_run_success', labels)).toBe(1);
        const bytes = (labels.workload === 'small' ? 1 : 50) * MiB * (runs ?? Number.NaN);
        expect(metrics.value('blobprobe_sent_bytes_total', labels)).toBe(bytes);
        expect(metrics.value('blobprobe_acknowledged_bytes_total', labels)).toBe(bytes);
        expect(metrics.value('blobprobe_last_throughput_bytes_per_second', labels)).toBeGreaterThan(MiB);
      });

      // docker retries an answer it cannot read five times (since 25.0), the containerd store gives up on a 413 at once.
      test.each([
        ['docker', 5],
        ['docker-containerd', 1],
      ])('fails with body_too_large from nginx: %s, large, ingress, %i attempts', (client, attempts) => {
        const labels = { path: 'ingress', client, workload: 'large' };
        const runs = metrics.value('blobprobe_runs_total', labels) ?? Number.NaN;
        expect(metrics.value('blobprobe_run_failures_total', labels)).toBe(runs);
        expect(metrics.value('blobprobe_first_attempt_failures_total', labels)).toBe(runs);
        expect(metrics.value('blobprobe_attempts_total', labels)).toBe(runs * attempts);
        expect(metrics.value('blobprobe_retries_total', labels)).toBe(runs * (attempts - 1));
        expect(metrics.value('blobprobe_last_run_attempts', labels)).toBe(attempts);
        const refusal = { ...labels, phase: 'send', reason: 'body_too_large', answered_by: 'nginx' };
        expect(metrics.value('blobprobe_attempt_failures_total', refusal)).toBe(runs * attempts);
        expect(metrics.value('blobprobe_attempt_failures_total', labels)).toBe(runs * attempts);
        expect(metrics.value('blobprobe_last_run_success', labels)).toBe(0);
        expect(metrics.value('blobprobe_last_failure_info', { ...refusal, blame: 'ingress' })).toBe(1);
        expect(metrics.value('blobprobe_acknowledged_bytes_total', labels)).toBe(0);
      });

      test('shows the limit in the bytes sent at failure of the streamed shape: near 10 MiB', () => {
        const [mean, failures, upTo] = sentAtFailure({ path: 'ingress', client: 'docker', workload: 'large' });
        // nginx refuses the first chunk frame that would go beyond the limit, so everything below it has been sent.
        expect(mean).toBeGreaterThanOrEqual(10 * MiB);
        // A busy machine may notice one answer late: loopback takes all 50 MiB within tens of milliseconds.
        expect(mean).toBeLessThan(10 * MiB + inFlightBytes + (40 * MiB) / failures);
        expect(upTo(10 * MiB - 1)).toBe(0);
        expect(upTo(16 * MiB)).toBeGreaterThanOrEqual(failures * 0.6);
        expect(upTo(50 * MiB - 1)).toBeGreaterThanOrEqual(failures - 1);
      });

      test('shows few bytes sent at failure of the declared shape: the length alone is refused', () => {
        const [, failures, upTo] = sentAtFailure(refusedAtOnce);
        // One of them may be noticed late.
        expect(failures).toBeGreaterThanOrEqual(3);
        expect(upTo(16 * MiB - 1)).toBeGreaterThanOrEqual(failures - 1);
      });

      /** The mean of the sent bytes, how many failures, and a function that counts them in buckets up to a bound. */
      function sentAtFailure(
        check: Record<string, string>,
      ): [mean: number, failures: number, upTo: (bytes: number) => number | undefined] {
        const labels = { ...check, reason: 'body_too_large' };
        const name = 'blobprobe_failure_sent_bytes';
        const sum = metrics.value(`${name}_sum`, labels) ?? Number.NaN;
        const count = metrics.value(`${name}_count`, labels) ?? Number.NaN;
        const upTo = (bytes: number): number | undefined =>
          metrics.samples
            .filter((sample) => metrics.matches(sample, `${name}_bucket`, labels) && parseBound(sample) <= bytes)
            .at(-1)?.value;
        return [sum / count, count, upTo];
      }

      test('ends with exit code 0 on SIGTERM', () => {
        expect(exitCode).toBe(0);
      });

      // oxlint-disable-next-line vitest/expect-expect -- the expectations are in the functions
      test('leaves no upload session open, says the registry', async () => {
        await (buffersRequests ? expectNoOpenSession : expectNoSessionForgotten)(registry, repository);
      });

      // oxlint-disable-next-line vitest/expect-expect -- the expectations are in the function
      test('leaves no blob behind, says the registry', async () => {
        await expectBlobsDeleted(registry, repository);
      });

      test('pushed as the metrics say, says the registry', async () => {
        const attempts = metrics.value('blobprobe_attempts_total') ?? Number.NaN;
        // Runs may have been going on between the last scrape and SIGTERM.
        expect(registry.sessionStarts().length).toBeGreaterThanOrEqual(attempts);
        const digests = committedDigests(registry);
        expect(new Set(digests).size).toBe(digests.length);
        const succeeded =
          (metrics.value('blobprobe_runs_total') ?? 0) - (metrics.value('blobprobe_run_failures_total') ?? 0);
        expect(digests.length).toBeGreaterThanOrEqual(succeeded);
        const refused = (): string[] =>
          nginx.requests().flatMap(({ method, status }) => (status === 413 ? [method] : []));
        const streamed = (): string[] => refused().filter((method) => method === 'PATCH');
        // nginx writes a line when it has let go of the connection.
        await waitFor('each refusal in the log', () => streamed().length >= 5, {
          timeoutMs: 30_000,
          details: () => refused().join(' '),
        });
        expect(streamed()).toHaveLength(5);
        expect(new Set(refused())).toEqual(new Set(['PATCH', 'PUT']));
      });
    });

    test('honours the waits of docker in full: 5, 10, 15 and 20 seconds', async () => {
      const registry = await startRegistry();
      const nginx = await startNginx({ upstreamPort: registry.port, maxBodySize: '1m', buffersRequests: false });
      const daemon = await startDaemon({
        registries: { local: { repository, paths: { ingress: { url: nginx.origin, kind: 'ingress' } } } },
        checks: { large: { size: '2MiB', every: '5m', timeout: '2m', clients: ['docker'] } },
      });
      try {
        const metrics = await daemon.scrapeUntil(
          'the run',
          (scrape) => scrape.value('blobprobe_runs_total') === 1,
          110_000,
        );
        expect(metrics.value('blobprobe_run_failures_total')).toBe(1);
        expect(metrics.value('blobprobe_attempts_total')).toBe(5);
        expect(metrics.value('blobprobe_last_run_duration_seconds')).toBeGreaterThanOrEqual(50);
        expect(metrics.value('blobprobe_last_run_duration_seconds')).toBeLessThan(90);
        const starts = registry.sessionStarts();
        const gaps = starts.slice(1).map((at, index) => (at - starts[index]!) / 1000);
        expect(gaps).toHaveLength(4);
        for (const [index, gap] of gaps.entries()) {
          // A wait begins when the attempt has failed, so a gap is the wait and one attempt: longer than the wait before it.
          expect(gap).toBeGreaterThan(5 * index);
          expect(gap).toBeLessThan(5 * (index + 1) + 10);
        }
      } finally {
        await daemon.stop();
        await nginx.close();
        await registry.close();
      }
    }, 140_000);
  },
);

function parseBound(bucket: Sample): number {
  return Number((bucket.labels['le'] ?? '').replace('Inf', 'Infinity'));
}
