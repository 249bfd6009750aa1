import { at, textAt } from '../config/raw.ts';
import { type Candidate, ranks } from './limits.ts';
import { type Cluster, find, listAt, nameOf } from './objects.ts';
import { bytes, textOf } from './quantities.ts';

interface MiddlewareRef {
  readonly namespace: string;
  readonly name: string;
}

/** Deeper chains are cut: one that leads back to itself would have no end. */
const deepest = 8;

/** What Traefik's middlewares do to bodies, chains followed. Limits are those of the `buffering` middleware. */
export function middlewareLimits(
  cluster: Cluster,
  refs: readonly MiddlewareRef[],
  depth = 0,
): { readonly limits: Candidate[]; readonly notes: string[] } {
  const limits: Candidate[] = [];
  const notes: string[] = [];
  for (const { namespace, name } of refs) {
    const middleware = find(cluster, 'Middleware', namespace, name);
    if (middleware === undefined) {
      notes.push(`Middleware ${namespace}/${name} is named and not there: Traefik does not serve such a route`);
      continue;
    }
    const buffering = at(middleware.spec, 'buffering');
    if (buffering !== undefined) {
      const common = { isDefault: false, rank: ranks.route, source: `buffering of ${nameOf(middleware)}` };
      const most = at(buffering, 'maxRequestBodyBytes') ?? 0;
      const remedy = 'raise maxRequestBodyBytes of the buffering middleware, or take it off this route';
      limits.push(
        { ...common, kind: 'body', value: bytes(most), written: textOf(most) ?? '', remedy },
        { ...common, kind: 'collects', value: 1, written: 'on' },
      );
    }
    const chained = refsOf(listAt(middleware.spec, 'chain', 'middlewares'), namespace);
    if (chained.length === 0 || depth >= deepest) continue;
    const inner = middlewareLimits(cluster, chained, depth + 1);
    limits.push(...inner.limits);
    notes.push(...inner.notes);
  }
  return { limits, notes };
}

/** References as IngressRoutes and chains have them: a name, with a namespace when it is not their own. */
export function refsOf(list: readonly unknown[], own: string): MiddlewareRef[] {
  return list.flatMap((one) => {
    const name = textAt(one, 'name');
    return name === undefined ? [] : [{ namespace: textAt(one, 'namespace') ?? own, name }];
  });
}
