import { at, textAt } from '../config/raw.ts';
import { type Found, type FoundPath, type LeftOut, plainPath } from './found-path.ts';
import { coversApi } from './ingress-paths.ts';
import { defaultLimits, inForce } from './limits.ts';
import { middlewareLimits, refsOf } from './middlewares.ts';
import { type Cluster, type ClusterObject, listAt, nameOf, numberAt, ofKind, wordsAt } from './objects.ts';
import { isPort, type RegistryService } from './service-paths.ts';

/** The ways over Traefik's own routes. Their address is Traefik's, which they do not name: they go where DNS leads. */
export function ingressRoutePaths(cluster: Cluster, registry: RegistryService): Found {
  const paths: FoundPath[] = [];
  const leftOut: LeftOut[] = [];
  for (const object of ofKind(cluster, 'IngressRoute')) {
    for (const route of listAt(object.spec, 'routes').filter((one) => leadsTo(one, object, registry))) {
      const match = textAt(route, 'match') ?? '';
      const hosts = [...match.matchAll(/\bHost\(\s*[`"]([^`"]+)[`"]\s*\)/g)].map(([, host = '']) => host);
      const prefixes = [...match.matchAll(/\bPathPrefix\(\s*[`"]([^`"]+)[`"]\s*\)/g)].map(([, prefix = '']) => prefix);
      if (prefixes.length > 0 && !prefixes.some(coversApi)) continue;
      if (hosts.length === 0) leftOut.push({ source: nameOf(object), why: `no host is read in its match ${match}` });
      paths.push(...hosts.map((host) => pathOver(cluster, object, route, host)));
    }
  }
  return { paths, leftOut };
}

function leadsTo(route: unknown, object: ClusterObject, registry: RegistryService): boolean {
  return listAt(route, 'services').some((one) => {
    const namespace = textAt(one, 'namespace') ?? object.namespace;
    const isThis = textAt(one, 'name') === registry.service.name && namespace === registry.service.namespace;
    return isThis && isPort(registry, { name: textAt(one, 'port'), number: numberAt(one, 'port') });
  });
}

function pathOver(cluster: Cluster, object: ClusterObject, route: unknown, host: string): FoundPath {
  const source = nameOf(object);
  const points = wordsAt(object.spec, 'entryPoints');
  const isTls = at(object.spec, 'tls') !== undefined || points.includes('websecure');
  const buffering = middlewareLimits(cluster, refsOf(listAt(route, 'middlewares'), object.namespace));
  return {
    path: plainPath(`ingressroute-${object.name}`, 'ingress', { isTls, host, port: isTls ? 443 : 80 }),
    source,
    why: [
      `${source} leads ${host} to the Service; Traefik serves it${points.length === 0 ? '' : ` at ${points.join(', ')}`}.`,
      'Its address is that of Traefik: this goes where DNS leads, on the usual port.',
    ],
    hop: 'traefik',
    limits: inForce([...defaultLimits('traefik'), ...buffering.limits]),
    notes: buffering.notes,
  };
}
