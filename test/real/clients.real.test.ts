import { type ClientName, clientRows } from '../../src/probe/clients/client-profiles.ts';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Secret } from '../../src/network/secrets/secret.ts';
import type { Check } from '../../src/probe/check.ts';
import { checkOf, runOnce } from '../support/checks.ts';
import { describeWithComponents } from '../support/component.ts';
import { makeCertificates } from './support/certificates.ts';
import { expectNoOpenSession, MiB } from './support/expectations.ts';
import { type RunningRegistry, startRegistry } from './support/docker-registry.ts';
import { waitFor } from './support/process.ts';
import { type TemporaryDirectory, temporaryDirectory } from './support/temporary-directory.ts';

const ways = ['plain HTTP', 'TLS with a private CA', 'Basic auth from its htpasswd, over TLS'] as const;
const rowNames = clientRows.map(({ name }) => name);
const cases = ways.flatMap((way) => rowNames.map((client) => [way, client] as const));
const sizeBytes = 7 * MiB + 13;
/** What distribution does not do: a single POST is answered with an upload session, and the bytes go again. */
const fallsBack = new Set<ClientName>(['monolithic']);

describeWithComponents(['docker-registry', 'openssl'], 'every client against docker-registry', () => {
  let directory: TemporaryDirectory;
  const registries = new Map<(typeof ways)[number], RunningRegistry>();
  let caFile: string;

  beforeAll(async () => {
    directory = temporaryDirectory('clients');
    const files = makeCertificates(directory.path, 'registry');
    caFile = files.caFile;
    registries.set('plain HTTP', await startRegistry());
    registries.set('TLS with a private CA', await startRegistry({ tls: files }));
    registries.set(
      'Basic auth from its htpasswd, over TLS',
      await startRegistry({ tls: files, users: { probe: 'pass word' } }),
    );
  }, 60_000);

  afterAll(async () => {
    for (const registry of registries.values()) await registry.close();
    directory?.remove();
  });

  function registryFor(way: (typeof ways)[number]): RunningRegistry {
    const registry = registries.get(way);
    if (registry === undefined) throw new Error(`no registry for ${way}`);
    return registry;
  }

  function checkFor(way: (typeof ways)[number], client: ClientName, changes: Partial<Check> = {}): Check {
    const registry = registryFor(way);
    return checkOf(registry.origin, {
      client,
      path: way === 'plain HTTP' ? {} : { tls: { caFile, insecure: false, minVersion: 'TLSv1.2' } },
      registry: {
        repository: `probe/${client.replace('@', '-')}`,
        cleanup: 'keep',
        credentials: way.startsWith('Basic')
          ? { kind: 'basic', username: 'probe', password: Secret.of('pass word') }
          : { kind: 'anonymous' },
      },
      check: { retries: 'profile', ...changes },
    });
  }

  test.each(cases)('%s: %s gets through, and the bytes that arrive have the digest', async (way, client) => {
    const registry = registryFor(way);
    const blob = { name: 'blob', kind: 'blob', layerBytes: [sizeBytes], pull: true } as const;
    const check = checkFor(way, client, { workload: blob });
    const before = registry.stored();
    const run = await runOnce(check);
    expect(run.failure).toBeUndefined();
    expect(run.attempts[0]?.fellBack).toBe(fallsBack.has(client));
    // The pull compared them already; the registry's own storage is the other witness.
    const added = [...registry.stored()].filter(([digest]) => !before.has(digest));
    expect(added).toHaveLength(1);
    const [digest, file] = added[0] ?? ['', ''];
    const bytes = readFileSync(file);
    expect(bytes.byteLength).toBe(sizeBytes);
    expect(`sha256:${createHash('sha256').update(bytes).digest('hex')}`).toBe(digest);
    const offersHttp2 = way !== 'plain HTTP' && check.client.httpVersion === 'h2-if-offered';
    expect(run.pathFacts.httpVersion).toBe(offersHttp2 ? '2' : '1.1');
    await expectNoOpenSession(registry, check.registry.repository);
  });

  test.each(rowNames)(
    'an image of %s: layers, config and manifest arrive, come back, and are deleted',
    async (client) => {
      const registry = registryFor('Basic auth from its htpasswd, over TLS');
      const image = { name: 'image', kind: 'image', layerBytes: [3 * MiB, 2 * MiB, 1024, MiB], pull: true } as const;
      const check = checkFor('Basic auth from its htpasswd, over TLS', client, { workload: image });
      const before = registry.stored().size;
      const run = await runOnce({ ...check, registry: { ...check.registry, cleanup: 'delete' } });
      expect(run.failure).toBeUndefined();
      expect(run.pulledBytes).toBeGreaterThan(6 * MiB + 1024);
      expect(run.cleanup.failures).toEqual([]);
      // distribution unlinks and keeps the bytes until its garbage collection: six more in storage, none in the repository.
      expect(registry.stored().size).toBe(before + 6);
      const own = `/probe/${client.replace('@', '-')}/`;
      const deletions = (): unknown[] =>
        registry
          .requests()
          .filter(({ method, status, target }) => method === 'DELETE' && status === 202 && target.includes(own));
      await waitFor('all deletions in the log', () => deletions().length >= 6, { timeoutMs: 30_000 });
      expect(deletions()).toHaveLength(6);
      await expectNoOpenSession(registry, check.registry.repository);
    },
  );
});
