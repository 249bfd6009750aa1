import { spawnSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';
import type { KubernetesObject } from './helm.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const others = JSON.stringify(join(root, 'test/helm/other-kinds.ts'));

/** Kind → module and name of its type; that module also exports a class that validates. */
const kinds: Readonly<Record<string, readonly [string, string]>> = {
  ConfigMap: ['kubernetes-models/v1/ConfigMap', 'IConfigMap'],
  Secret: ['kubernetes-models/v1/Secret', 'ISecret'],
  Service: ['kubernetes-models/v1/Service', 'IService'],
  ServiceAccount: ['kubernetes-models/v1/ServiceAccount', 'IServiceAccount'],
  Pod: ['kubernetes-models/v1/Pod', 'IPod'],
  PersistentVolumeClaim: ['kubernetes-models/v1/PersistentVolumeClaim', 'IPersistentVolumeClaim'],
  Deployment: ['kubernetes-models/apps/v1/Deployment', 'IDeployment'],
  DaemonSet: ['kubernetes-models/apps/v1/DaemonSet', 'IDaemonSet'],
  NetworkPolicy: ['kubernetes-models/networking.k8s.io/v1/NetworkPolicy', 'INetworkPolicy'],
  Ingress: ['kubernetes-models/networking.k8s.io/v1/Ingress', 'IIngress'],
  ClusterRole: ['kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole', 'IClusterRole'],
  ClusterRoleBinding: ['kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding', 'IClusterRoleBinding'],
  PodDisruptionBudget: ['kubernetes-models/policy/v1/PodDisruptionBudget', 'IPodDisruptionBudget'],
  ServiceMonitor: ['@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/ServiceMonitor', 'IServiceMonitor'],
  PodMonitor: ['@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor', 'IPodMonitor'],
  PrometheusRule: ['@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule', 'IPrometheusRule'],
};
/** Kinds whose type is ours; the package's PrometheusRule is older than `keep_firing_for`, but its validator holds. */
const otherKinds: Readonly<Record<string, string>> = {
  PrometheusRule: 'PrometheusRule',
  HTTPRoute: 'HttpRoute',
  VerticalPodAutoscaler: 'VerticalPodAutoscaler',
  GrafanaDashboard: 'GrafanaDashboard',
};

/**
 * Complaints about objects that the API server would not take, or of which it would drop a field: the published schemas check what is
 * there (their validators ignore unknown fields), and the compiler finds fields that do not exist (literals may have no others).
 */
export async function complaints(objects: readonly KubernetesObject[]): Promise<string[]> {
  const invalid = await Promise.all(objects.map(validationError));
  return [...invalid.filter((one) => one !== undefined), ...unknownFields(objects.filter(isKnown))];
}

function isKnown({ kind }: KubernetesObject): boolean {
  return kinds[kind] !== undefined || otherKinds[kind] !== undefined;
}

async function validationError(object: KubernetesObject): Promise<string | undefined> {
  const entry = kinds[object.kind];
  if (entry === undefined) return otherKinds[object.kind] === undefined ? `no schema of ${object.kind}` : undefined;
  const module = (await import(entry[0])) as Record<string, new (data: unknown) => { validate(): void }>;
  const Model = module[object.kind];
  if (Model === undefined) return `${entry[0]} has no ${object.kind}`;
  const { apiVersion } = new Model(object) as unknown as { apiVersion: string };
  if (apiVersion !== object.apiVersion) return `${object.kind}: ${object.apiVersion} is not ${apiVersion}`;
  try {
    new Model(object).validate();
    return undefined;
  } catch (error) {
    return `${object.kind} ${object.metadata.name}: ${String(error)}`;
  }
}

function unknownFields(objects: readonly KubernetesObject[]): string[] {
  const directory = temporaryDirectory('chart-types');
  try {
    symlinkSync(join(root, 'node_modules'), join(directory.path, 'node_modules'), 'dir');
    const file = join(directory.path, 'objects.mts');
    writeFileSync(file, `${objects.map(declaration).join('\n')}\n`);
    const flags =
      '--noEmit --strict --skipLibCheck --target es2023 --module nodenext --allowImportingTsExtensions --types node';
    const { status, stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), [...flags.split(' '), file], {
      cwd: directory.path,
      encoding: 'utf8',
    });
    return status === 0 ? [] : stdout.trim().split('\n');
  } finally {
    directory.remove();
  }
}

function declaration(object: KubernetesObject, index: number): string {
  const other = otherKinds[object.kind];
  const [module, type] = kinds[object.kind] ?? ['', 'unknown kind'];
  const from = other === undefined ? `import(${JSON.stringify(module)}).${type}` : `import(${others}).${other}`;
  return `export const o${index}: ${from} = ${JSON.stringify(object)};`;
}
