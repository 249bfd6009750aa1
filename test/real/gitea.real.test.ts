import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { Secret } from '../../src/network/secrets/secret.ts';
import type { Check } from '../../src/probe/check.ts';
import { type ClientName, clientRows } from '../../src/probe/clients/client-profiles.ts';
import { checkOf, runDeps, runOnce } from '../support/checks.ts';
import { type Component, describeWithComponents } from '../support/component.ts';
import { onStage, wrongAbout } from './cases/case.ts';
import {
  accessCases,
  type GiteaCase,
  hopCases,
  prepareShared,
  settingCases,
  type SharedGitea,
  storageCases,
} from './cases/gitea.ts';
import { type CertificateFiles, makeCertificates } from './support/certificates.ts';
import { pushByProgram } from './support/diagnosing.ts';
import { MiB } from './support/expectations.ts';
import { giteaUser, type RunningGitea, startGitea } from './support/gitea.ts';
import { waitFor } from './support/process.ts';
import { type TemporaryDirectory, temporaryDirectory } from './support/temporary-directory.ts';

vi.setConfig({ maxConcurrency: 4 });

let directory: TemporaryDirectory;
let tls: CertificateFiles;
let gitea: RunningGitea;
let shared: SharedGitea;

describeWithComponents(['gitea', 'openssl'], 'Gitea', () => {
  beforeAll(async () => {
    directory = temporaryDirectory('gitea-cases');
    tls = makeCertificates(directory.path, 'gitea');
    gitea = await startGitea({ settings: { 'cron.cleanup_packages': { OLDER_THAN: '1ms' } } });
    shared = await prepareShared(gitea);
  }, 120_000);
  afterAll(async () => {
    await gitea?.close();
    directory?.remove();
  });

  /** The words of `push` and of `diagnose` beside those that are right. */
  function declare(name: string, cases: readonly GiteaCase[], needed: readonly Component[] = []): void {
    describeWithComponents(needed, name, () => {
      test.each(cases.map((one) => [one.name, one] as const))('%s', { timeout: 240_000 }, (_name, one) =>
        onStage(one, tls, async (question, network) => {
          const push = await pushByProgram({ ...question, flags: [] }, network);
          const exitCode = one.expected === 'healthy' ? 0 : 1;
          expect(push).toMatchObject({ exitCode, text: expect.stringMatching(one.push) });
          expect(await wrongAbout(one, question, network)).toEqual([]);
        }),
      );
    });
  }

  describe.concurrent('what is said of', () => {
    declare(
      'logins, rights and names',
      accessCases(() => shared),
    );
    declare('its settings', settingCases);
    declare('its hops', hopCases, ['nginx', 'haproxy', 'traefik', 'envoy', 'strace']);
    declare('its storage', storageCases, ['ip', 'unshare', 'iptables']);
  });

  const rowNames = clientRows.map(({ name }) => name);
  const blob = { name: 'blob', kind: 'blob', layerBytes: [3 * MiB + 13], pull: true } as const;
  const image = { name: 'image', kind: 'image', layerBytes: [2 * MiB, 1024, MiB], pull: true } as const;

  function checkFor(client: ClientName, workload: Check['workload']): Check {
    const { username, password } = giteaUser;
    return checkOf(gitea.origin, {
      client,
      registry: {
        repository: `${username}/${client.replace('@', '-')}`,
        credentials: { kind: 'basic', username, password: Secret.of(password) },
      },
      check: { retries: 'profile', workload },
    });
  }

  /** Files that it keeps below a folder of its data. */
  function kept(folder: string): string[] {
    const path = join(gitea.directory, 'data', folder);
    const files = existsSync(path) ? readdirSync(path, { recursive: true, withFileTypes: true }) : [];
    return files.filter((one) => one.isFile()).map(({ name }) => name);
  }

  describe('every client', () => {
    test.each(
      rowNames.flatMap((client) => [blob, image].map((workload) => ({ client, workload, kind: workload.kind }))),
    )('$client, $kind: pushed, pulled, deleted', async ({ client, workload }) => {
      const run = await runOnce(checkFor(client, workload));
      expect(run.failure).toBeUndefined();
      expect(run.pulledBytes).toBeGreaterThanOrEqual(workload.layerBytes.reduce((sum, bytes) => sum + bytes, 0));
      expect(run.cleanup.failures).toEqual([]);
    });

    test('what stays of all of them, until it cleans up by itself: files, and no upload', async () => {
      expect(kept('tmp/package-upload')).toEqual([]);
      expect(kept('packages').length).toBeGreaterThan(rowNames.length);
      const tags = await gitea.api('GET', `packages/${giteaUser.username}?type=container`);
      expect(tags).toEqual([]);
      // What is not a second old stays for the next time.
      const cleaned = async (): Promise<boolean> => {
        await gitea.api('POST', 'admin/cron/cleanup_packages');
        return kept('packages').length === 0;
      };
      await waitFor('its clean-up', cleaned, { timeoutMs: 30_000, everyMs: 500, details: gitea.log });
    });

    test('a Gitea that ends in the middle of a body: the body was cut, and nobody answered', async () => {
      const large = { name: 'blob', kind: 'blob', layerBytes: [400 * MiB], pull: false } as const;
      const pushing = runOnce({ ...checkFor('docker', large), retries: 'none' }, runDeps());
      await waitFor('a body', () => kept('tmp/package-upload').length > 0, { timeoutMs: 30_000, everyMs: 5 });
      await gitea.kill();
      const run = await pushing;
      await gitea.start();
      expect(run.failure).toMatchObject({ reason: 'connection_reset', phase: 'send', answeredBy: 'none' });
      expect(run.cleanup.failures).not.toEqual([]);
    });
  });
});
