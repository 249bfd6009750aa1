import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chartFolder, type KubernetesObject, render } from '../helm/helm.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { type ApiServer, namespace, openDefinition, startApiServer } from './support/api-server.ts';

const matrix = readdirSync(join(chartFolder, 'ci')).sort();
const fileOf = (name: string): string => join(chartFolder, 'ci', name);

describeWithComponents(['kube-apiserver', 'etcd', 'helm', 'helm4'], 'a Kubernetes API server and the chart', () => {
  let api: ApiServer;

  beforeAll(async () => {
    api = await startApiServer();
    await api.create(openDefinition('grafana.integreatly.org', 'v1beta1', 'GrafanaDashboard', 'grafanadashboards'));
    const enforced = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    for (const [name, labels] of Object.entries({ probes: {}, monitoring: {}, restricted: enforced, releases: {} }))
      await api.create(namespace(name, labels));
  }, 120_000);

  afterAll(() => api?.close());

  test.each(matrix)('%s: takes every object as it is, without a warning', async (name) => {
    const objects = render({}, { files: [fileOf(name)] });
    for (const object of objects) {
      const { status, warnings, body } = await api.create(object, { dryRun: true });
      const what = `${object.kind} ${object.metadata.name}`;
      expect({ what, status, warnings, message: body.message }).toEqual({ what, status: 201, warnings: '' });
    }
    expect(objects.length).toBeGreaterThan(2);
  });

  test('refuses a field that does not exist, and a port that is none', async () => {
    const [service] = render().filter(({ kind }) => kind === 'Service');
    const wrong = async (spec: object): Promise<unknown> =>
      (await api.create({ ...service!, spec: { ...(service!.spec as object), ...spec } }, { dryRun: true })).status;
    expect(await wrong({ porrts: [] })).toBe(400);
    expect(await wrong({ ports: [{ port: 100_000 }] })).toBe(422);
  });

  // The values of everything-values.yaml bring containers of their own, which say nothing of their security; those of the DaemonSet
  // ask for the node's network, which "restricted" forbids to everybody.
  test.each([
    ['config-values.yaml', 201, /^undefined$/],
    ['default-values.yaml', 201, /^undefined$/],
    ['shards-values.yaml', 201, /^undefined$/],
    ['daemonset-values.yaml', 403, /"restricted:latest": host namespaces \(hostNetwork=true\), hostPort \([^()]*\)$/],
  ])('%s: its pods in a namespace that enforces "restricted": %d', async (name, expected, reason) => {
    const workloads = render({}, { files: [fileOf(name)] }).filter((one) => 'template' in ((one.spec as object) ?? {}));
    for (const { spec, metadata } of workloads) {
      const { template } = spec as { template: Pick<KubernetesObject, 'spec'> & { metadata: object } };
      const named = { ...template.metadata, name: metadata.name, namespace: 'restricted' };
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: named, spec: template.spec } as KubernetesObject;
      const { status, body } = await api.create(pod, { dryRun: true });
      expect({ status, message: `${body.message}` }).toEqual({
        status: expected,
        message: expect.stringMatching(reason),
      });
    }
    expect(workloads.length).toBeGreaterThan(0);
  });

  test('a namespace that enforces "restricted" would refuse', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'open', namespace: 'restricted' },
      spec: { containers: [{ name: 'open', image: 'open' }] },
    };
    expect(await api.create(pod, { dryRun: true })).toMatchObject({ status: 403 });
  });

  describe.each(['helm', 'helm4'] as const)('%s', (program) => {
    const helm = (...args: string[]) =>
      spawnSync(requireComponent(program), [...args, '--namespace', 'releases', '--kubeconfig', api.kubeconfig], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], HOME: join(api.kubeconfig, '..') },
      });

    test('installs, upgrades to each of the values in turn, and leaves nothing behind', async () => {
      for (const name of ['default-values.yaml', ...matrix]) {
        const { status, stderr } = helm('upgrade', '--install', program, chartFolder, '--values', fileOf(name));
        expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: '' });
      }
      expect(helm('uninstall', program).status).toBe(0);
      for (const namespace of ['releases', 'probes', 'monitoring']) {
        for (const kinds of ['apps/v1', 'monitoring.coreos.com/v1']) {
          const resources =
            kinds === 'apps/v1' ? ['deployments', 'daemonsets'] : ['servicemonitors', 'prometheusrules'];
          for (const resource of resources) {
            const { body } = await api.get(`/apis/${kinds}/namespaces/${namespace}/${resource}`);
            expect(body['items']).toEqual([]);
          }
        }
      }
    });
  });
});
