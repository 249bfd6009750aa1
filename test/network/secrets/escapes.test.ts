import { expect, test } from 'vitest';
import { characterOf, escapes } from '../../../src/network/secrets/escapes.ts';

test.each([
  ['&#1114111;', '\u{10ffff}'],
  // Beyond Unicode: nothing is thrown at what a hostile server wrote.
  ['&#9999999;', '\ufffd'],
  ['&#x110000;', '\ufffd'],
  ['\\U0001f511', '🔑'],
  ['\\u{000073}', 's'],
  ['\\u{10ffff}', '\u{10ffff}'],
  ['\\u000a1f51', '\n1f51'],
  ['\\u00e4', 'ä'],
  ['\\U00e4', 'ä'],
  ['\\u{1f511}', '🔑'],
  ['&nosuchname;', undefined],
  ['&amp', '&'],
  ['\\x41', 'A'],
  ['\\xc3\\xa4', 'ä'],
  ['\\101', 'A'],
  ['\\n', '\n'],
  ['\\/', '/'],
  ['\\\\', '\\'],
])('%s stands for %j', (escape, character) => {
  expect(escape.match(escapes)).toEqual([escape]);
  expect(characterOf(escape)).toBe(character);
});
