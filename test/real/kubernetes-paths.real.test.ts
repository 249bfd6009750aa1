import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { kindsRead } from '../../src/kubernetes/objects.ts';
import { type KubernetesObject, render } from '../helm/helm.ts';
import * as scene from '../support/cluster-objects.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { builtProgram, startProgram } from '../support/program.ts';
import { type ApiServer, namespace, openDefinition, startApiServer } from './support/api-server.ts';
import { startProcess } from './support/process.ts';
import { type TemporaryDirectory, temporaryDirectory } from './support/temporary-directory.ts';

const main = builtProgram();
const service = '--service=registry/gitea-http:http';

type Raw = Readonly<Record<string, unknown>>;
type Metadata = KubernetesObject['metadata'];

/** The same object under another name, with other fields of its spec. */
function variant(object: Raw, name: string, spec: Raw): Raw {
  const metadata = { ...(object['metadata'] as Metadata), name };
  return { ...object, metadata, spec: { ...(object['spec'] as Raw), ...spec } };
}

/** Beside the move: Traefik with a chain of middlewares, and Envoy Gateway with a policy for the route. */
function besides(): Raw[] {
  const envoy = 'gateway.envoyproxy.io/gatewayclass-controller';
  const route = variant(scene.httpRoute(), 'gitea-envoy', {
    parentRefs: [{ name: 'envoy', namespace: 'gateways' }],
    hostnames: ['envoy.example.org'],
  });
  const targetRefs = [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'gitea-envoy' }];
  const timeout = { http: { requestTimeout: '30s' } };
  return [
    scene.middleware('small', { buffering: { maxRequestBodyBytes: 20_971_520 } }),
    scene.middleware('chain', { chain: { middlewares: [{ name: 'small' }] } }),
    scene.ingressRoute([{ name: 'chain' }], 'Host(`traefik.example.org`) && PathPrefix(`/v2`)'),
    variant(scene.gatewayClass(envoy), 'envoy', {}),
    variant(scene.gateway, 'envoy', { gatewayClassName: 'envoy' }),
    route,
    scene.policy(scene.envoyPolicies, 'BackendTrafficPolicy', 'HTTPRoute', {
      targetRefs,
      timeout,
      requestBuffer: { limit: '8Mi' },
    }),
    scene.policy(scene.envoyPolicies, 'ClientTrafficPolicy', 'Gateway', {
      targetRefs: [{ ...targetRefs[0], kind: 'Gateway', name: 'envoy' }],
      timeout: { http: { requestReceivedTimeout: '90s' } },
    }),
  ];
}

describeWithComponents(['kube-apiserver', 'etcd', 'helm'], 'blobprobe paths and a Kubernetes API server', () => {
  let api: ApiServer;
  let directory: TemporaryDirectory;
  let reader: { token: string; kubeconfig: string };

  async function put(object: KubernetesObject): Promise<void> {
    const what = `${object.kind} ${object.metadata.name}`;
    const refused = (await api.createWithStatus(object)).filter(({ status }) => status >= 300);
    expect({ what, refused }).toEqual({ what, refused: [] });
  }

  /** As the pod's owner would run it: with no environment but a home without a configuration. */
  const paths = (kubeconfig: string, ...args: readonly string[]) =>
    startProgram(main, ['paths', '--kubernetes', `--kubeconfig=${kubeconfig}`, service, ...args], {
      HOME: directory.path,
    }).ended;

  const found = async (...args: readonly string[]) => {
    const { code, stdout, stderr } = await paths(reader.kubeconfig, '--json', ...args);
    expect(stderr).toBe('');
    const { paths: all, findings } = JSON.parse(stdout) as {
      paths: { name: string; url: string; connectTo?: { host: string }; hop?: string; limits: Limit[] }[];
      findings: { severity: string; path?: string; text: string }[];
    };
    return { code, all, findings };
  };
  interface Limit {
    readonly kind: string;
    readonly value?: number;
    readonly isDefault: boolean;
    readonly source: string;
  }

  beforeAll(async () => {
    directory = temporaryDirectory('cluster-paths');
    api = await startApiServer();
    for (const name of ['registry', 'gateways', 'probes']) await put(namespace(name));
    for (const object of render({ pathsReader: { create: true }, namespaceOverride: 'probes' }))
      if (/^(?:ServiceAccount|ClusterRole|ClusterRoleBinding)$/.test(object.kind)) await put(object);
    const token = await api.tokenOf('probes', 'probe-blobprobe-paths-reader');
    reader = { token, kubeconfig: api.kubeconfigOf(token) };
  }, 120_000);
  afterAll(async () => {
    await api?.close();
    directory.remove();
  });

  test('a cluster without the registry: what is missing, in one line', async () => {
    expect(await paths(reader.kubeconfig)).toMatchObject({
      code: 5,
      stdout: '',
      stderr: 'blobprobe paths: there is no Service gitea-http in the namespace registry\n',
    });
  });

  test('what docs/kubernetes.md shows, of objects that the server keeps', async () => {
    // Of NGINX Gateway Fabric the cluster knows no kind yet: that is no error, and nothing is known of its limits.
    const [policy, ...others] = scene.movingCluster().toReversed() as unknown as KubernetesObject[];
    for (const object of others) await put(object);
    expect((await found()).findings).toEqual([
      expect.objectContaining({
        severity: 'doubt',
        path: 'httproute-gitea',
        text: expect.stringContaining('is 1m, 1 MiB'),
      }),
    ]);

    const [group, version] = scene.nginxPolicies.split('/') as [string, string];
    for (const { kind, resource } of kindsRead.filter(({ apiVersion }) => apiVersion === scene.nginxPolicies))
      await put(openDefinition(group, version, kind, resource));
    await expect.poll(async () => (await api.get(`/apis/${scene.nginxPolicies}`)).body['resources']).toHaveLength(2);
    await put(policy!);
    const text = readFileSync(new URL('../../docs/kubernetes.md', import.meta.url), 'utf8');
    const examples = [...text.matchAll(/^```console\n\$ blobprobe paths --kubernetes (\S+) (.*)\n([^]*?)^```/gm)];
    expect(examples).toHaveLength(2);
    for (const [, , args = '', output = ''] of examples) {
      const { code, stdout, stderr } = await paths(reader.kubeconfig, ...args.split(' '));
      expect(`${stdout}${stderr}`).toBe(output);
      expect(code).toBe(1);
    }
  });

  test('Traefik and Envoy Gateway, by the definitions that they ship', async () => {
    for (const object of besides()) await put(object as unknown as KubernetesObject);
    const { code, all, findings } = await found('--size=10MiB');
    const limitOf = (name: string, kind: string) => {
      const { value, isDefault, source } = all
        .find((one) => one.name === name)!
        .limits.find((one) => one.kind === kind)!;
      return { value, isDefault, source };
    };
    expect(all.map(({ name, url, connectTo, hop }) => [name, url, connectTo?.host, hop])).toEqual([
      ['service', 'http://gitea-http.registry.svc:3000', undefined, undefined],
      ['ingress-gitea', 'https://git.example.org', '192.0.2.10', 'ingress-nginx'],
      ['ingressroute-gitea', 'https://traefik.example.org', undefined, 'traefik'],
      ['httproute-gitea', 'https://git.example.org', '192.0.2.11', 'nginx-gateway-fabric'],
      ['httproute-gitea-envoy', 'https://envoy.example.org', '192.0.2.11', 'envoy-gateway'],
    ]);
    const isDefault = false;
    const source = 'buffering of Middleware registry/small';
    expect(limitOf('ingressroute-gitea', 'body')).toEqual({ value: 20_971_520, isDefault, source });
    const backend = 'BackendTrafficPolicy registry/backendtrafficpolicy-of-httproute';
    const requestBuffer = `requestBuffer.limit of ${backend}`;
    expect(limitOf('httproute-gitea-envoy', 'body')).toEqual({
      value: 8 * 1024 ** 2,
      isDefault,
      source: requestBuffer,
    });
    const requestTimeout = `timeout.http.requestTimeout of ${backend}`;
    expect(limitOf('httproute-gitea-envoy', 'answer')).toEqual({ value: 30_000, isDefault, source: requestTimeout });
    expect(limitOf('httproute-gitea-envoy', 'request')).toMatchObject({ value: 90_000, isDefault });
    expect(findings.map(({ severity, path }) => [severity, path])).toEqual([['fault', 'httproute-gitea-envoy']]);
    expect(code).toBe(1);
  });

  test('the account of the chart reads these kinds and nothing else, and writes nothing', async () => {
    const status = (method: string, path: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const options = { host: '127.0.0.1', port: api.port, path, method, ca: readFileSync(api.authorityFile) };
        const asked = request({ ...options, headers: { authorization: `Bearer ${reader.token}` } });
        asked.on('response', (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        asked.on('error', reject).end();
      });
    for (const { apiVersion, resource } of kindsRead) {
      const url = `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}/${resource}`;
      expect([url, await status('GET', url)]).toEqual([url, 200]);
    }
    for (const url of ['/api/v1/secrets', '/api/v1/pods', '/api/v1/namespaces/registry/services/gitea-http'])
      expect([url, await status('GET', url)]).toEqual([url, 403]);
    for (const method of ['DELETE', 'POST', 'PUT'])
      expect([method, await status(method, '/api/v1/namespaces/registry/services/gitea-http')]).not.toContain(200);
    expect(await status('DELETE', '/api/v1/namespaces/registry/services/gitea-http')).toBe(403);
  });

  test('an account without rights is told so', async () => {
    const kubeconfig = api.kubeconfigOf(await api.tokenOf('probes', 'probe-blobprobe'));
    expect(await paths(kubeconfig)).toMatchObject({
      code: 5,
      stdout: '',
      stderr: 'blobprobe paths: Services cannot be listed: forbidden\n',
    });
  });

  test('a token that the server does not take: its answer, in one line', async () => {
    const { code, stderr } = await paths(api.kubeconfigOf('no-token-of-anybody'));
    expect([code, stderr]).toEqual([5, `blobprobe paths: https://127.0.0.1:${api.port}: answered 401\n`]);
  });
});

describeWithComponents(['kube-apiserver', 'etcd', 'unshare'], 'blobprobe paths in a pod', () => {
  test('asks the cluster that the pod is in, with the token of its account', async () => {
    const directory = temporaryDirectory('pod-paths');
    const api = await startApiServer();
    try {
      await api.create(namespace('registry'));
      await api.createWithStatus(scene.service as unknown as KubernetesObject);
      const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reader', namespace: 'registry' } };
      await api.create(account as unknown as KubernetesObject);
      const rbac = 'rbac.authorization.k8s.io';
      const role = { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name: 'reader' } };
      const rules = [{ apiGroups: [''], resources: ['services'], verbs: ['list'] }];
      await api.create({ ...role, rules } as unknown as KubernetesObject);
      const roleRef = { apiGroup: rbac, kind: 'ClusterRole', name: 'reader' };
      const subjects = [{ kind: 'ServiceAccount', name: 'reader', namespace: 'registry' }];
      await api.create({ ...role, kind: 'ClusterRoleBinding', roleRef, subjects } as unknown as KubernetesObject);
      const mounted = join(directory.path, 'serviceaccount');
      mkdirSync(mounted);
      writeFileSync(join(mounted, 'token'), await api.tokenOf('registry', 'reader'));
      writeFileSync(join(mounted, 'ca.crt'), readFileSync(api.authorityFile));
      writeFileSync(join(mounted, 'namespace'), 'registry');
      const place = '/run/secrets/kubernetes.io/serviceaccount';
      const script = `mount -t tmpfs none /run && mkdir -p ${place} && mount --bind "$0" ${place} && exec "$@"`;
      const pod = ['--mount', '--propagation', 'private', '/bin/sh', '-c', script, mounted];
      const command = [process.execPath, main, 'paths', '--kubernetes', service];
      const env = {
        HOME: directory.path,
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        KUBERNETES_SERVICE_PORT: `${api.port}`,
      };
      const child = await startProcess(requireComponent('unshare'), [...pod, ...command], {
        env: { PATH: process.env['PATH'], ...env },
      });
      expect([await child.exited, child.output()]).toEqual([
        4,
        expect.stringContaining('url: http://gitea-http.registry.svc:3000'),
      ]);
      expect(child.output()).toContain('doubt: Node objects cannot be listed (forbidden): what they say is not known');
    } finally {
      await api.close();
      directory.remove();
    }
  }, 120_000);
});
