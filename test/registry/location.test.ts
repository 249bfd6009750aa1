import { describe, expect, test } from 'vitest';
import type { Exchange } from '../../src/network/exchange.ts';
import { nextLocation, withDigest } from '../../src/registry/location.ts';
import { pathTo } from '../support/paths.ts';

const path = pathTo('https://registry.example.org', { allowHosts: ['upload.example.org'] });

function answerWith(location: string | undefined): Exchange {
  return {
    method: 'POST',
    url: new URL('https://registry.example.org/v2/a/b/blobs/uploads/'),
    response: { status: 202, headers: location === undefined ? {} : { location: [location] } },
  } as unknown as Exchange;
}

describe('where the next request of an upload goes', () => {
  test.each([
    ['/v2/a/b/blobs/uploads/1', 'https://registry.example.org/v2/a/b/blobs/uploads/1'],
    ['1?_state=a%3D', 'https://registry.example.org/v2/a/b/blobs/uploads/1?_state=a%3D'],
    ['https://upload.example.org/x', 'https://upload.example.org/x'],
  ])('%s is followed', (location, url) => {
    expect(nextLocation({ path }, answerWith(location), 'start').href).toBe(url);
  });

  test.each([
    [undefined, 'location_missing', 'POST was answered without Location'],
    ['', 'location_missing', 'POST was answered without Location'],
    ['https://', 'location_unparsable', 'Location is not a URL'],
    ['ftp://registry.example.org/x', 'location_unparsable', 'Location has scheme ftp:'],
    ['https://user:secret@registry.example.org/x', 'location_unparsable', 'Location holds credentials'],
    ['https://user@registry.example.org/x', 'location_unparsable', 'Location holds credentials'],
    ['https://:secret@registry.example.org/x', 'location_unparsable', 'Location holds credentials'],
    ['http://registry.example.org/x', 'location_downgrade', 'Location leads from https to http://registry.example.org'],
    [
      'https://elsewhere.example.org/x',
      'location_foreign',
      "Location leads to elsewhere.example.org, which path direct does not allow: our rule, not the client's",
    ],
    ['/refused', 'location_refused_by_client', 'the client does not follow a Location at /refused'],
  ])('%j is not', (location, problem, message) => {
    const refusesLocation = ({ pathname }: URL): string | undefined =>
      pathname === '/refused' ? `at ${pathname}` : undefined;
    expect(() => nextLocation({ path, refusesLocation }, answerWith(location), 'start')).toThrow(
      expect.objectContaining({ problem, message, step: 'start' }),
    );
  });
});

test.each([
  ['https://r/u/1', 'https://r/u/1?digest=sha256%3Aab'],
  ['https://r/u/1?_state=a%2Fb%3D', 'https://r/u/1?_state=a%2Fb%3D&digest=sha256%3Aab'],
])('the digest is added to %s, which stays as it is', (location, url) => {
  expect(withDigest(new URL(location), 'sha256:ab').href).toBe(url);
});
