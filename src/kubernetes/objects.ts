import { at, entriesOf, textAt, textsAt, valueAt } from '../config/raw.ts';

/** What cannot be read of a cluster. The message is one line. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
}

/** Every kind that is looked at: where it is listed, and the name that roles call it by. The chart's role has the same (test/helm). */
export const kindsRead = [
  { apiVersion: 'v1', kind: 'Service', resource: 'services' },
  { apiVersion: 'v1', kind: 'Node', resource: 'nodes' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', resource: 'ingresses' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'IngressClass', resource: 'ingressclasses' },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', resource: 'httproutes' },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', resource: 'gateways' },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass', resource: 'gatewayclasses' },
  { apiVersion: 'gateway.nginx.org/v1alpha1', kind: 'ClientSettingsPolicy', resource: 'clientsettingspolicies' },
  { apiVersion: 'gateway.nginx.org/v1alpha1', kind: 'ProxySettingsPolicy', resource: 'proxysettingspolicies' },
  { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'ClientTrafficPolicy', resource: 'clienttrafficpolicies' },
  { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'BackendTrafficPolicy', resource: 'backendtrafficpolicies' },
  { apiVersion: 'traefik.io/v1alpha1', kind: 'IngressRoute', resource: 'ingressroutes' },
  { apiVersion: 'traefik.io/v1alpha1', kind: 'Middleware', resource: 'middlewares' },
] as const;

type KindRead = (typeof kindsRead)[number]['kind'];

/** One object of a cluster. What is in `spec` and `status` is looked at with care: others wrote it, and a file may hold anything. */
export interface ClusterObject {
  readonly kind: KindRead;
  /** Empty for what belongs to no namespace. */
  readonly namespace: string;
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: unknown;
  readonly status: unknown;
}

export interface Cluster {
  readonly objects: readonly ClusterObject[];
  /** Kinds that could not be listed, and why: of them nothing is known. A kind that the cluster does not have is listed, and empty. */
  readonly unread: readonly { readonly kind: KindRead; readonly why: string }[];
}

/** The object as it is needed here; undefined: of another kind, or no object. */
export function clusterObject(value: unknown): ClusterObject | undefined {
  const row = kindsRead.find(({ kind, apiVersion }) => {
    const group = (text: string): string => text.replace(/\/?[^/]*$/, '');
    return textAt(value, 'kind') === kind && group(textAt(value, 'apiVersion') ?? '') === group(apiVersion);
  });
  const metadata = at(value, 'metadata');
  const name = textAt(metadata, 'name');
  if (row === undefined || name === undefined) return undefined;
  const annotations = entriesOf(at(metadata, 'annotations')).flatMap(([key, text]) =>
    typeof text === 'string' ? [[key, text] as const] : [],
  );
  return {
    kind: row.kind,
    namespace: textAt(metadata, 'namespace') ?? '',
    name,
    annotations: Object.fromEntries(annotations),
    spec: at(value, 'spec'),
    status: at(value, 'status'),
  };
}

/** Reads what `kubectl get … --output=json` writes. `what` names it in errors. Throws ClusterError. */
export function clusterOfText(text: string, what: string): Cluster {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ClusterError(`${what} is no JSON as \`kubectl get --output=json\` writes it`);
  }
  const objects = (at(value, 'items') === undefined ? [value] : listAt(value, 'items')).flatMap(
    (item) => clusterObject(item) ?? [],
  );
  if (objects.length === 0) throw new ClusterError(`${what} holds no object of a kind that is looked at`);
  return { objects, unread: [] };
}

/** `Ingress registry/gitea`. */
export function nameOf({ kind, namespace, name }: ClusterObject): string {
  return `${kind} ${namespace === '' ? '' : `${namespace}/`}${name}`;
}

export function ofKind(cluster: Cluster, kind: KindRead): readonly ClusterObject[] {
  return cluster.objects.filter((one) => one.kind === kind);
}

export function find(cluster: Cluster, kind: KindRead, namespace: string, name: string): ClusterObject | undefined {
  return cluster.objects.find((one) => one.kind === kind && one.namespace === namespace && one.name === name);
}

/** The items of a list; none when it is no list. */
export function listAt(value: unknown, ...steps: string[]): readonly unknown[] {
  const list = valueAt(value, steps);
  return Array.isArray(list) ? (list as unknown[]) : [];
}

/** The strings of a list. */
export function wordsAt(value: unknown, key: string): readonly string[] {
  return textsAt(value, key).map(([, text]) => text);
}

export function numberAt(value: unknown, key: string): number | undefined {
  const inner = at(value, key);
  return typeof inner === 'number' && Number.isSafeInteger(inner) ? inner : undefined;
}
