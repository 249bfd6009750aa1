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
    ['none', undefined, 'location_missing'],
    ['an empty one', '', 'location_missing'],
    ['no URL', 'https://', 'location_unparsable'],
    ['another scheme', 'ftp://registry.example.org/x', 'location_unparsable'],
    ['user and password', 'https://user:secret@registry.example.org/x', 'location_unparsable'],
    ['a user only', 'https://user@registry.example.org/x', 'location_unparsable'],
    ['a password only', 'https://:secret@registry.example.org/x', 'location_unparsable'],
    ['a downgrade', 'http://registry.example.org/x', 'location_downgrade'],
    ['another host', 'https://elsewhere.example.org/x', 'location_foreign'],
  ])('%s is not', (_name, location, problem) => {
    expect(() => nextLocation({ path }, answerWith(location), 'start')).toThrow(
      expect.objectContaining({ problem, step: 'start' }),
    );
  });
});

test.each([
  ['https://r/u/1', 'https://r/u/1?digest=sha256%3Aab'],
  ['https://r/u/1?_state=a%2Fb%3D', 'https://r/u/1?_state=a%2Fb%3D&digest=sha256%3Aab'],
])('the digest is added to %s, which stays as it is', (location, url) => {
  expect(withDigest(new URL(location), 'sha256:ab').href).toBe(url);
});
