import { expect, test } from 'vitest';
import { found, quote } from '../../src/config/expected.ts';

test('a text of 80 characters is quoted whole, a longer one is cut to 79', () => {
  expect(quote('a'.repeat(80))).toBe(`"${'a'.repeat(80)}"`);
  expect(quote('a'.repeat(81))).toBe(`"${'a'.repeat(79)}…"`);
});

test.each<[string, unknown, string]>([
  ['a truth value', false, 'false'],
  ['a number', 1.5, '1.5'],
  ['a text', 'a\nb', '"a\\nb"'],
  ['a list', [false], 'a list'],
  ['a map', { a: 1 }, 'a map'],
])('%s is shown under a key that holds no secret', (_what, value, shown) => {
  expect(found(value, ['checks', 'small', 'every'])).toBe(shown);
});

// What looks like the name of a variable is shown under a key for such names, and under no other.
test.each<[key: string, value: unknown, shown: string]>([
  ['passwordEnv', 'HUNTER_2', '"HUNTER_2"'],
  ['passwordEnv', 'hunter2', 'a string'],
  ['passwordEnv', 12345678, 'a number (quote it)'],
  ['password', 'HUNTER_2', 'a string'],
  ['passwordFile', 'HUNTER_2', 'a string'],
  ['username', 'HUNTER_2', 'a string'],
  ['identityToken', true, 'a boolean (quote it)'],
  ['proxy', 'HUNTER_2', 'a string'],
  ['credentials', 'HUNTER_2', 'a string'],
  ['headers', 'HUNTER_2', 'a string'],
])('under the key %s, %j is %s', (key, value, shown) => {
  expect(found(value, ['registries', 'gitea', key])).toBe(shown);
});

test('the value of a header is named by its type, whatever the header', () => {
  expect(found('HUNTER_2', ['headers', 'X-Probe'])).toBe('a string');
});

test.each([
  ['https://u:hunter2@r.example/?a@b', '"<secret>@b"'],
  ['https://r.example/\n?hunter2\nhunter3', '"https://r.example/\\n?<secret>"'],
  ['a\nhunter2@r.example', '"<secret>@r.example"'],
])('of the URL %j what may be a secret is left out', (url, shown) => {
  expect(found(url, ['paths', 'public', 'url'])).toBe(shown);
});
