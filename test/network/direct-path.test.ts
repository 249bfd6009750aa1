import { expect, test } from 'vitest';
import { directPathBeside } from '../../src/network/direct-path.ts';
import type { NetworkPath } from '../../src/network/path.ts';
import { pathTo } from '../support/paths.ts';

const path = (name: string, kind: NetworkPath['kind']): NetworkPath => pathTo('https://r.test', { name, kind });

test.each<[string, readonly NetworkPath[], string | undefined]>([
  ['the first internal one', [path('a', 'direct'), path('b', 'internal'), path('c', 'internal')], 'b'],
  ['else the first direct one', [path('a', 'ingress'), path('b', 'direct'), path('c', 'direct')], 'b'],
  ['none of another kind', [path('a', 'ingress')], undefined],
  ['not the path itself', [path('own', 'internal'), path('a', 'direct')], 'a'],
  ['none', [path('own', 'internal')], undefined],
])('the path to compare with is %s', (_what, paths, expected) => {
  expect(directPathBeside(paths, path('own', 'internal'))?.name).toBe(expected);
});
