import { expect, test } from 'vitest';
import { nearest } from '../../src/config/nearest.ts';

test.each<[string, readonly string[], string | undefined]>([
  ['path', ['paths'], 'paths'],
  ['pathss', ['paths'], 'paths'],
  ['pathz', ['paths'], 'paths'],
  ['ptahs', ['paths'], 'paths'],
  ['PATHS', ['paths'], 'paths'],
  ['paths', ['paths', 'path'], 'paths'],
  ['budgets', ['registries', 'budget', 'checks'], 'budget'],
  // Of two that are as close the first counts.
  ['path', ['paths', 'pathe'], 'paths'],
  ['path', ['pathsx', 'pathe'], 'pathe'],
  // A swap of neighbours is one edit, anywhere in the word.
  ['abdc', ['abcd'], 'abcd'],
  ['ba', ['ab'], 'ab'],
  ['acb', ['abc'], 'abc'],
  // Half of one is none, and it comes on top of what is wrong before it.
  ['ab', ['xa'], undefined],
  ['ab', ['bx'], undefined],
  ['xabdc', ['yabcd'], undefined],
  // One edit in a short word, a third of a longer one.
  ['a', ['b'], 'b'],
  ['ab', ['xy'], undefined],
  ['abcdef', ['abcdxy'], 'abcdxy'],
  ['abcdef', ['abcxyz'], undefined],
  ['abcdefghi', ['abcdefxyz'], 'abcdefxyz'],
  ['abcdef', ['abcdefghi'], 'abcdefghi'],
  ['abcdef', ['abcdefghij'], undefined],
  ['colour', ['repository', 'credentials'], undefined],
  ['', ['a'], 'a'],
  ['x'.repeat(64), [`${'x'.repeat(63)}y`], `${'x'.repeat(63)}y`],
  ['x'.repeat(65), [`${'x'.repeat(64)}y`], undefined],
  ['paths', [], undefined],
])('for %j of %j somebody meant %j', (word, candidates, meant) => {
  expect(nearest(word, candidates)).toBe(meant);
});
