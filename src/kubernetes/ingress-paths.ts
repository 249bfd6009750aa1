import { at, textAt } from '../config/raw.ts';
import { type Found, type FoundPath, type LeftOut, plainPath, sorted } from './found-path.ts';
import { type HopName, hopOf, usualHop } from './hops.ts';
import { annotatedLimits, defaultLimits, inForce } from './limits.ts';
import { middlewareLimits } from './middlewares.ts';
import { type Cluster, type ClusterObject, find, listAt, nameOf, numberAt, ofKind, wordsAt } from './objects.ts';
import { balancerAddresses, isPort, type RegistryService } from './service-paths.ts';

/** The ways over Ingresses whose rules lead `/v2/` of a host to the registry. */
export function ingressPaths(cluster: Cluster, registry: RegistryService): Found {
  const own = ofKind(cluster, 'Ingress').filter(({ namespace }) => namespace === registry.service.namespace);
  return sorted(own.flatMap((ingress) => hostsOf(ingress, registry).map((host) => pathOver(cluster, ingress, host))));
}

/** Hosts whose `/v2/` the Ingress leads to the registry; undefined: every host. */
function hostsOf(ingress: ClusterObject, registry: RegistryService): readonly (string | undefined)[] {
  const rules = listAt(ingress.spec, 'rules').filter((rule) =>
    listAt(rule, 'http', 'paths').some(
      (path) => coversApi(textAt(path, 'path') ?? '/') && isRegistry(at(path, 'backend'), registry),
    ),
  );
  const isDefault = isRegistry(at(ingress.spec, 'defaultBackend'), registry);
  return [...new Set([...rules.map((rule) => textAt(rule, 'host')), ...(isDefault ? [undefined] : [])])];
}

function isRegistry(backend: unknown, registry: RegistryService): boolean {
  const service = at(backend, 'service');
  const port = { name: textAt(at(service, 'port'), 'name'), number: numberAt(at(service, 'port'), 'number') };
  return textAt(service, 'name') === registry.service.name && isPort(registry, port);
}

/** Whether a prefix leads the API of registries. */
export function coversApi(prefix: string): boolean {
  return '/v2/'.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);
}

function pathOver(cluster: Cluster, ingress: ClusterObject, host: string | undefined): FoundPath | LeftOut {
  const source = nameOf(ingress);
  if (host?.startsWith('*') === true) return { source, why: `it serves all hosts of ${host}: which one is not said` };
  const [address] = balancerAddresses(ingress);
  const to = host ?? address;
  if (to === undefined) return { source, why: 'it serves every host, and has no address yet' };
  const { hop, words } = controllerOf(cluster, ingress);
  const tls = listAt(ingress.spec, 'tls').find((one) => isNamed(wordsAt(one, 'hosts'), host));
  const secret = textAt(tls, 'secretName');
  const annotated = annotatedLimits(ingress, hop);
  const buffering = middlewareLimits(cluster, namedMiddlewares(cluster, ingress));
  return {
    path: plainPath(`ingress-${ingress.name}`, 'ingress', {
      isTls: tls !== undefined,
      host: to,
      port: tls === undefined ? 80 : 443,
      connectTo: host === undefined ? undefined : address,
    }),
    source,
    why: [
      `${source} leads ${host ?? 'every host'} to the Service; ${words}.`,
      ...(tls === undefined ? [] : [`TLS ends here${secret === undefined ? '' : `, with the Secret ${secret}`}.`]),
      ...(address === undefined ? ['The Ingress has no address yet: this goes where DNS leads.'] : []),
    ],
    hop,
    limits: inForce([...defaultLimits(hop), ...annotated.limits, ...buffering.limits]),
    notes: [...annotated.notes, ...buffering.notes],
  };
}

/** Hosts of a `tls` entry: `*.example.org` takes in one label; none at all is every host. */
function isNamed(hosts: readonly string[], host: string | undefined): boolean {
  if (host === undefined) return hosts.length === 0;
  return hosts.length === 0 || hosts.includes(host) || hosts.includes(`*${host.slice(host.indexOf('.'))}`);
}

/** Which program serves an Ingress: by its class, or by the class that is the cluster's default. */
function controllerOf(cluster: Cluster, ingress: ClusterObject): { readonly hop?: HopName; readonly words: string } {
  const named = textAt(ingress.spec, 'ingressClassName') ?? ingress.annotations['kubernetes.io/ingress.class'];
  const standard = ofKind(cluster, 'IngressClass').find(
    ({ annotations }) => annotations['ingressclass.kubernetes.io/is-default-class'] === 'true',
  );
  const className = named ?? standard?.name;
  if (className === undefined) return { words: 'it names no class, and which program serves it is not known' };
  const found = find(cluster, 'IngressClass', '', className);
  const controller = textAt(found?.spec, 'controller');
  const hop = hopOf(controller);
  if (hop !== undefined) return { hop, words: `its class ${className} is ${hop}` };
  // Of old clusters, and of lists without classes.
  const usual = controller === undefined ? usualHop(className, ingress.annotations) : undefined;
  if (usual !== undefined)
    return { hop: usual, words: `its class ${className} is not listed, and is taken for ${usual} by its name` };
  return {
    words: `its class ${className} is ${controller ?? 'not there'}, whose limits are not known here`,
  };
}

/** The middlewares that Traefik's annotation names, as `NAMESPACE-NAME@kubernetescrd`. */
function namedMiddlewares(cluster: Cluster, ingress: ClusterObject) {
  const text = ingress.annotations['traefik.ingress.kubernetes.io/router.middlewares'] ?? '';
  const names = text.split(',').map((name) => name.trim());
  return ofKind(cluster, 'Middleware')
    .filter(({ namespace, name }) => names.includes(`${namespace}-${name}@kubernetescrd`))
    .map(({ namespace, name }) => ({ namespace, name }));
}
