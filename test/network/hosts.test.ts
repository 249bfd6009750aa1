import { describe, expect, test } from 'vitest';
import { bareHost, bracketed, effectivePort, isAllowedHost, isOwnHost, isOwnOrigin } from '../../src/network/hosts.ts';
import { pathTo } from '../support/paths.ts';

test.each([
  ['https://r.test', 443, 'r.test'],
  ['http://r.test', 80, 'r.test'],
  ['https://r.test:80', 80, 'r.test'],
  ['http://r.test:443', 443, 'r.test'],
  ['http://[2001:db8::1]:5000', 5000, '2001:db8::1'],
])('%s is at port %d of %s', (url, port, host) => {
  expect([effectivePort(new URL(url)), bareHost(new URL(url))]).toEqual([port, host]);
  const path = pathTo(url);
  expect(isOwnHost(path, { host, port })).toBe(true);
  expect(isOwnHost(path, { host, port: port + 1 })).toBe(false);
  expect(isOwnHost(path, { host: `x${host}`, port })).toBe(false);
});

test('an IPv6 address goes into brackets, a name and an IPv4 address do not', () => {
  expect(['2001:db8::1', 'r.test', '192.0.2.1'].map(bracketed)).toEqual(['[2001:db8::1]', 'r.test', '192.0.2.1']);
});

describe('the own origin of a path', () => {
  test.each<[string, string, boolean]>([
    ['https://r.test', 'https://r.test/v2/', true],
    ['https://r.test', 'https://r.test:443/v2/', true],
    ['https://r.test', 'https://r.test:5000/v2/', false],
    ['https://r.test', 'http://r.test/v2/', false],
    ['https://r.test', 'https://other.test/', false],
    ['http://r.test', 'https://r.test/v2/', true],
    ['http://r.test', 'https://r.test:8443/v2/', false],
    ['http://r.test', 'https://other.test/', false],
    ['http://r.test:5000', 'https://r.test/v2/', false],
    ['http://r.test:5000', 'http://r.test:5000/v2/', true],
  ])('%s and %s: %s', (origin, url, expected) => {
    expect(isOwnOrigin({ origin }, new URL(url))).toBe(expected);
    expect(isAllowedHost({ origin, allowHosts: [] }, new URL(url))).toBe(expected);
  });
});

describe('hosts that a path allows', () => {
  test.each<[string, string, string, boolean]>([
    ['https://r.test', 'up.test', 'https://up.test/', true],
    ['https://r.test', 'up.test', 'https://up.test:5000/', false],
    ['https://r.test', 'up.test', 'http://up.test/', false],
    ['https://r.test', 'up.test', 'https://sub.up.test/', false],
    ['https://r.test', 'up.test:5000', 'https://up.test:5000/', true],
    ['https://r.test', 'up.test:5000', 'https://up.test/', false],
    ['https://r.test', 'http://up.test', 'http://up.test/', true],
    ['https://r.test', 'HTTP://up.test', 'http://up.test/', true],
    ['https://r.test', 'http://up.test', 'https://up.test/', false],
    ['https://r.test', 'https://up.test:5000', 'https://up.test:5000/', true],
    ['http://r.test', 'up.test', 'http://up.test/', true],
    ['http://r.test', 'up.test', 'https://up.test/', true],
    ['http://r.test', '0x7f000001', 'http://127.0.0.1/', true],
    ['https://r.test', 'no host', 'https://up.test/', false],
  ])('of %s, %s lets credentials go to %s: %s', (origin, entry, url, expected) => {
    expect(isAllowedHost({ origin, allowHosts: ['x.test', entry] }, new URL(url))).toBe(expected);
  });

  test('are of http and https alone', () => {
    const path = { origin: 'http://r.test', allowHosts: ['up.test'] };
    expect(isAllowedHost(path, new URL('ftp://up.test/'))).toBe(false);
    expect(isAllowedHost(path, new URL('ftp://r.test/'))).toBe(false);
  });
});
