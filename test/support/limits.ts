import type { PathLimit } from '../../src/probe/limits/limit.ts';

/** A limit on size that was found on the edge of gitea as docker. */
export function foundLimit(changes: Partial<PathLimit> = {}): PathLimit {
  return {
    registry: 'gitea',
    path: 'edge',
    client: 'docker',
    unit: 'bytes',
    direction: 'push',
    conclusion: 'found',
    why: 'why',
    bytesSpent: 0,
    ...changes,
  };
}
