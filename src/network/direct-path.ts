import type { NetworkPath } from './path.ts';

/** The path to compare with, and to put blobs there over: the first internal, else direct one that is another; undefined: there is none. */
export function directPathBeside(paths: readonly NetworkPath[], { name }: NetworkPath): NetworkPath | undefined {
  const others = paths.filter((path) => path.name !== name);
  return others.find(({ kind }) => kind === 'internal') ?? others.find(({ kind }) => kind === 'direct');
}
