import { createHash, generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { dirname, join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { createCertificates } from '../../support/certificates.ts';
import type { KubernetesObject } from '../../helm/helm.ts';
import { requireComponent } from '../../support/component.ts';
import { freePort, startProcess, waitFor, type RunningProcess } from './process.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface ApiAnswer {
  readonly status: number;
  /** What the server warns about, as `kubectl` would print it. */
  readonly warnings: string;
  readonly body: { readonly message?: string } & Readonly<Record<string, unknown>>;
}

/** A Kubernetes API server: it keeps objects and judges them, and nothing runs. */
export interface ApiServer {
  /** For `helm` and `kubectl`. */
  readonly kubeconfig: string;
  /** Creates the object in its namespace, else in `namespace`; unknown fields are errors. With `dryRun` nothing is kept. */
  create(object: KubernetesObject, options?: { namespace?: string; dryRun?: boolean }): Promise<ApiAnswer>;
  /** Creates the object and then writes its status, if it has one, as the object's controller would. */
  createWithStatus(object: KubernetesObject & { readonly status?: object }): Promise<readonly ApiAnswer[]>;
  get(path: string): Promise<ApiAnswer>;
  /** A token of this service account, as its pods have it. */
  tokenOf(namespace: string, account: string): Promise<string>;
  /** For `kubectl` with that token. */
  kubeconfigOf(token: string): string;
  readonly port: number;
  /** The certificate of its authority. */
  readonly authorityFile: string;
  close(): Promise<void>;
}

const token = 'of-the-administrator';

/** A definition for a kind whose own one is in no package registry: it lets its objects in, and judges nothing of them. */
export function openDefinition(group: string, version: string, kind: string, plural: string): KubernetesObject {
  const openAPIV3Schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [{ name: version, served: true, storage: true, schema: { openAPIV3Schema } }],
    },
  };
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels }, spec: {} };
}

/** Starts etcd and the API server on free ports, and gives it the definitions that were built with it. */
export async function startApiServer(): Promise<ApiServer> {
  const directory = temporaryDirectory('api-server');
  const { path } = directory;
  const processes: RunningProcess[] = [];
  const close = async (): Promise<void> => {
    for (const one of processes.toReversed()) await one.stop('SIGKILL');
    directory.remove();
  };
  try {
    const store = await startEtcd(path);
    processes.push(store.process);
    const port = await freePort();
    const server = await startProcess(requireComponent('kube-apiserver'), flags(path, store.url, port));
    processes.push(server);
    const api = client(port, path);
    await waitFor('the API server', async () => (await api.get('/readyz').catch(() => undefined))?.status === 200, {
      timeoutMs: 60_000,
      everyMs: 250,
      details: () => server.output().slice(-2_000),
    });
    for (const definition of definitions()) await api.create(definition);
    await waitFor('the definitions', async () => (await established(api)) === definitions().length, {
      timeoutMs: 60_000,
    });
    const kubeconfig = writeKubeconfig(path, port, token);
    return {
      ...api,
      kubeconfig,
      port,
      authorityFile: join(path, 'ca.crt'),
      kubeconfigOf: (own) => writeKubeconfig(path, port, own),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function startEtcd(path: string): Promise<{ process: RunningProcess; url: string }> {
  const [url, peer] = [`http://127.0.0.1:${await freePort()}`, `http://127.0.0.1:${await freePort()}`];
  const listen = ['--listen-client-urls', '--advertise-client-urls'].map((flag) => `${flag}=${url}`);
  const peers = ['--listen-peer-urls', '--initial-advertise-peer-urls'].map((flag) => `${flag}=${peer}`);
  const store = [`--data-dir=${join(path, 'etcd')}`, `--initial-cluster=default=${peer}`, '--unsafe-no-fsync'];
  return { process: await startProcess(requireComponent('etcd'), [...store, ...listen, ...peers]), url };
}

function flags(path: string, store: string, port: number): string[] {
  const { ca, valid } = createCertificates();
  writeFileSync(join(path, 'ca.crt'), ca.cert);
  writeFileSync(join(path, 'server.crt'), valid.cert);
  writeFileSync(join(path, 'server.key'), valid.key);
  const tokens = join(path, 'tokens.csv');
  writeFileSync(tokens, `${token},administrator,administrator,system:masters\n`);
  const key = join(path, 'accounts.key');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  writeFileSync(key, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return [
    `--etcd-servers=${store}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    `--tls-cert-file=${join(path, 'server.crt')}`,
    `--tls-private-key-file=${join(path, 'server.key')}`,
    `--token-auth-file=${tokens}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.test',
    `--service-account-key-file=${key}`,
    `--service-account-signing-key-file=${key}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    // It waits for accounts that a controller makes, and no controller runs.
    '--disable-admission-plugins=ServiceAccount',
  ];
}

type Client = Pick<ApiServer, 'create' | 'createWithStatus' | 'get' | 'tokenOf'>;

function client(port: number, path: string): Client {
  const plurals = new Map<string, { name: string; namespaced: boolean }>();
  const call = (method: string, url: string, body?: object, type = 'application/json'): Promise<ApiAnswer> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}`, 'content-type': type };
      const ca = readFileSync(join(path, 'ca.crt'));
      const asked = request({ host: '127.0.0.1', port, path: url, method, headers, ca });
      asked.on('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const isJson = response.headers['content-type']?.startsWith('application/json') === true;
          const answered = isJson ? (JSON.parse(text) as ApiAnswer['body']) : { message: text };
          const warnings = response.headers['warning'] ?? '';
          resolve({ status: response.statusCode ?? 0, warnings, body: answered });
        });
      });
      asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
    });

  async function resourceOf({
    apiVersion,
    kind,
  }: KubernetesObject): Promise<{ base: string; name: string; namespaced: boolean }> {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const known = plurals.get(`${apiVersion} ${kind}`);
    if (known !== undefined) return { base, ...known };
    const { body } = await call('GET', base);
    const resources = (body['resources'] ?? []) as { name: string; kind: string; namespaced: boolean }[];
    const found = resources.find((one) => one.kind === kind && !one.name.includes('/'));
    if (found === undefined) throw new Error(`the API server knows no ${kind} of ${apiVersion}`);
    plurals.set(`${apiVersion} ${kind}`, found);
    return { base, ...found };
  }

  async function listUrl(object: KubernetesObject, namespace: string): Promise<string> {
    const { base, name, namespaced } = await resourceOf(object);
    return `${base}${namespaced ? `/namespaces/${object.metadata.namespace ?? namespace}` : ''}/${name}`;
  }

  return {
    get: (url) => call('GET', url),
    async create(object, { namespace = 'default', dryRun = false } = {}) {
      const query = `fieldValidation=Strict${dryRun ? '&dryRun=All' : ''}`;
      return call('POST', `${await listUrl(object, namespace)}?${query}`, object);
    },
    async createWithStatus(object) {
      const { status = {}, ...rest } = object;
      const url = await listUrl(object, 'default');
      const created = await call('POST', `${url}?fieldValidation=Strict`, rest);
      if (Object.keys(status).length === 0) return [created];
      const own = `${url}/${object.metadata.name}/status?fieldValidation=Strict`;
      return [created, await call('PATCH', own, { status }, 'application/merge-patch+json')];
    },
    async tokenOf(namespace, account) {
      const url = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
      const { status, body } = await call('POST', url, {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
      });
      const { token: given } = (body['status'] ?? {}) as { readonly token?: string };
      if (given === undefined) throw new Error(`no token of ${account}: ${status} ${body.message}`);
      return given;
    },
  };
}

function definitions(): KubernetesObject[] {
  const folder = join(dirname(requireComponent('kube-apiserver')), 'kube-apiserver-crds');
  return readdirSync(folder).flatMap((name) =>
    parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((one) => one.toJS() as KubernetesObject),
  );
}

async function established(api: Pick<ApiServer, 'get'>): Promise<number> {
  const { body } = await api.get('/apis/apiextensions.k8s.io/v1/customresourcedefinitions');
  const items = body['items'] as { status?: { conditions?: { type: string; status: string }[] } }[];
  return items.filter((one) =>
    (one.status?.conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True'),
  ).length;
}

function writeKubeconfig(path: string, port: number, userToken: string): string {
  const file = join(path, `kubeconfig-${createHash('sha256').update(userToken).digest('hex').slice(0, 8)}.json`);
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority': join(path, 'ca.crt'),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'test', user: { token: userToken } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
