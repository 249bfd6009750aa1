import { textAt, valueAt } from '../config/raw.ts';
import type { HopLimit } from './found-path.ts';
import { annotationRows, defaultRows, type HopName, policyRows } from './hops.ts';
import { limitKinds } from './limit-kind.ts';
import { type Cluster, type ClusterObject, listAt, nameOf, ofKind } from './objects.ts';
import { textOf } from './quantities.ts';

/** A limit and how near to the route it is written: the nearest wins. */
export interface Candidate extends HopLimit {
  readonly rank: number;
}

export const ranks = { default: 0, gateway: 1, listener: 2, route: 3, rule: 4 } as const;

/** The one in force of each kind: the nearest; of those written equally near, the smallest, and first of all what cannot be read. */
export function inForce(candidates: readonly Candidate[]): HopLimit[] {
  return limitKinds.flatMap((kind) => {
    const [first] = candidates
      .filter((one) => one.kind === kind)
      .toSorted((a, b) => b.rank - a.rank || (a.value ?? -1) - (b.value ?? -1));
    if (first === undefined) return [];
    const { rank: _, ...limit } = first;
    return [limit];
  });
}

/** What a hop does by itself. */
export function defaultLimits(hop: HopName | undefined): Candidate[] {
  return defaultRows
    .filter((row) => row.hop === hop)
    .map(({ limit, written, parse }) => ({
      kind: limit,
      value: parse(written),
      written,
      source: `default of ${hop}`,
      isDefault: true,
      rank: ranks.default,
      remedy: [...annotationRows, ...policyRows].find((row) => row.hop === hop && row.limit === limit)?.remedy,
    }));
}

/** What annotations of the object set, and those that are another program's and do nothing. */
export function annotatedLimits(
  object: ClusterObject,
  hop: HopName | undefined,
): { readonly limits: Candidate[]; readonly notes: string[] } {
  const limits: Candidate[] = [];
  const notes: string[] = [];
  for (const { annotation, hop: reader, limit, parse, remedy } of annotationRows) {
    const text = object.annotations[annotation];
    if (text === undefined) continue;
    const source = `annotation ${annotation} of ${nameOf(object)}`;
    if (reader === hop) {
      limits.push({
        kind: limit,
        value: parse(text),
        written: text,
        source,
        isDefault: false,
        rank: ranks.route,
        remedy,
      });
    } else if (hop !== undefined) {
      notes.push(`${source} does nothing here: it is for ${reader}, and ${hop} serves this`);
    }
  }
  return { limits, notes };
}

/** What policies set for a route, the Gateway above it, or the Gateway's listener. */
export function policyLimits(
  cluster: Cluster,
  hop: HopName,
  { route, gateway, listener }: { route: ClusterObject; gateway: ClusterObject; listener: string },
): Candidate[] {
  return policyRows
    .filter((row) => row.hop === hop)
    .flatMap((row) =>
      ofKind(cluster, row.kind).flatMap((policy) => {
        const value = valueAt(policy.spec, row.steps);
        // The limit of this mode is no limit on bodies: https://gateway.envoyproxy.io/latest/tasks/traffic/request-buffering/
        const isLimitOnly = valueAt(policy.spec, ['requestBuffer', 'mode']) === 'LimitOnly';
        const rank = rankOf(policy, route, gateway, listener);
        if (value === undefined || value === null || rank === undefined) return [];
        if (isLimitOnly && row.steps[0] === 'requestBuffer') return [];
        const written = textOf(value) ?? 'on';
        const source = `${row.steps.join('.')} of ${nameOf(policy)}`;
        return [
          { kind: row.limit, value: row.parse(value), written, source, isDefault: false, rank, remedy: row.remedy },
        ];
      }),
    );
}

function rankOf(
  policy: ClusterObject,
  route: ClusterObject,
  gateway: ClusterObject,
  listener: string,
): number | undefined {
  const refs = [valueAt(policy.spec, ['targetRef']), ...listAt(policy.spec, 'targetRefs')];
  const found = refs.flatMap((ref) => {
    const names = (one: ClusterObject): boolean =>
      textAt(ref, 'kind') === one.kind && textAt(ref, 'name') === one.name && policy.namespace === one.namespace;
    const section = textAt(ref, 'sectionName');
    if (names(route)) return [ranks.route];
    if (!names(gateway) || (section !== undefined && section !== listener)) return [];
    return [section === undefined ? ranks.gateway : ranks.listener];
  });
  return found.length === 0 ? undefined : Math.max(...found);
}
