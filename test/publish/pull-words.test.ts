import { expect, test } from 'vitest';
import type { PullFacts } from '../../src/probe/outcome.ts';
import { pullWords } from '../../src/publish/pull-words.ts';

const MiB = 1024 ** 2;
const plain: PullFacts = { bytesPerSecond: 80 * MiB, firstAnswerMs: 20, cache: [], resumed: 0 };

test.each<readonly [Partial<PullFacts>, string]>([
  [{}, 'cold 80 MiB/s, first answer after 20 ms'],
  [{ bytesPerSecond: undefined }, 'cold not to its end, first answer after 20 ms'],
  [{ firstAnswerMs: undefined }, 'cold 80 MiB/s'],
  [{ firstAnswerMs: 0 }, 'cold 80 MiB/s, first answer after 0 ms'],
  [{ cache: ['MISS', 'HIT (age 3)'] }, 'cold 80 MiB/s, first answer after 20 ms, cache MISS, HIT (age 3)'],
  [{ resumed: 1 }, 'cold 80 MiB/s, first answer after 20 ms, went on after a cut once'],
  [{ resumed: 3 }, 'cold 80 MiB/s, first answer after 20 ms, went on after a cut 3 times'],
])('%j', (changes, words) => {
  expect(pullWords({ pulls: { cold: { ...plain, ...changes } } })).toEqual([words]);
});

test('the cold round comes first, and what was not pulled has no words', () => {
  expect(pullWords({ pulls: { warm: plain, cold: plain } }).map((words) => words.slice(0, 4))).toEqual([
    'cold',
    'warm',
  ]);
  expect(pullWords({ pulls: { warm: plain } })).toHaveLength(1);
  expect(pullWords({})).toEqual([]);
});
