import type { PathLimit } from '../probe/limits/limit.ts';
import type { View } from './api/schemas.ts';

/** A limit as JSON, its sides in the words of the metric's label. */
export function limitView({
  registry,
  path,
  client,
  unit,
  direction,
  largestAccepted,
  smallestRejected,
}: PathLimit): View<'Limit'> {
  const bounds = { largest_accepted: largestAccepted, smallest_rejected: smallestRejected };
  return { registry, path, client, unit, direction, bounds };
}
