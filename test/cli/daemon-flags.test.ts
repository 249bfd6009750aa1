import { expect, test } from 'vitest';
import { daemonFlags, loggerOf, webOptions } from '../../src/cli/daemon-flags.ts';
import { parseFlags } from '../../src/cli/flags.ts';

function values(...argv: string[]) {
  return parseFlags(argv, daemonFlags);
}

test('without flags the daemon listens on port 10719 of all addresses and routes from the root', () => {
  expect(webOptions(values())).toEqual({
    listen: [{ port: 10_719 }],
    paths: { routePrefix: '/', externalPath: '/', telemetryPath: '/metrics' },
    maxRequests: 40,
    timeoutOffsetMs: 500,
    disabled: new Set(),
  });
});

test('actions are switched off one by one, and only those that there are', () => {
  const { disabled } = webOptions(values('--web.disable=run', '--web.disable=pause'));
  expect(disabled).toEqual(new Set(['run', 'pause']));
  expect(() => webOptions(values('--web.disable=all'))).toThrow(
    'flag --web.disable: expected run or reload or pause, got "all"',
  );
});

test('addresses keep their order', () => {
  const { listen } = webOptions(values('--web.listen-address=127.0.0.1:1', '--web.listen-address=[::1]:2'));
  expect(listen).toEqual([
    { host: '127.0.0.1', port: 1 },
    { host: '::1', port: 2 },
  ]);
});

test.each<[string[], string, string]>([
  [['--web.external-url=https://example.org/a/b/'], '/a/b', '/a/b'],
  [['--web.external-url=https://example.org'], '/', '/'],
  [['--web.route-prefix=x/'], '/x', '/x'],
  [['--web.external-url=https://example.org/a', '--web.route-prefix=/'], '/', '/a'],
])('%j: routes below %s, links below %s', (argv, routePrefix, externalPath) => {
  expect(webOptions(values(...argv)).paths).toEqual({ routePrefix, externalPath, telemetryPath: '/metrics' });
});

test('metrics move and scrapes are limited as told', () => {
  const options = webOptions(values('--web.telemetry-path=prom/', '--web.max-requests=0'));
  expect([options.paths.telemetryPath, options.maxRequests]).toEqual(['/prom', 0]);
});

test('the web configuration file is read when asked for, not before', () => {
  const { webConfig } = webOptions(values('--web.config.file=/nowhere/web.yml'));
  expect(webConfig).toThrow('/nowhere/web.yml: expected a readable file, got none (ENOENT)');
});

test.each([
  ['--web.max-requests=many', /^flag --web\.max-requests: expected a whole number, got "many"$/],
  ['--web.telemetry-path=/a?b', /^flag --web\.telemetry-path: expected a path such as \/blobprobe, got "\/a\?b"/],
  ['--web.listen-address=10719', /^flag --web\.listen-address: .*"10719"/],
  ['--web.route-prefix=/a b', /^flag --web\.route-prefix: expected a path such as \/blobprobe, got "\/a b"/],
])('%s is refused', (flag, message) => {
  expect(() => webOptions(values(flag))).toThrow(message);
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
