import { expect, test } from 'vitest';
import { daemonFlags, loggerOf, webOptions } from '../../src/cli/daemon-flags.ts';
import { parseFlags } from '../../src/cli/flags.ts';

function values(...argv: string[]) {
  return parseFlags(argv, daemonFlags);
}

test('without flags the daemon listens on port 10719 of all addresses', () => {
  expect(webOptions(values())).toEqual({ listen: [{ port: 10_719 }] });
});

test('all web flags', () => {
  const web = webOptions(
    values(
      '--web.listen-address=127.0.0.1:1',
      '--web.listen-address=:2',
      '--web.config.file=web.yaml',
      '--web.external-url=https://example.org/blobprobe',
      '--web.route-prefix=/x',
    ),
  );
  expect(web).toEqual({
    listen: [{ host: '127.0.0.1', port: 1 }, { port: 2 }],
    configFile: 'web.yaml',
    externalUrl: 'https://example.org/blobprobe',
    routePrefix: '/x',
  });
});

test.each(['example.org', 'ftp://example.org', 'http://'])('external URL %s is refused', (url) => {
  expect(() => webOptions(values(`--web.external-url=${url}`))).toThrow(
    `flag --web.external-url: expected an http or https URL, got "${url}"`,
  );
});

test('the log has the level and the format asked for', () => {
  const lines: string[] = [];
  const log = loggerOf(values('--log.level=error', '--log.format=json'), (line) => lines.push(line));
  log.warn('no');
  log.error('yes');
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['yes']);
});

test.each([
  ['--log.level=verbose', 'flag --log.level: expected debug or info or warn or error, got "verbose"'],
  ['--log.format=xml', 'flag --log.format: expected logfmt or json, got "xml"'],
])('%s is refused', (flag, message) => {
  expect(() => loggerOf(values(flag), () => {})).toThrow(message);
});
