import { expect, test } from 'vitest';
import { tooDeepAt } from '../../src/config/yaml-depth.ts';

test.each([
  ['as many brackets as may be', '['.repeat(100), undefined],
  ['one more', '['.repeat(101), 100],
  ['whatever stands between them', '[a, {b: '.repeat(51), 400],
  ['closed ones do not count', '[]'.repeat(1_000), undefined],
  ['as deep as blanks may stand', `a:\n${' '.repeat(399)}b: 1`, undefined],
  ['deeper', `a:\n${' '.repeat(400)}b: 1`, 3],
  ['dashes are levels, too', `a:\n${'- '.repeat(400)}b`, 3],
])('%s', (_name, text, at) => {
  expect(tooDeepAt(text)).toBe(at);
});

test.each(['[]', '{}', '[{}]', ']', '}'])('what is closed is not deep: %s, two hundred times', (text) => {
  expect(tooDeepAt(text.repeat(200))).toBeUndefined();
});

test.each(['[', '{', '[{'])('a hundred levels of %s are not too deep, the next one is', (text) => {
  const levels = text.repeat(101).slice(0, 101);
  expect(tooDeepAt(levels.slice(1))).toBeUndefined();
  expect(tooDeepAt(`}]${levels}`)).toBe(102);
});
