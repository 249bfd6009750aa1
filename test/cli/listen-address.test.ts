import { expect, test } from 'vitest';
import { UsageError } from '../../src/cli/flags.ts';
import { parseListenAddress } from '../../src/cli/listen-address.ts';

test.each([
  [':10719', { port: 10_719 }],
  ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
  ['localhost:80', { host: 'localhost', port: 80 }],
  ['[::1]:65535', { host: '::1', port: 65_535 }],
])('%s', (text, address) => {
  expect(parseListenAddress(text)).toEqual(address);
});

test.each(['10719', ':', '::1:80', ':65536', ':-1', 'host:', '[::1]', 'http://x:1', ''])('%j is refused', (text) => {
  expect(() => parseListenAddress(text)).toThrow(
    new UsageError(`flag --web.listen-address: expected [host]:port, got ${JSON.stringify(text)}`),
  );
});
