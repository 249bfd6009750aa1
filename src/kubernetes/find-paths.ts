import type { Found, FoundPath } from './found-path.ts';
import { ingressPaths } from './ingress-paths.ts';
import { ingressRoutePaths } from './ingress-route-paths.ts';
import { type Cluster, ClusterError, find, ofKind } from './objects.ts';
import { routePaths } from './route-paths.ts';
import { portsOf, type RegistryService, servicePaths } from './service-paths.ts';

/** A Service as the command line names it: `NAMESPACE/NAME[:PORT]`, the port by name or number. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
  readonly port: string | undefined;
}

/** Each kind of object that leads to a Service. */
const finders: readonly ((cluster: Cluster, registry: RegistryService) => Found)[] = [
  servicePaths,
  ingressPaths,
  ingressRoutePaths,
  routePaths,
];

/** Reads `NAMESPACE/NAME[:PORT]`; undefined: it is none. */
export function parseServiceName(text: string): ServiceName | undefined {
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
  const [, namespace, name, port] = new RegExp(`^(${label})/(${label})(?::(${label}))?$`).exec(text) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name, port };
}

/** The Service and its port. Throws ClusterError, which says what there is instead. */
export function registryService(cluster: Cluster, { namespace, name, port }: ServiceName): RegistryService {
  const service = find(cluster, 'Service', namespace, name);
  if (service === undefined) {
    const others = ofKind(cluster, 'Service').filter((one) => one.namespace === namespace);
    const there = others.length === 0 ? '' : `, only ${others.map((one) => one.name).join(', ')}`;
    const unread = cluster.unread.find(({ kind }) => kind === 'Service');
    throw new ClusterError(
      unread === undefined
        ? `there is no Service ${name} in the namespace ${namespace}${there}`
        : `Services cannot be listed: ${unread.why}`,
    );
  }
  const ports = portsOf(service);
  const asked = ports.filter((one) => port === undefined || one.name === port || String(one.number) === port);
  const [only] = asked;
  if (only !== undefined && asked.length === 1) return { service, port: only };
  const names = ports.map((one) => (one.name === undefined ? one.number : `${one.number} (${one.name})`)).join(', ');
  const complaint = port === undefined ? 'has several ports, name one' : `has no port ${port}`;
  throw new ClusterError(`Service ${namespace}/${name} ${complaint}: ${names === '' ? 'it has none' : names}`);
}

/** Every path to the registry that the objects of the cluster tell of, each with a name of its own. Pure. */
export function findPaths(cluster: Cluster, registry: RegistryService): Found {
  const found = finders.map((finder) => finder(cluster, registry));
  const paths = found.flatMap((one) => one.paths);
  return { paths: withOwnNames(paths), leftOut: found.flatMap((one) => one.leftOut) };
}

/** `ingress-gitea`, `ingress-gitea-2`: names as the configuration takes them, at most 63 characters. */
function withOwnNames(paths: readonly FoundPath[]): FoundPath[] {
  const used = new Set<string>();
  return paths.map((one) => {
    const base = one.path.name.slice(0, 59);
    let name = base;
    for (let count = 2; used.has(name); count += 1) name = `${base}-${count}`;
    used.add(name);
    return { ...one, path: { ...one.path, name } };
  });
}
