import { describe, expect, test } from 'vitest';
import type { Exchange } from '../../../src/network/exchange.ts';
import { headerSecrets, urlSecrets } from '../../../src/network/secrets/request-secrets.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const isText = (text: string): boolean => text !== '';

describe('headers', () => {
  test.each<[value: string, credentials: readonly string[], around: readonly string[]]>([
    [`Basic ${base64('user:pass:word')}`, [base64('user:pass:word'), 'pass:word'], ['user:pass:word']],
    [`BASIC  ${base64('user:pass')}`, [base64('user:pass'), 'pass'], ['user:pass']],
    [`Bearer ${base64('user:pass')}`, [base64('user:pass')], []],
    ['key-1', ['key-1'], []],
    // What is not a scheme and one word is a secret as a whole.
    ['Digest username="probe", nonce="1"', ['Digest username="probe", nonce="1"'], []],
    ['Basic ', ['Basic '], []],
    [' Basic a', [' Basic a'], []],
  ])('%j holds the credentials %j', (value, credentials, around) => {
    const found = headerSecrets([['x-key', value]]);
    expect(found.credentials.filter(isText)).toEqual(credentials);
    expect(found.around.filter(isText)).toEqual(credentials[0] === value ? [] : [value, ...around]);
  });

  test('hold nothing in what the kind of the client decides, in any case', () => {
    const headers = { 'User-Agent': 'docker/28', range: 'bytes=0-', Accept: '*/*', 'x-range': 'key-1' };
    expect(headerSecrets(Object.entries(headers)).credentials).toEqual(['key-1']);
  });
});

describe('URLs', () => {
  function secretsOf(url: string, location?: string): string[] {
    const headers = location === undefined ? {} : { location: [location] };
    return urlSecrets({ url: new URL(url), response: { headers } } as unknown as Exchange).filter(isText);
  }

  test('hold user and password, decoded and as written', () => {
    expect(secretsOf('https://us%40er:p%40ss@registry.test/v2/')).toEqual(['us%40er', 'p%40ss', 'p@ss']);
  });

  test('hold the values of their query, decoded and as written', () => {
    expect(secretsOf('https://registry.test/?sig=a%2Fb+c&X-Key=d')).toEqual(['a/b c', 'd', 'a%2Fb+c', 'd']);
  });

  test('with a query without a name hold it whole', () => {
    expect(secretsOf('https://registry.test/?abc%2Fdef')).toEqual(['abc/def', 'abc%2Fdef']);
    expect(secretsOf('https://registry.test/?abc=')).toEqual(['abc']);
  });

  test('hold nothing in what says what is asked for', () => {
    const open = 'service=registry&scope=repository%3Aa%3Apull&mount=b&from=c&n=10';
    expect(secretsOf(`https://registry.test/?${open}&_n=key`)).toEqual(['key', 'key']);
  });

  test.each([
    ['sha256:0123456789abcdef', []],
    ['sha256%3A0123456789ABCDEF', []],
    ['sha512:0', []],
    ['xsha256:ab', ['xsha256:ab', 'xsha256:ab']],
    ['sha256:xyz', ['sha256:xyz', 'sha256:xyz']],
    ['sha256:abz', ['sha256:abz', 'sha256:abz']],
    ['shasum:ab', ['shasum:ab', 'shasum:ab']],
  ])('a digest is no secret under any name: %s', (value, secrets) => {
    expect(secretsOf(`https://registry.test/?blob=${value}`)).toEqual(secrets);
  });

  test('of the answer count as well, from the URL that was asked; one that is none holds nothing', () => {
    expect(secretsOf('https://registry.test/v2/', '/upload?_state=abc')).toEqual(['abc', 'abc']);
    expect(secretsOf('https://registry.test/?a=asked', 'https://store.test/?b=answered')).toEqual([
      'asked',
      'asked',
      'answered',
      'answered',
    ]);
    expect(secretsOf('https://registry.test/v2/', 'https://[')).toEqual([]);
    expect(secretsOf('https://registry.test/v2/')).toEqual([]);
  });
});
