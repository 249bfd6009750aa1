import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { authorityOf, originOf, parseUrl, WrittenUrl } from '../../src/network/parse-url.ts';
import { nextLocation, withDigest } from '../../src/registry/location.ts';
import { pathTo } from '../support/paths.ts';
import { get, Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());

describe('Host says what the URL says, port included, as Go sends it', () => {
  test.each([
    ['https://r.test:443', '/v2/', 'r.test:443'],
    ['https://r.test', '/v2/', 'r.test'],
    ['http://R.Test:80/', 'v2/', 'r.test:80'],
    ['https://r.test:443', 'https://r.test/v2/', 'r.test'],
    ['https://r.test', 'https://r.test:443/v2/', 'r.test:443'],
    ['https://r.test:443', '//other.test/v2/', 'other.test'],
    ['https://r.test', 'https://r.test:5000/v2/', 'r.test:5000'],
    ['https://[2001:db8::1]:443', '/v2/', '[2001:db8::1]:443'],
    ['https://u:p@r.test:443/', '/v2/', 'r.test:443'],
    ['https://r.test/?u=https://x.test:443', '/v2/', 'r.test'],
    ['https://r.test', '/v2/?u=https://x.test:443', 'r.test'],
    ['https://u:443@r.test/', '/v2/', 'r.test'],
  ])('%s and then %s: %s', (base, text, expected) => {
    const url = new WrittenUrl(text, new WrittenUrl(base));
    expect(authorityOf(url)).toBe(expected);
    expect(authorityOf(new WrittenUrl(url))).toBe(expected);
    expect(url.href).toBe(new URL(text, base).href);
  });

  test('a path of the configuration keeps it, and so do Locations', () => {
    const path = pathTo('https://r.test:443');
    expect(originOf(new WrittenUrl('HTTPS://R.test:443/'))).toBe('https://r.test:443');
    const answered = (location: string) => ({
      url: new WrittenUrl('/v2/a/blobs/uploads/', path.origin),
      response: { headers: { location: [location] } },
    });
    const next = (location: string): string => {
      const exchange = answered(location) as unknown as Parameters<typeof nextLocation>[1];
      return authorityOf(withDigest(nextLocation({ path }, exchange, 'start'), 'sha256:0'));
    };
    expect(next('/v2/a/blobs/uploads/1')).toBe('r.test:443');
    expect(next('https://r.test/v2/a/blobs/uploads/1')).toBe('r.test');
    expect(parseUrl('no URL')).toBeUndefined();
  });

  test('on the wire', async () => {
    const hosts: unknown[] = [];
    const { port } = await opened.listen(
      createServer((request, response) => void response.end(String(hosts.push(request.headers.host)))),
    );
    const path = pathTo('http://r.test:80', { connectTo: { host: '127.0.0.1', port } });
    const transport = opened.transport(path);
    await transport.exchange(get(path.origin, { url: new WrittenUrl('/v2/', path.origin) }));
    await transport.exchange(get('http://r.test/v2/'));
    expect(hosts).toEqual(['r.test:80', 'r.test']);
  });
});
