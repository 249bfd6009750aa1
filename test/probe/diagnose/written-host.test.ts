import { describe, expect, test } from 'vitest';
import { hostSides, onlyOtherHostFails } from '../../../src/probe/diagnose/written-host.ts';
import type { RequestRecord } from '../../../src/probe/outcome.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

const bare = 'https://registry.example/v2/';
const withPort = 'https://registry.example:443/v2/';

function request(url: string, status: number | undefined, changes: Partial<RequestRecord> = {}): RequestRecord {
  return requestRecord({ method: 'GET', plannedBytes: 0, responseHeaders: {}, url, status, ...changes });
}

interface Failed {
  readonly url?: string | undefined;
  readonly redirectedFrom?: string;
}

/** What both questions answer for a failure at `url`, after these requests over a path to https://registry.example. */
function asked(requests: readonly RequestRecord[], { url = withPort, redirectedFrom }: Failed = {}) {
  const failure = fakeFailure('origin_unreachable', { evidence: { message: '', url, redirectedFrom } });
  const trials = [trialOf({ failure, run: { attempts: [attempt({ requests })] } })];
  const examined = { path: pathTo('https://registry.example'), trials };
  return { only: onlyOtherHostFails(failure, examined), ...hostSides(failure, examined) };
}

const none = { only: false, failed: 0, passed: 0 };

describe('requests in which the host is written as a Location writes it', () => {
  test.each<[string, readonly RequestRecord[], object]>([
    ['fail, and others pass', [request(bare, 200), request(withPort, 503)], { only: true, failed: 1, passed: 1 }],
    ['fail with the least error', [request(bare, 399), request(withPort, 400)], { only: true, failed: 1, passed: 1 }],
    ['are redirected', [request(bare, 200), request(withPort, 399)], none],
    [
      'pass at times',
      [request(bare, 200), request(withPort, 503), request(withPort, 200)],
      { only: false, failed: 1, passed: 1 },
    ],
    ['fail, as others do', [request(bare, 503), request(withPort, 503)], { only: false, failed: 1, passed: 0 }],
    [
      'fail, and others get no answer',
      [request(bare, undefined), request(withPort, 503)],
      { only: false, failed: 1, passed: 0 },
    ],
    [
      'fail, and others are refused by the registry itself',
      [
        request(bare, 404, { responseHeaders: { 'docker-distribution-api-version': 'registry/2.0' } }),
        request(withPort, 503),
      ],
      { only: false, failed: 1, passed: 1 },
    ],
    ['get no answer', [request(bare, 200), request(withPort, undefined)], none],
    [
      'are refused by the registry itself',
      [
        request(bare, 200),
        request(withPort, 404, { responseHeaders: { 'docker-distribution-api-version': 'registry/2.0' } }),
      ],
      none,
    ],
    ['are none', [request(bare, 200)], none],
  ])('%s', (_what, requests, seen) => {
    expect(asked(requests)).toEqual(seen);
  });

  test('count among the sides where they carry no body, beside those of the same method', () => {
    const refused = request(withPort, 503, { method: 'HEAD' });
    const ofBody = request(withPort, 503, { method: 'PATCH', plannedBytes: 1 });
    const passed = [
      request(bare, 200),
      request(bare, 200, { method: 'HEAD' }),
      request(bare, 200, { method: 'HEAD', plannedBytes: 1 }),
    ];
    expect(asked([...passed, refused, refused, ofBody])).toEqual({ only: true, failed: 2, passed: 1 });
  });
});

test.each<[string, Failed, string, boolean]>([
  ['another port of the same host', {}, bare, true],
  ['the port, where the URL of the path has one', { url: 'https://registry.example/v2/x' }, withPort, true],
  ['another case of the scheme', { url: 'HTTPS://registry.example:443/v2/' }, bare, true],
  ['a query right after the host', { url: 'https://registry.example:443?x=/' }, bare, true],
  ['a fragment right after the host', { url: 'https://registry.example:443#x' }, bare, true],
  ['an address of IPv6 with its port', { url: 'https://[::1]:443/v2/' }, 'https://[::1]/v2/', true],
  ['another address of IPv6', { url: 'https://[::1]/v2/' }, 'https://[::2]/v2/', false],
  ['the same host and port', { url: bare }, bare, false],
  ['another port, over plain HTTP', { url: 'http://registry.example:80/v2/' }, 'http://registry.example/v2/', true],
  ['another host', { url: 'https://other.example:443/v2/' }, bare, false],
  ['a URL that is none', { url: 'registry.example:443/v2/' }, bare, false],
  ['where a redirect led', { redirectedFrom: bare }, bare, false],
])('what failed is %s', (_what, failed, own, is) => {
  const { url = withPort } = failed;
  expect(asked([request(own, 200), request(url, 503)], failed).only).toBe(is);
});

test('of one that wrote the host as the path does, no side is counted', () => {
  expect(asked([request(bare, 200), request(bare, 503)], { url: bare })).toEqual(none);
});

test('one that got through as the URL of the path has it is enough, and one without an answer says nothing', () => {
  const refused = request(withPort, 503);
  const mixed = [request(bare, 503), request(bare, 200), refused, request(withPort, undefined)];
  expect(asked(mixed).only).toBe(true);
  expect(asked([request(bare, 400), refused]).only).toBe(false);
});

test('of a failure whose URL is not known nothing is', () => {
  const failure = fakeFailure('origin_unreachable');
  const trials = [trialOf({ failure, run: { attempts: [attempt({ requests: [request(bare, 200)] })] } })];
  expect(onlyOtherHostFails(failure, { path: pathTo('https://registry.example'), trials })).toBe(false);
});

test('where no request was made nothing is known', () => {
  expect(asked([])).toEqual(none);
});
