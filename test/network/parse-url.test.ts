import { expect, test } from 'vitest';
import { parseUrl, percentDecoded } from '../../src/network/parse-url.ts';

test('a URL that is none is none, however often it is asked and however its bytes are read', () => {
  // As header values come from the wire: UTF-8 read as Latin-1, one of its bytes a control character in Unicode.
  const location = Buffer.from('http://①②⑦.0.0.1:80/x').toString('latin1');
  const base = 'http://registry.test/';
  const found = new Set<string | undefined>();
  for (let round = 0; round < 50_000; round += 1) found.add(parseUrl(location, base)?.href);
  expect([...found]).toEqual([undefined]);
  expect(parseUrl('/v2/', base)?.href).toBe('http://registry.test/v2/');
  expect(parseUrl('/v2/')).toBeUndefined();
});

test.each([
  ['sha256%3Aab', 'sha256:ab'],
  ['p%C3%A4ss', 'päss'],
  ['100%', '100%'],
  ['%3A and %zz', '%3A and %zz'],
  ['%C3', '%C3'],
])('%s decoded is %s', (text, decoded) => {
  expect(percentDecoded(text)).toBe(decoded);
});
