import { formatBytes } from '../probe/byte-words.ts';
import type { Found, FoundPath, HopLimit } from './found-path.ts';
import type { Cluster } from './objects.ts';

/**
 * `fault`: what is written keeps a push of the size from getting through. `doubt`: it may, as far as the cluster tells: a default that the
 * hop's own configuration may change, or something that could not be read. `note`: worth knowing.
 */
type Severity = 'fault' | 'doubt' | 'note';

export interface Finding {
  readonly severity: Severity;
  /** Name of the path; absent: of none. */
  readonly path?: string;
  /** One sentence without its full stop. */
  readonly text: string;
  readonly remedy?: string;
}

/** What keeps a body of `sizeBytes` from getting through, known before it is pushed. Faults first. Pure. */
export function findings(cluster: Cluster, found: Found, sizeBytes: number): Finding[] {
  const all: Finding[] = [
    ...found.paths.flatMap((one) => onPath(one, sizeBytes)),
    ...cluster.unread.map(({ kind, why }) => ({
      severity: 'doubt' as const,
      text: `${kind} objects cannot be listed (${why}): what they say is not known`,
    })),
    ...found.leftOut.map(({ source, why }) => ({ severity: 'note' as const, text: `${source}: ${why}` })),
  ];
  const order: readonly Severity[] = ['fault', 'doubt', 'note'];
  return order.flatMap((severity) => all.filter((one) => one.severity === severity));
}

function onPath({ path, limits, notes }: FoundPath, sizeBytes: number): Finding[] {
  const found = limits.flatMap((limit) => ofLimit(limit, sizeBytes));
  const noted = notes.map((text) => ({
    severity: /does not serve|is named and not there/.test(text) ? ('fault' as const) : ('note' as const),
    text,
  }));
  return [...found, ...noted].map((one) => ({ ...one, path: path.name }));
}

function ofLimit(limit: HopLimit, sizeBytes: number): Finding[] {
  const { kind, value, written, source, isDefault, remedy } = limit;
  if (value === undefined)
    return [{ severity: 'fault', text: `${source} is ${JSON.stringify(written)}, which cannot be read`, remedy }];
  if (kind !== 'body' || value >= sizeBytes) return [];
  const size = `${written}, ${formatBytes(value)}`;
  const unless = isDefault ? " unless the hop's own configuration says otherwise" : '';
  const text = `a body of ${formatBytes(sizeBytes)} is refused${unless}: ${source} is ${size}`;
  return [{ severity: isDefault ? 'doubt' : 'fault', text, remedy }];
}
