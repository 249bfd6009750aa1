import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeWithComponents } from '../support/component.ts';
import { makeCertificates } from './support/certificates.ts';
import { startDaemon } from './support/daemon.ts';
import { startRegistry, type RunningRegistry } from './support/docker-registry.ts';
import type { Scrape } from './support/metrics.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

describeWithComponents(
  ['docker-registry', 'openssl'],
  'a registry with TLS from a private CA and Basic authentication',
  () => {
    let directory: TemporaryDirectory;
    let registry: RunningRegistry;
    let metrics: Scrape;
    let output: string;

    beforeAll(async () => {
      directory = temporaryDirectory('tls');
      const files = makeCertificates(directory.path, 'right');
      const other = makeCertificates(directory.path, 'other');
      registry = await startRegistry({ tls: files, users: { probe: 'a secret' } });
      const dockerConfig = join(directory.path, 'docker-config.json');
      const auth = Buffer.from('probe:a secret').toString('base64');
      writeFileSync(dockerConfig, JSON.stringify({ auths: { [new URL(registry.origin).host]: { auth } } }));
      const passwordFile = join(directory.path, 'password');
      writeFileSync(passwordFile, 'a secret');
      const url = registry.origin;
      const trusted = { trusted: { url, tls: { caFile: files.caFile } } };
      const daemon = await startDaemon({
        registries: {
          local: {
            repository: 'probes/basic',
            credentials: { username: 'probe', passwordFile },
            paths: {
              ...trusted,
              builtin: { url },
              other: { url, tls: { caFile: other.caFile } },
              unverified: { url, tls: { insecure: true } },
            },
          },
          configured: { repository: 'probes/docker-config', credentials: { dockerConfig }, paths: trusted },
          anonymous: { repository: 'probes/anonymous', paths: trusted },
        },
        checks: { small: { size: '1MiB', every: '20s', clients: ['docker', 'docker-containerd'] } },
        retryWaitScale: 0.001,
      });
      try {
        metrics = await daemon.scrapeUntil(
          'a run of each of the 12 checks',
          (now) => now.samples.filter(({ name, value }) => name === 'blobprobe_runs_total' && value > 0).length === 12,
          60_000,
        );
        output = daemon.output();
      } finally {
        await daemon.stop();
      }
    }, 90_000);

    afterAll(async () => {
      await registry?.close();
      directory?.remove();
    });

    test.each([
      ['with the CA in caFile', { registry: 'local', path: 'trusted' }],
      ['without verification', { registry: 'local', path: 'unverified' }],
      ['with credentials from a Docker config.json', { registry: 'configured', path: 'trusted' }],
    ])('succeeds %s', (_name, labels) => {
      expect(metrics.value('blobprobe_run_failures_total', labels)).toBe(0);
      expect(metrics.value('blobprobe_last_run_success', { ...labels, client: 'docker' })).toBe(1);
      expect(metrics.value('blobprobe_last_run_success', { ...labels, client: 'docker-containerd' })).toBe(1);
    });

    test.each(['builtin', 'other'])('fails with tls_failure when the CA is not trusted: %s', (path) => {
      const labels = { registry: 'local', path };
      const failures = metrics.value('blobprobe_attempt_failures_total', labels);
      expect(failures).toBeGreaterThan(0);
      const refused = { ...labels, reason: 'tls_failure', phase: 'tls', answered_by: 'none' };
      expect(metrics.value('blobprobe_attempt_failures_total', refused)).toBe(failures);
    });

    test('fails with auth_rejected without credentials', () => {
      const failures = metrics.value('blobprobe_attempt_failures_total', { registry: 'anonymous' });
      expect(failures).toBeGreaterThan(0);
      const refused = { registry: 'anonymous', reason: 'auth_rejected', answered_by: 'registry' };
      expect(metrics.value('blobprobe_attempt_failures_total', refused)).toBe(failures);
    });

    test('shows the certificate and how it was connected', () => {
      const expiry = metrics.value('blobprobe_tls_certificate_expiry_timestamp_seconds', {
        registry: 'local',
        path: 'trusted',
      });
      const hours = ((expiry ?? Number.NaN) - Date.now() / 1000) / 3600;
      expect(hours).toBeGreaterThan(46);
      expect(hours).toBeLessThanOrEqual(48);
      const info = { registry: 'local', path: 'trusted', tls_version: 'TLSv1.3', http_version: '1.1', ip_family: '4' };
      expect(metrics.value('blobprobe_path_info', info)).toBe(2);
    });

    test('says the secret nowhere', () => {
      expect(metrics.text + output).not.toContain('a secret');
      expect(metrics.text + output).not.toContain(Buffer.from('probe:a secret').toString('base64'));
    });
  },
);
