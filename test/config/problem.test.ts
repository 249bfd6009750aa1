import { expect, test } from 'vitest';
import { ConfigError, type ConfigProblem, positionAfter } from '../../src/config/problem.ts';

const problem = (message: string, line?: number, column = 1): ConfigProblem => ({
  file: 'c.yaml',
  position: line === undefined ? undefined : { line, column },
  path: [],
  message,
});

test('problems are told once each, in the order of the file; what is wrong with the file as a whole comes first', () => {
  const problems = [
    problem('d', 3),
    problem('c', 2, 5),
    problem('a'),
    problem('b', 2, 4),
    problem('c', 2, 5),
    problem('e', 3, 9),
    problem('and a'),
  ];
  expect(new ConfigError(problems).problems.map(({ message }) => message)).toEqual(['a', 'and a', 'b', 'c', 'd', 'e']);
  expect(new ConfigError([problem('b', 1), problem('a')]).message).toBe('c.yaml: a\nc.yaml:1:1: b');
});

test.each([
  ['', 1, 1],
  ['ab', 1, 3],
  ['ab\n', 2, 1],
  ['a\n\nbcd', 3, 4],
])('behind %j is line %d, column %d', (text, line, column) => {
  expect(positionAfter(text)).toEqual({ line, column });
});
