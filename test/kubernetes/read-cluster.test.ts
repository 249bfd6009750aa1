import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type ClusterObject, clusterOfText, kindsRead } from '../../src/kubernetes/objects.ts';
import { readCluster } from '../../src/kubernetes/read-cluster.ts';
import { movingCluster } from '../support/cluster-objects.ts';
import { type ListServer, type ListServerOptions, startListServer } from '../support/list-server.ts';

// The real client library, over real TLS.
let folder: string;
let server: ListServer | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'blobprobe-cluster-'));
});
afterEach(async () => {
  await server?.close();
  server = undefined;
});
afterAll(() => rmSync(folder, { recursive: true }));

const start = async (options: Partial<ListServerOptions> = {}): Promise<ListServer> => {
  server = await startListServer(folder, { objects: movingCluster(), ...options });
  return server;
};

test('reads the same as a file of kubectl, with nothing but GET', async () => {
  const { kubeconfig, requests } = await start();
  const cluster = await readCluster({ kubeconfig });
  const text = JSON.stringify({ kind: 'List', items: movingCluster() });
  const sorted = (objects: readonly ClusterObject[]) => objects.toSorted((a, b) => (a.kind < b.kind ? -1 : 1));
  expect(sorted(cluster.objects)).toEqual(sorted(clusterOfText(text, 'test').objects));
  expect(cluster.unread).toEqual([]);
  expect(requests.filter((one) => !one.startsWith('GET '))).toEqual([]);
  for (const { resource } of kindsRead) expect(requests.filter((one) => one.endsWith(`/${resource}`))).toHaveLength(1);
});

test('groups that the cluster does not have are empty', async () => {
  const { kubeconfig } = await start({ absentGroups: ['traefik.io', 'gateway.envoyproxy.io'] });
  expect((await readCluster({ kubeconfig })).unread).toEqual([]);
});

test('a kind that its group does not have is empty', async () => {
  const { kubeconfig } = await start({ absentKinds: ['ProxySettingsPolicy'] });
  expect((await readCluster({ kubeconfig })).unread).toEqual([]);
});

test('what may not be listed is said, and the rest is read', async () => {
  const { kubeconfig } = await start({ forbidden: ['Node', 'Gateway'] });
  const { objects, unread } = await readCluster({ kubeconfig });
  expect(unread).toEqual([
    { kind: 'Node', why: 'forbidden' },
    { kind: 'Gateway', why: 'forbidden' },
  ]);
  expect(objects.map(({ kind }) => kind)).toContain('HTTPRoute');
});

test.each<[string, () => Promise<Parameters<typeof readCluster>[0]>, RegExp]>([
  [
    'an error of the server',
    async () => ({ kubeconfig: (await start({ status: 500 })).kubeconfig }),
    /^https:\/\/127\.0\.0\.1:\d+: answered 500$/,
  ],
  [
    'no server',
    async () => {
      const gone = await start();
      await gone.close();
      return { kubeconfig: gone.kubeconfig };
    },
    /^https:\/\/127\.0\.0\.1:\d+: (?!answered).*ECONNREFUSED/,
  ],
  [
    'no such file',
    async () => ({ kubeconfig: '/nonexistent/kubeconfig' }),
    /^the configuration of kubectl cannot be used: ENOENT/,
  ],
  [
    'a file of something else',
    async () => {
      writeFileSync(join(folder, 'other'), '- a\n- b\n');
      return { kubeconfig: join(folder, 'other') };
    },
    /^the configuration of kubectl cannot be used: /,
  ],
  [
    'a context that is not there',
    async () => ({ kubeconfig: (await start()).kubeconfig, context: 'production' }),
    /^the configuration of kubectl cannot be used: it has no cluster for the context "production"$/,
  ],
])('%s: one line', async (_name, place, message) => {
  const error: unknown = await readCluster(await place()).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ name: 'ClusterError', message: expect.stringMatching(message) });
  expect((error as Error).message).not.toContain('\n');
});

test('where no cluster is known it is said what is missing, and what to give', async () => {
  vi.stubEnv('HOME', folder);
  vi.stubEnv('KUBECONFIG', '');
  try {
    await expect(readCluster({})).rejects.toThrow(/^no cluster is known here: KUBECONFIG, .*; give --kubeconfig=FILE/);
  } finally {
    vi.unstubAllEnvs();
  }
});

test('the library is loaded when a cluster is asked, not before', () => {
  const source = readFileSync(new URL('../../src/kubernetes/read-cluster.ts', import.meta.url), 'utf8');
  expect(source.match(/^.*'@kubernetes\/client-node'\).*$/gm)).toEqual(["  return import('@kubernetes/client-node');"]);
  expect(source).not.toMatch(/^(?:import|export) .*@kubernetes/m);
});

test('without the library: what to install, or what to do without it', async () => {
  const missing = '@kubernetes/client-that-is-not-there';
  const load = (): Promise<unknown> => import(missing);
  await expect(readCluster({}, load)).rejects.toThrow(
    /^the package @kubernetes\/client-node is not installed: npm install --global @kubernetes\/client-node@1, or give --from=FILE/,
  );
});
