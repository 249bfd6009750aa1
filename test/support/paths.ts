import { type NetworkPath, pathDefaults } from '../../src/network/path.ts';

/** A path to `origin` with nothing special about it, but for `changes`. */
export function pathTo(origin: string, changes: Partial<NetworkPath> = {}): NetworkPath {
  return {
    name: 'direct',
    origin,
    kind: 'direct',
    ...pathDefaults,
    ...changes,
  };
}
