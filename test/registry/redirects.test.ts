import { expect, test } from 'vitest';
import { WrittenUrl } from '../../src/network/parse-url.ts';
import { redirected, refererHeader } from '../../src/registry/redirects.ts';
import type { RegistryRequest } from '../../src/registry/registry-request.ts';
import { answerOf, exchangeOf } from '../support/exchanges.ts';
import { pathTo } from '../support/paths.ts';

const path = pathTo('https://registry.example.org');
const asked = 'https://registry.example.org/v2/a/b/x';
const store = 'https://store.example.net/x?sig=1';
const bytes = { kind: 'bytes', bytes: Buffer.from('x') } as const;
const stream = (sizeBytes: number) => ({ kind: 'stream', sizeBytes, declareLength: true, chunks: () => [] }) as const;

/** Where the client goes on, `stands`, or the problem. */
function outcome(
  method: string,
  status: number,
  location: string | undefined,
  changes: Partial<RegistryRequest> = {},
): string {
  const request = {
    step: 'pull',
    method,
    url: new WrittenUrl(asked),
    actions: [],
    accepted: [200],
    ...changes,
  } as const;
  const headers = location === undefined ? {} : { location };
  const exchange = exchangeOf({ method, url: asked, response: answerOf(status, headers as Record<string, string>) });
  try {
    const next = redirected(path, request, exchange);
    return next === undefined ? 'stands' : `${next.method} ${next.url.href} from ${next.redirectedFrom?.href}`;
  } catch (error) {
    return (error as { problem: string }).problem;
  }
}

test.each<[string, number, string | undefined, Partial<RegistryRequest>, string]>([
  ...[301, 302, 303, 307, 308].map((status): [string, number, string, Partial<RegistryRequest>, string] => [
    'GET',
    status,
    store,
    {},
    `GET ${store} from ${asked}`,
  ]),
  ['HEAD', 302, '/y', {}, `HEAD https://registry.example.org/y from ${asked}`],
  ['GET', 300, store, {}, 'stands'],
  ['GET', 200, store, {}, 'stands'],
  ['GET', 304, store, {}, 'stands'],
  ['GET', 307, undefined, {}, 'stands'],
  ['GET', 307, '', {}, 'stands'],
  ['GET', 307, 'https://u:p@store.example.net/', {}, 'location_unparsable'],
  [
    'GET',
    307,
    store,
    { refusesRedirect: (url, from) => (url.href === store && from.href === asked ? 'there' : undefined) },
    'location_refused_by_client',
  ],
  [
    'GET',
    307,
    '/y',
    { refusesRedirect: (url) => (url.href === store ? 'there' : undefined) },
    `GET https://registry.example.org/y from ${asked}`,
  ],
  ['POST', 302, '/y', {}, 'stands'],
  ['POST', 307, '/y', {}, `POST https://registry.example.org/y from ${asked}`],
  ['POST', 307, store, {}, 'location_foreign'],
  ['POST', 307, '/y', { refusesRedirect: () => 'anywhere' }, `POST https://registry.example.org/y from ${asked}`],
  ['PUT', 308, '/y', { body: bytes }, `PUT https://registry.example.org/y from ${asked}`],
  ['PUT', 308, '/y', { body: stream(0) }, `PUT https://registry.example.org/y from ${asked}`],
  ['PUT', 308, '/y', { body: stream(1) }, 'stands'],
  ['PUT', 308, '/y', { body: stream(1), resendBody: true }, `PUT https://registry.example.org/y from ${asked}`],
  ['PUT', 302, '/y', { body: stream(1), resendBody: true }, 'stands'],
])('%s %d to %j: %#', (method, status, location, changes, expected) => {
  expect(outcome(method, status, location, changes)).toBe(expected);
});

test('a refusal is told in the client’s own words', () => {
  const request = { step: 'pull', method: 'GET', url: new URL(asked), actions: [], accepted: [] } as const;
  const exchange = exchangeOf({ url: asked, response: answerOf(307, { location: store }) });
  expect(() => redirected(path, { ...request, refusesRedirect: () => 'to a store' }, exchange)).toThrow(
    'the client does not follow a redirect to a store',
  );
});

test('nothing follows from no answer', () => {
  const request = { step: 'pull', method: 'GET', url: new URL(asked), actions: [], accepted: [] } as const;
  expect(redirected(path, request, exchangeOf({ url: asked }))).toBeUndefined();
});

test.each<[string | undefined, string, object]>([
  [undefined, store, {}],
  ['https://a.example.org/x', store, { referer: 'https://a.example.org/x' }],
  ['https://u:p@a.example.org/x#y', store, { referer: 'https://a.example.org/x' }],
  ['https://a.example.org/x?state=1', store, {}],
  ['https://a.example.org/x', 'http://a.example.org/', {}],
  ['http://a.example.org/x', 'http://a.example.org/', { referer: 'http://a.example.org/x' }],
  ['http://a.example.org/x', store, { referer: 'http://a.example.org/x' }],
])('Referer from %j to %s', (from, to, headers) => {
  expect(refererHeader({ url: new URL(to), redirectedFrom: from === undefined ? undefined : new URL(from) })).toEqual(
    headers,
  );
});
