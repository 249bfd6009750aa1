import { describe, expect, test } from 'vitest';
import { splitHostPort, urlComplaint } from '../../../src/config/schema/address.ts';

test.each<[string, string, number | undefined]>([
  ['registry.example.org', 'registry.example.org', undefined],
  ['registry.example.org.', 'registry.example.org.', undefined],
  ['registry.example.org:443', 'registry.example.org', 443],
  ['h:1', 'h', 1],
  ['h:65535', 'h', 65_535],
  ['under_score', 'under_score', undefined],
  ['3.example', '3.example', undefined],
  ['v1.2', 'v1.2', undefined],
  ['192.0.2.1:443', '192.0.2.1', 443],
  ['[2001:db8::1]:443', '2001:db8::1', 443],
  ['[2001:db8::1]', '2001:db8::1', undefined],
  ['2001:db8::1', '2001:db8::1', undefined],
])('%s is host %s, port %s', (text, host, port) => {
  expect(splitHostPort(text)).toEqual(port === undefined ? { host } : { host, port });
});

test.each([
  '',
  ':443',
  'h:0',
  'h:65536',
  'h:99999',
  'h:100000',
  'h:x',
  'h:',
  '[h]:443',
  '[192.0.2.1]:443',
  '[]:443',
  'x[2001:db8::1]',
  '2001:db8::1::',
  '300.1.1.1',
  '1.2.3',
  '7',
  '-h',
  'a..b',
  'a b',
  'https://h:443',
  'a:1:2',
  `${'a'.repeat(64)}.example`,
  'a.'.repeat(127),
])('%j is neither', (text) => {
  expect(splitHostPort(text)).toBeUndefined();
});

describe('the base URL of a path', () => {
  test.each(['https://r.test', 'HTTP://R.test:5000/', 'http://[2001:db8::1]:3000', 'http://192.0.2.1'])(
    '%s is one',
    (text) => {
      expect(urlComplaint(text)).toBeUndefined();
    },
  );

  const form = 'a URL that starts with http:// or https:// such as https://registry.example.org';
  const userinfo = 'a URL without user name and password (they have keys of their own)';
  const query = 'a URL without query and fragment';
  const path = 'a URL without path (/v2/ is added; the registry must stand at the root of its host)';
  test.each([
    ['r.test', form],
    ['x https://r.test', form],
    ['ftp://r.test', form],
    ['xhttp://r.test', form],
    ['https:r.test', form],
    ['https://', form],
    ['https://a..b', form],
    ['https://u:p@r.test', userinfo],
    ['https://u@r.test', userinfo],
    ['https://:p@r.test', userinfo],
    ['https://@r.test', userinfo],
    ['https://r.test?a=b', query],
    ['https://r.test/?', query],
    ['https://r.test#', query],
    ['https://r.test/#a', query],
    ['https://r.test/v2/', path],
  ])('%s: expected %s', (text, complaint) => {
    expect(urlComplaint(text)).toBe(complaint);
  });
});
