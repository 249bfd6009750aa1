import { textAt } from '../config/raw.ts';
import { type Found, type FoundPath, type LeftOut, plainPath, sorted } from './found-path.ts';
import { serviceRows } from './hops.ts';
import { inForce, ranks } from './limits.ts';
import { type Cluster, type ClusterObject, listAt, nameOf, numberAt, ofKind } from './objects.ts';

/** The registry: its Service, and the port of it that speaks to clients. */
export interface RegistryService {
  readonly service: ClusterObject;
  readonly port: { readonly name: string | undefined; readonly number: number; readonly isTls: boolean };
}

/** Ports of a Service. */
export function portsOf(service: ClusterObject): readonly RegistryService['port'][] {
  return listAt(service.spec, 'ports').flatMap((port) => {
    const number = numberAt(port, 'port');
    if (number === undefined) return [];
    const name = textAt(port, 'name');
    const protocol = textAt(port, 'appProtocol') ?? '';
    return [{ name, number, isTls: /^https$/i.test(protocol) || /^https\b/.test(name ?? '') || number === 443 }];
  });
}

/** Whether a backend's port, by name or number, is the registry's. */
export function isPort({ port }: RegistryService, named: { name?: string; number?: number }): boolean {
  return named.number === port.number || (named.name !== undefined && named.name === port.name);
}

/** The ways that the Service itself gives: its name inside the cluster, its load balancer, its port on the nodes. */
export function servicePaths(cluster: Cluster, registry: RegistryService): Found {
  const { service, port } = registry;
  const source = nameOf(service);
  const address = textAt(service.spec, 'clusterIP') ?? 'None';
  const host = `${service.name}.${service.namespace}.svc`;
  const isHeadless = address === 'None' || address === '';
  const inside: FoundPath = {
    path: plainPath('service', 'internal', { ...port, host, port: isHeadless ? targetPort(registry) : port.number }),
    source,
    why: [
      isHeadless
        ? 'The name leads to the pods: the Service has no address of its own. Only from inside the cluster.'
        : `The Service's address in the cluster is ${address}. Only from inside the cluster.`,
    ],
    limits: [],
    notes: [],
  };
  const type = textAt(service.spec, 'type');
  const outside =
    type === 'LoadBalancer' ? balancers(registry) : type === 'NodePort' ? [nodePort(cluster, registry)] : [];
  return sorted([inside, ...outside]);
}

/** Behind a name that leads to pods, the port is theirs. A named one is in the pods, which are not looked at. */
function targetPort({ service, port }: RegistryService): number {
  const own = listAt(service.spec, 'ports').find((one) => numberAt(one, 'port') === port.number);
  return numberAt(own, 'targetPort') ?? port.number;
}

/** Addresses and names that `status.loadBalancer` has. */
export function balancerAddresses(object: ClusterObject): readonly string[] {
  return listAt(object.status, 'loadBalancer', 'ingress').flatMap(
    (one) => textAt(one, 'ip') ?? textAt(one, 'hostname') ?? [],
  );
}

function balancers({ service, port }: RegistryService): (FoundPath | LeftOut)[] {
  const source = nameOf(service);
  const addresses = balancerAddresses(service);
  if (addresses.length === 0) return [{ source, why: 'its load balancer has no address yet' }];
  const limits = serviceRows.flatMap(({ annotation, limit, parse }) => {
    const written = service.annotations[annotation];
    if (written === undefined) return [];
    const from = `annotation ${annotation} of ${source}`;
    return [{ kind: limit, value: parse(written), written, source: from, isDefault: false, rank: ranks.route }];
  });
  return addresses.map((host) => ({
    path: plainPath('loadbalancer', 'loadbalancer', { ...port, host, port: port.number }),
    source,
    why: ['The load balancer of the Service has this address.'],
    limits: inForce(limits),
    notes: [],
  }));
}

function nodePort(cluster: Cluster, { service, port }: RegistryService): FoundPath | LeftOut {
  const source = nameOf(service);
  const own = listAt(service.spec, 'ports').find((one) => numberAt(one, 'port') === port.number);
  const number = numberAt(own, 'nodePort');
  const node = ofKind(cluster, 'Node').find((one) => addressOf(one) !== undefined);
  if (number === undefined) return { source, why: 'its port on the nodes is not given yet' };
  if (node === undefined)
    return { source, why: `port ${number} of the nodes leads to it, whose addresses are not known` };
  const isLocal = textAt(service.spec, 'externalTrafficPolicy') === 'Local';
  return {
    path: plainPath('nodeport', 'direct', { ...port, host: addressOf(node) ?? '', port: number }),
    source,
    why: [
      `Port ${number} of every node leads to the Service; this is the node ${node.name}.`,
      ...(isLocal ? ['Only nodes with a pod of the registry answer (externalTrafficPolicy: Local).'] : []),
    ],
    limits: [],
    notes: [],
  };
}

function addressOf(node: ClusterObject): string | undefined {
  const addresses = listAt(node.status, 'addresses');
  const ofType = (type: string): string | undefined =>
    addresses.flatMap((one) => (textAt(one, 'type') === type ? (textAt(one, 'address') ?? []) : []))[0];
  return ofType('InternalIP') ?? ofType('ExternalIP');
}
