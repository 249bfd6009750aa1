import { at, textAt, valueAt } from '../config/raw.ts';
import { type Found, type FoundPath, type LeftOut, plainPath, sorted } from './found-path.ts';
import { type HopName, hopOf } from './hops.ts';
import { coversApi } from './ingress-paths.ts';
import { type Candidate, defaultLimits, inForce, policyLimits, ranks } from './limits.ts';
import { middlewareLimits } from './middlewares.ts';
import { type Cluster, type ClusterObject, find, listAt, nameOf, numberAt, ofKind, wordsAt } from './objects.ts';
import { gatewayTime } from './quantities.ts';
import { isPort, type RegistryService } from './service-paths.ts';

interface Parent {
  readonly gateway: ClusterObject;
  readonly listener: unknown;
  /** The reference, as the status repeats it. */
  readonly ref: unknown;
}

/** The ways over HTTPRoutes whose rules lead `/v2/` to the registry: one for each listener of a Gateway that they hang on, and host. */
export function routePaths(cluster: Cluster, registry: RegistryService): Found {
  const found: (FoundPath | LeftOut)[] = [];
  for (const route of ofKind(cluster, 'HTTPRoute')) {
    const rule = listAt(route.spec, 'rules').find((one) => isLed(one) && leadsTo(one, route, registry));
    if (rule === undefined) continue;
    const parents = listAt(route.spec, 'parentRefs').flatMap((ref) => parentsOf(cluster, route, ref));
    if (parents.length === 0) found.push({ source: nameOf(route), why: 'it hangs on no Gateway that is there' });
    for (const parent of parents) {
      const hosts = hostsOf(route, parent.listener);
      if (hosts.length === 0)
        found.push({ source: nameOf(route), why: `no host of it is served by ${nameOf(parent.gateway)}` });
      found.push(...hosts.map((host) => pathOver(cluster, route, rule, parent, host)));
    }
  }
  return sorted(found);
}

/** A rule without a match takes everything. */
function isLed(rule: unknown): boolean {
  const matches = listAt(rule, 'matches');
  const prefixes = matches.filter((one) => (textAt(at(one, 'path'), 'type') ?? 'PathPrefix') === 'PathPrefix');
  return matches.length === 0 || prefixes.some((one) => coversApi(textAt(at(one, 'path'), 'value') ?? '/'));
}

function leadsTo(rule: unknown, route: ClusterObject, registry: RegistryService): boolean {
  return listAt(rule, 'backendRefs').some(
    (ref) =>
      (textAt(ref, 'kind') ?? 'Service') === 'Service' &&
      textAt(ref, 'name') === registry.service.name &&
      (textAt(ref, 'namespace') ?? route.namespace) === registry.service.namespace &&
      isPort(registry, { number: numberAt(ref, 'port') }),
  );
}

/** The listeners that a reference means: that of its section or port, else all that speak HTTP. */
function parentsOf(cluster: Cluster, route: ClusterObject, ref: unknown): Parent[] {
  const gateway = find(cluster, 'Gateway', textAt(ref, 'namespace') ?? route.namespace, textAt(ref, 'name') ?? '');
  if (gateway === undefined) return [];
  const section = textAt(ref, 'sectionName');
  const port = numberAt(ref, 'port');
  return listAt(gateway.spec, 'listeners')
    .filter((one) => /^HTTPS?$/.test(textAt(one, 'protocol') ?? ''))
    .filter((one) => section === undefined || textAt(one, 'name') === section)
    .filter((one) => port === undefined || numberAt(one, 'port') === port)
    .map((listener) => ({ gateway, listener, ref }));
}

/** Hosts that both the route and the listener serve; undefined: every host. */
function hostsOf(route: ClusterObject, listener: unknown): readonly (string | undefined)[] {
  const served = textAt(listener, 'hostname');
  const own = wordsAt(route.spec, 'hostnames');
  if (own.length === 0) return [served];
  return own.filter((host) => served === undefined || host === served || isBelow(host, served));
}

function isBelow(host: string, wildcard: string): boolean {
  return wildcard.startsWith('*.') && host.endsWith(wildcard.slice(1));
}

function pathOver(
  cluster: Cluster,
  route: ClusterObject,
  rule: unknown,
  { gateway, listener, ref }: Parent,
  host: string | undefined,
): FoundPath | LeftOut {
  const source = nameOf(route);
  if (host?.startsWith('*') === true) return { source, why: `it serves all hosts of ${host}: which one is not said` };
  const address = gatewayAddress(gateway);
  const to = host ?? address;
  if (to === undefined) return { source, why: `it serves every host, and ${nameOf(gateway)} has no address yet` };
  const isTls = textAt(listener, 'protocol') === 'HTTPS';
  const port = numberAt(listener, 'port') ?? (isTls ? 443 : 80);
  const controller = gatewayController(cluster, gateway);
  const hop = hopOf(controller);
  const section = textAt(listener, 'name') ?? '';
  const buffering = middlewareLimits(cluster, middlewaresOf(route, rule));
  const words = hop ?? `served by ${controller ?? 'a class that is not there'}, whose limits are not known here`;
  return {
    path: plainPath(`httproute-${route.name}`, 'ingress', {
      isTls,
      host: to,
      port,
      connectTo: host === undefined ? undefined : address,
    }),
    source,
    why: [
      `${source} leads ${host ?? 'every host'} to the Service, over listener ${section} of ${nameOf(gateway)} (${words}).`,
      ...(isTls ? [tlsWords(listener)] : []),
      ...(address === undefined ? ['The Gateway has no address yet: this goes where DNS leads.'] : []),
    ],
    hop,
    limits: inForce([
      ...defaultLimits(hop),
      ...(hop === undefined ? [] : policyLimits(cluster, hop, { route, gateway, listener: section })),
      ...timeoutOf(route, rule, hop),
      ...buffering.limits,
    ]),
    notes: [...buffering.notes, ...refusals(route, ref)],
  };
}

function tlsWords(listener: unknown): string {
  const secrets = listAt(listener, 'tls', 'certificateRefs').flatMap((one) => textAt(one, 'name') ?? []);
  return `TLS ends here${secrets.length === 0 ? '' : `, with the Secret ${secrets.join(', ')}`}.`;
}

/**
 * `timeouts.request` of the rule. Envoy counts from the end of the request (its route's `timeout`); the API lets others count from its
 * beginning. NGINX Gateway Fabric does not take it.
 */
function timeoutOf(route: ClusterObject, rule: unknown, hop: HopName | undefined): Candidate[] {
  const written = valueAt(rule, ['timeouts', 'request']);
  if (typeof written !== 'string' || hop === 'nginx-gateway-fabric') return [];
  const kind = hop === 'envoy-gateway' ? 'answer' : 'request';
  const source = `timeouts.request of ${nameOf(route)}`;
  return [{ kind, value: gatewayTime(written), written, source, isDefault: false, rank: ranks.rule }];
}

function middlewaresOf(route: ClusterObject, rule: unknown) {
  return listAt(rule, 'filters')
    .map((filter) => at(filter, 'extensionRef'))
    .filter((one) => textAt(one, 'kind') === 'Middleware')
    .map((one) => ({ namespace: route.namespace, name: textAt(one, 'name') ?? '' }));
}

/** What the Gateway says of the route: not accepted, or a backend that it may not reach. */
function refusals(route: ClusterObject, ref: unknown): string[] {
  const parts = (one: unknown): string =>
    [textAt(one, 'name'), textAt(one, 'namespace') ?? route.namespace, textAt(one, 'sectionName')].join('/');
  const mine = listAt(route.status, 'parents').filter((one) => parts(at(one, 'parentRef')) === parts(ref));
  return mine
    .flatMap((one) => listAt(one, 'conditions'))
    .filter((one) => textAt(one, 'status') === 'False' && /^(?:Accepted|ResolvedRefs)$/.test(textAt(one, 'type') ?? ''))
    .map(
      (one) =>
        `the Gateway does not serve ${nameOf(route)}: ${textAt(one, 'type')} is False (${textAt(one, 'reason')})`,
    );
}

/** The first address of a Gateway's status. */
function gatewayAddress(gateway: ClusterObject): string | undefined {
  return listAt(gateway.status, 'addresses').flatMap((one) => textAt(one, 'value') ?? [])[0];
}

/** The controller that a class of Gateways names. */
function gatewayController(cluster: Cluster, gateway: ClusterObject): string | undefined {
  const className = textAt(gateway.spec, 'gatewayClassName') ?? '';
  const found = valueAt(find(cluster, 'GatewayClass', '', className)?.spec, ['controllerName']);
  return typeof found === 'string' ? found : undefined;
}
