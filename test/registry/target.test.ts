import { expect, test } from 'vitest';
import { isRepositoryName } from '../../src/registry/target.ts';

test.each([
  ['a', true],
  ['a/b', true],
  ['team-1/app_x/a.b/a__b/a---b', true],
  ['', false],
  ['A', false],
  ['a/', false],
  ['/a', false],
  ['a//b', false],
  ['a..b', false],
  ['a___b', false],
  ['-a', false],
  ['a-', false],
  ['a/.b', false],
  ['a/../b', false],
  ['a b', false],
  ['ä', false],
  ['x'.repeat(255), true],
  ['x'.repeat(256), false],
])('%s is the name of a repository: %j', (name, expected) => {
  expect(isRepositoryName(name)).toBe(expected);
});
