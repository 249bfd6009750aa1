import { expect, onTestFinished, test } from 'vitest';
import { checkApi } from '../../../src/probe/diagnose/api-check.ts';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import { examine } from '../../../src/probe/diagnose/examine.ts';
import type { Diagnosis } from '../../../src/probe/diagnose/finding.ts';
import { Ledger } from '../../../src/probe/leftovers/ledger.ts';
import { createRunner } from '../../../src/probe/run/run.ts';
import type { RegistryTarget } from '../../../src/registry/target.ts';
import { checkOf, runDeps } from '../../support/checks.ts';
import { type DemoRegistry, type RegistryOptions, startRegistry } from '../../support/lab/registry.ts';

interface Examined {
  readonly registry: DemoRegistry;
  readonly ledger: Ledger;
  readonly diagnosis: Diagnosis;
  /** Methods and paths of what was asked about manifests. */
  readonly asked: readonly string[];
}

async function examined(options: RegistryOptions = {}, target: Partial<RegistryTarget> = {}): Promise<Examined> {
  const registry = await startRegistry(options);
  onTestFinished(() => registry.close());
  const ledger = new Ledger();
  const deps = { ...runDeps(), ledger };
  const examination = await examine(
    {
      check: checkOf(registry.url, { sizeBytes: 200_000, registry: target }),
      durationsMs: [],
      signal: new AbortController().signal,
    },
    {
      run: createRunner(deps),
      paced: (pacer) => createRunner({ ...deps, pacer }),
      checkApi: (about, limits) => checkApi(about, { ...limits, now: () => performance.now() }),
    },
  );
  const asked = registry.requests.flatMap(({ method, path }) =>
    path.includes('/manifests/')
      ? [`${method} ${path.replace(/.*\/manifests\//, '').replace(/[0-9a-f]{64}/, 'HEX')}`]
      : [],
  );
  return { registry, ledger, diagnosis: diagnose(examination), asked };
}

test('a manifest is put once, without a tag, looked at, and deleted with its blobs', async () => {
  const { registry, ledger, diagnosis, asked } = await examined();
  expect(diagnosis.kind).toBe('healthy');
  expect(asked.slice(0, 3)).toEqual(['PUT sha256:HEX', 'HEAD sha256:HEX', 'DELETE sha256:HEX']);
  expect(asked.filter((one) => !one.includes('sha256:HEX'))).toEqual([]);
  expect([registry.manifests.size, registry.blobs.size, ledger.entries.length]).toEqual([0, 0, 0]);
});

test('where nothing can be deleted it stays without a tag, and that is said', async () => {
  const { registry, diagnosis } = await examined({ quirksChanges: { deletion: 'disabled' } });
  expect(diagnosis.kind).toBe('healthy');
  expect([...registry.manifests.keys()]).toEqual([expect.stringMatching(/^probe\/blobs@sha256:/)]);
  expect(diagnosis.facts).toContainEqual(
    expect.stringMatching(/taken; it stays there, because it could not be deleted: .*405/),
  );
});

test.each([
  ['where nothing can be deleted diagnoses leave the same manifest each time', 'disabled', 1],
  ['where it is deleted none needs what another deletes', 'enabled', 2],
] as const)('%s', async (_what, deletion, count) => {
  const put: string[] = [];
  for (let times = 0; times < 2; times += 1) {
    const { registry } = await examined({ quirksChanges: { deletion } });
    put.push(
      ...registry.requests.flatMap(({ method, path }) =>
        method === 'PUT' && path.includes('/manifests/') ? [path.replace(/.*\/manifests\//, '')] : [],
      ),
    );
  }
  expect([put.length, new Set(put).size]).toEqual([2, count]);
});

test.each(['keep', 'cancel'] as const)('none is put with `cleanup: %s`, and that is said', async (cleanup) => {
  const { diagnosis, asked } = await examined({}, { cleanup });
  expect([diagnosis.kind, asked]).toEqual(['healthy', []]);
  expect(diagnosis.notExamined).toContainEqual(
    `manifests: none was put, because with \`cleanup: ${cleanup}\` it would stay; a path on which only they are refused would look the same`,
  );
});
