import { describe, expect, test } from 'vitest';
import { secretTexts, startAtEnd, withoutSecrets } from '../../../src/network/secrets/secret-text.ts';

const hidden = (text: string, secret: string, inParts = true): string =>
  withoutSecrets(text, secretTexts(secret, inParts));

/** So many characters, no two of them alike. */
const distinct = (length: number): string => String.fromCodePoint(...Array.from({ length }, (_, at) => 0x4e00 + at));

describe('a part of a secret', () => {
  // Of each secret the shortest part that is hidden: three fifths of it, 8 characters at least and 24 at most.
  test.each([
    [9, 8],
    [20, 12],
    [21, 13],
    [40, 24],
    [60, 24],
  ])('of %i characters is hidden from %i on, wherever it begins and stands', (length, fragment) => {
    const secret = distinct(length);
    const places: readonly ((part: string) => string)[] = [
      (part) => part,
      (part) => `you gave ${part}`,
      (part) => `${part} was given`,
    ];
    for (const place of places) {
      for (let at = 0; at + fragment <= length; at += 1) {
        const part = secret.slice(at, at + fragment);
        expect(hidden(place(part), secret)).toBe(place('<secret>'));
        const shorter = place(part.slice(1));
        expect(hidden(shorter, secret)).toBe(shorter);
      }
    }
  });

  test('is shown of what is no secret in parts', () => {
    const secret = distinct(40);
    expect(hidden(secret.slice(1), secret, false)).toBe(secret.slice(1));
    expect(hidden(secret, secret, false)).toBe('<secret>');
  });

  test('is shown of its base64 where what that stands for is', () => {
    const secret = Buffer.alloc(45, 'Zq7w-').toString('base64');
    const written = Buffer.from(secret).toString('base64').slice(0, 28);
    expect(hidden(written, secret)).toBe(written);
  });

  test('is hidden each time', () => {
    const secret = distinct(40);
    const [begin, end] = [secret.slice(0, 30), secret.slice(-30)];
    expect(hidden(`${begin}, ${end}, ${begin}`, secret)).toBe('<secret>, <secret>, <secret>');
    expect(hidden(`${end}${begin}`, secret)).toBe('<secret>');
    expect(hidden(`${secret.slice(16)}${secret.slice(3, 27)}`, secret)).toBe('<secret>');
  });
});

describe('a secret', () => {
  test('is one with another that touches or overlaps it', () => {
    const secrets = ['abcdefghij', 'hijklmnopq', 'cdefghijkl'].flatMap((secret) => secretTexts(secret, false));
    expect(withoutSecrets('1 abcdefghijhijklmnopq 2', secrets)).toBe('1 <secret> 2');
    expect(withoutSecrets('abcdefghijklmnopq', secrets)).toBe('<secret>');
    expect(withoutSecrets('abcdefghij hijklmnopq', secrets)).toBe('<secret> <secret>');
  });

  test('in base64 is hidden whatever stands before it, in either alphabet', () => {
    const secret = 'a~~?b~~?c~~>d~~>';
    for (const encoding of ['base64', 'base64url'] as const) {
      const written = ['', 'x', 'xx'].map((before) => Buffer.from(`${before}${secret}`).toString(encoding));
      for (const text of ['', 'T', 'Tk', 'Tkn'].flatMap((glued) => written.map((code) => `${glued}${code}.`)))
        expect(hidden(text, secret)).toMatch(/^[\w+/-]{0,7}<secret>[\w=]{0,4}\.$/);
    }
  });

  test('of eight characters is hidden within a word, one of seven as a word alone', () => {
    expect(hidden('xabcdefghx', 'abcdefgh', false)).toBe('x<secret>x');
    expect(hidden('xabcdefgx abcdefg', 'abcdefg')).toBe('xabcdefgx <secret>');
  });

  test('of few characters is hidden in hexadecimal digits, too', () => {
    expect(hidden('got 64656d6f', 'demo')).toBe('got <secret>');
    expect(hidden('Z got ZGVt', 'demo')).toBe('Z got ZGVt');
  });

  test('is found where the text around it would read as something else', () => {
    expect(hidden('%41ALPHABET', '41alphabet', false)).toBe('%<secret>');
    expect(hidden('%41ÄLPHABET', '41Älphabet', false)).toBe('%<secret>');
  });

  test('that is hidden whole or not at all is found in other spellings as well, a short one as a whole word', () => {
    expect(hidden('got %61bcdefghij.', 'abcdefghij', false)).toBe('got <secret>.');
    expect(hidden('got a/b/c/d/e/f.', 'a%2Fb/c/d/e/f', false)).toBe('got <secret>.');
    expect(hidden('/d%65mo/ d%65monstrates', 'demo', false)).toBe('/<secret>/ d%65monstrates');
  });

  test('that cannot be seen hides nothing but itself', () => {
    const secret = '\u200b'.repeat(9);
    expect(hidden('a text', secret)).toBe('a text');
    expect(hidden(`a ${secret} text`, secret)).toBe('a <secret> text');
    expect(startAtEnd('a text', secretTexts(secret, true))).toBe(0);
    expect(startAtEnd('a tëxt', secretTexts(secret, true))).toBe(0);
  });

  test('of which the end of a text has the first character, or all but the last, may begin there', () => {
    const secrets = secretTexts('swordfish', true);
    expect(startAtEnd('a swordfis', secrets)).toBe(8);
    expect(startAtEnd('A S', secrets)).toBe(1);
    expect(startAtEnd('swo', secrets)).toBe(3);
    expect(startAtEnd('a sword ', secrets)).toBe(0);
    expect(startAtEnd('a %73wor', secrets)).toBe(6);
  });
});
