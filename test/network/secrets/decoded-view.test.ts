import { describe, expect, test } from 'vitest';
import { decodedView, decodedViews } from '../../../src/network/secrets/decoded-view.ts';

/** The part of `text` that stands for `part` of its view. */
function standsFor(text: string, part: string): string | undefined {
  for (const view of decodedViews(text)) {
    const at = view.text.indexOf(part);
    if (at >= 0) return text.slice(...view.rangeOf(at, at + part.length));
  }
  return undefined;
}

test.each<[what: string, text: string, view: string]>([
  ['a text', 'A b', 'a b'],
  ['a form', 'correct+horse', 'correct horse'],
  ['invisible characters', 'a\u200bb\0c', 'abc'],
  ['an escape that stands for an invisible character', 'pass&shy;word', 'password'],
  ['an escape with an invisible character in it', '%\u200b41b', 'ab'],
  ['what is escaped thrice', '%252541', 'a'],
  ['what is escaped once more, up to there,', '%25252541', '%41'],
  ['letters that are two in upper case', 'Straße', 'strasse'],
])('%s is seen as its reader sees it', (_what, text, view) => {
  expect(decodedView(text).text).toBe(view);
});

describe('what stands for a part is exact', () => {
  test.each([
    ['x pa\u200bss y', 'pass', 'pa\u200bss'],
    ['x pa\u200bss y', 'x', 'x'],
    ['x pa\u200bss y', 'y', 'y'],
    ['x %70a&#115;s y', 'pass', '%70a&#115;s'],
    ['x 🔑%70ass🔑 y', 'pass', '%70ass'],
    ['x %2570ass y', 'pass', '%2570ass'],
    ['ä pass ä', 'pass', 'pass'],
    // What was in one code is not told apart.
    ['x dXNlcjpwYXNzd29yZDEy y', 'password1', 'dXNlcjpwYXNzd29yZDEy'],
    ['a plain text', 'plain', 'plain'],
  ])('in %j for %j', (text, part, written) => {
    expect(standsFor(text, part)).toBe(written);
  });
});
