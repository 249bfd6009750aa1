import { expect, test } from 'vitest';
import { Secret } from '../../../src/network/secrets/secret.ts';
import {
  basicHeader,
  bearerHeader,
  errorCodeSuffix,
  secretTextOf,
  textOf,
} from '../../../src/registry/auth/credentials.ts';

const gone = new Secret(() => {
  throw Object.assign(new Error('/run/secrets/x: gone'), { code: 'ENOENT' });
});
const basic = (password: Secret) => ({ kind: 'basic', username: 'ämy', password }) as const;

test('headers of credentials', () => {
  const pair = Buffer.from(basicHeader(basic(Secret.of('pä:ss'))).replace(/^Basic /, ''), 'base64');
  expect(pair.toString('utf8')).toBe('ämy:pä:ss');
  expect(bearerHeader(Secret.of('!~token'))).toBe('Bearer !~token');
});

test.each<[string, () => string, string]>([
  ['a password that is gone', () => basicHeader(basic(gone)), 'the password cannot be read (ENOENT)'],
  ['a token that is gone', () => bearerHeader(gone), 'the token cannot be read (ENOENT)'],
  ...['', 'a b', 'a\n', 'é', '\u007f'].map((token): [string, () => string, string] => [
    `the token ${JSON.stringify(token)}`,
    () => bearerHeader(Secret.of(token)),
    'the token has characters that cannot stand in a header',
  ]),
])('%s has no header', (_what, act, message) => {
  expect(act).toThrow(expect.objectContaining({ problem: 'credentials_unreadable', message }));
});

test('the text of what can be read', () => {
  expect([textOf(Secret.of('x')), textOf(gone)]).toEqual(['x', undefined]);
  expect(secretTextOf(basic(Secret.of('p')))).toBe('p');
  expect(secretTextOf({ kind: 'bearer', token: Secret.of('t') })).toBe('t');
  expect(secretTextOf({ kind: 'identity', token: gone })).toBeUndefined();
  expect(secretTextOf({ kind: 'anonymous' })).toBeUndefined();
  expect(secretTextOf({ kind: 'docker-config', file: '/x' })).toBeUndefined();
});

test.each([
  [Object.assign(new Error('x'), { code: 'EACCES' }), ' (EACCES)'],
  [Object.assign(new Error('x'), { code: 5 }), ''],
  [new Error('x'), ''],
  [{ code: 'EACCES' }, ''],
  [undefined, ''],
])('the code of %j', (error, suffix) => {
  expect(errorCodeSuffix(error)).toBe(suffix);
});
