import { describe, expect, test } from 'vitest';
import { proxyFromEnvironment } from '../../src/network/environment-proxy.ts';

const at = (env: Record<string, string>, url: string): string => {
  const proxy = proxyFromEnvironment(env)(new URL(url));
  return proxy === undefined ? 'direct' : `${proxy.host}:${proxy.port}`;
};

describe('proxyFromEnvironment', () => {
  test.each([
    ['https takes HTTPS_PROXY', { HTTPS_PROXY: 'http://p.test:3128' }, 'https://r.test', 'p.test:3128'],
    ['http does not', { HTTPS_PROXY: 'http://p.test:3128' }, 'http://r.test', 'direct'],
    ['http takes HTTP_PROXY', { HTTP_PROXY: 'p.test:3128' }, 'http://r.test', 'p.test:3128'],
    ['lower case counts', { https_proxy: 'http://p.test' }, 'https://r.test', 'p.test:80'],
    [
      'upper case first',
      { https_proxy: 'http://low.test', HTTPS_PROXY: 'http://up.test' },
      'https://r.test',
      'up.test:80',
    ],
    ['an empty one is none', { HTTPS_PROXY: '', https_proxy: 'http://low.test:1' }, 'https://r.test', 'low.test:1'],
    ['ALL_PROXY is not read', { ALL_PROXY: 'http://p.test:1' }, 'https://r.test', 'direct'],
    ['what has no host is no proxy', { HTTPS_PROXY: 'p test:1' }, 'https://r.test', 'direct'],
    ['no URL is no proxy', { HTTPS_PROXY: 'http://u:%zz@p.test:1' }, 'https://r.test', 'direct'],
    ['IPv6 proxies', { HTTPS_PROXY: 'http://[2001:db8::1]:8080' }, 'https://r.test', '2001:db8::1:8080'],
  ])('%s', (_name, env, url, expected) => expect(at(env as Record<string, string>, url)).toBe(expected));

  test.each([
    ['localhost', '', 'direct'],
    ['127.0.0.9', '', 'direct'],
    ['[::1]', '', 'direct'],
    ['10.1.2.3', '', 'proxied'],
    ['r.test', '*', 'direct'],
    ['r.test', 'r.test', 'direct'],
    ['a.r.test', 'r.test', 'direct'],
    ['xr.test', 'r.test', 'proxied'],
    ['r.test', '.r.test', 'proxied'],
    ['a.r.test', '.r.test', 'direct'],
    ['a.r.test', '*.r.test', 'direct'],
    ['r.test', '*.r.test', 'proxied'],
    ['r.test', 'other.test, R.Test ', 'direct'],
    ['r.test:5000', 'r.test:5000', 'direct'],
    ['r.test:5001', 'r.test:5000', 'proxied'],
    ['r.test', 'r.test:443', 'direct'],
    ['10.1.2.3', '10.0.0.0/8', 'direct'],
    ['11.1.2.3', '10.0.0.0/8', 'proxied'],
    ['10.1.2.3:5000', '10.1.2.3:5000', 'direct'],
    ['10.1.2.3', '1.2.3', 'proxied'],
    ['[2001:db8::7]', '2001:db8::/32', 'direct'],
    ['[2001:db8::7]:5000', '[2001:db8::7]:5000', 'direct'],
    ['[2001:db8::7]', '[2001:db8::7]', 'direct'],
    ['[2001:db8::7]', '2001:db8::7', 'direct'],
    ['[2001:db8::8]', '2001:db8::7', 'proxied'],
    ['[2001:db8::7]', '2001:db8::7/128', 'direct'],
    ['[2001:db8::7]', '2001:db8::7/129', 'proxied'],
    ['10.1.2.3', '10.1.2.3/32', 'direct'],
    ['10.1.2.3', '10.1.2.3/33', 'proxied'],
    ['10.1.2.4', '10.1.2.3', 'proxied'],
    ['10.1.2.3:5001', '10.1.2.3:5000', 'proxied'],
    ['r.test', '10.0.0.0/8', 'proxied'],
    ['[::ffff:127.0.0.1]', '', 'direct'],
    ['[::ffff:10.0.0.1]', '', 'proxied'],
    ['127.test', '', 'proxied'],
    ['10.1.2.3', 'x10.0.0.0/8', 'proxied'],
    ['10.1.2.3', '10.0.0.0/8x', 'proxied'],
    ['r.test.', ',', 'proxied'],
    ['r.test', ',,:443, ', 'proxied'],
    ['r.test', ', r.test,', 'direct'],
  ])('%s with NO_PROXY %j goes %s', (host, noProxy, expected) => {
    const way = at({ HTTPS_PROXY: 'http://p.test:3128', NO_PROXY: noProxy }, `https://${host}`);
    expect(way).toBe(expected === 'direct' ? 'direct' : 'p.test:3128');
  });

  test('a proxy without credentials has none; the case of its scheme does not matter', () => {
    const proxy = proxyFromEnvironment({ HTTPS_PROXY: 'HTTP://p.test' })(new URL('https://r.test'));
    expect(proxy).toEqual({ host: 'p.test', port: 80, username: undefined, password: undefined });
  });

  test('NO_PROXY counts in lower case, too', () => {
    expect(at({ HTTPS_PROXY: 'p.test:1', no_proxy: 'r.test' }, 'https://r.test')).toBe('direct');
  });

  test('credentials are taken from the URL and not shown', () => {
    const proxy = proxyFromEnvironment({ HTTPS_PROXY: 'http://u:p%40w@p.test:3128' })(new URL('https://r.test'));
    expect(proxy).toMatchObject({ host: 'p.test', port: 3128, username: 'u' });
    expect(proxy?.password?.reveal()).toBe('p@w');
    expect(JSON.stringify(proxy)).not.toContain('p@w');
  });

  test('what cannot be used is said, without its credentials', () => {
    const choose = proxyFromEnvironment({ HTTPS_PROXY: 'socks5://u:hidden@p.test:1080' });
    expect(() => choose(new URL('https://r.test'))).toThrow(/^HTTPS_PROXY names a socks5 proxy/);
    expect(() => choose(new URL('https://r.test'))).not.toThrow(/hidden/);
    expect(choose(new URL('https://localhost'))).toBeUndefined();
    const cgi = proxyFromEnvironment({ HTTP_PROXY: 'p.test:1', REQUEST_METHOD: 'GET' });
    expect(() => cgi(new URL('http://r.test'))).toThrow(/CGI/);
    expect(at({ HTTPS_PROXY: 'p.test:1', REQUEST_METHOD: 'GET' }, 'https://r.test')).toBe('p.test:1');
    expect(at({ REQUEST_METHOD: 'GET' }, 'http://r.test')).toBe('direct');
  });
});
