import { expect, test } from 'vitest';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { knownSecrets } from '../../../src/registry/auth/known-secrets.ts';
import type { Credentials } from '../../../src/registry/target.ts';
import { pathTo } from '../../support/paths.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const gone = new Secret(() => {
  throw new Error('gone');
});
const proxy = { host: 'proxy.example.org', port: 3128, username: 'pat', password: Secret.of('p4ss') };
const basic = (password: Secret): Credentials => ({ kind: 'basic', username: 'amy', password });

test.each<
  [
    string,
    Credentials,
    Partial<Parameters<typeof pathTo>[1]>,
    Parameters<typeof pathTo>[1] | undefined,
    readonly string[],
    readonly string[],
  ]
>([
  ['nobody', { kind: 'anonymous' }, {}, undefined, [], ['anything', 'amy:s3cr']],
  ['user and password', basic(Secret.of('s3cr')), {}, undefined, ['s3cr', base64('amy:s3cr')], ['amy']],
  ['a token', { kind: 'bearer', token: Secret.of('t0ken-of-mine') }, {}, undefined, ['t0ken-of-mine'], ['amy']],
  ['a refresh token', { kind: 'identity', token: Secret.of('t0ken-of-mine') }, {}, undefined, ['t0ken-of-mine'], []],
  ['a password that cannot be read', basic(gone), { proxy }, undefined, ['p4ss'], [base64('amy:')]],
  ['a file', { kind: 'docker-config', file: '/run/secret-file' }, {}, undefined, [], ['/run/secret-file']],
  ['a proxy', { kind: 'anonymous' }, { proxy }, undefined, ['p4ss', base64('pat:p4ss')], ['pat']],
  [
    'a proxy beside a login',
    basic(Secret.of('s3cr')),
    { proxy },
    undefined,
    ['s3cr', base64('amy:s3cr'), base64('pat:p4ss')],
    [],
  ],
  ['the proxy of a second path', { kind: 'anonymous' }, {}, { proxy }, ['p4ss', base64('pat:p4ss')], []],
  [
    'a proxy whose password cannot be read',
    { kind: 'anonymous' },
    { proxy: { ...proxy, password: gone } },
    undefined,
    [],
    [base64('pat:')],
  ],
  ['headers', { kind: 'anonymous' }, { headers: { 'x-access-token': 'h34der-one' } }, undefined, ['h34der-one'], []],
  [
    'headers of a second path',
    { kind: 'anonymous' },
    {},
    { headers: { 'x-access-token': 'h34der-two' } },
    ['h34der-two'],
    [],
  ],
])('%s', (_what, credentials, changes, second, hidden, shown) => {
  const origin = 'https://registry.example.org';
  const target = { name: 'r', repository: 'a/b', credentials, cleanup: 'keep' } as const;
  const redactor = knownSecrets(
    pathTo(origin, changes),
    target,
    second === undefined ? undefined : pathTo(origin, second),
  );
  expect(hidden.filter((text) => !redactor.holds(`said: ${text} .`))).toEqual([]);
  expect(shown.filter((text) => redactor.holds(`said: ${text} .`))).toEqual([]);
});

test.each([
  ['the login', 'amy:s3cr'],
  ['that of the proxy', 'pat:p4ss'],
])('the beginning of %s at the end of a text that was cut is not shown', (_what, pair) => {
  const target = { name: 'r', repository: 'a/b', credentials: basic(Secret.of('s3cr')), cleanup: 'keep' } as const;
  const redactor = knownSecrets(pathTo('https://registry.example.org', { proxy }), target);
  expect(redactor.redactCut(`said ${base64(pair).slice(0, -2)}`)).toMatch(/^said (?:<secret>)?$/);
});
