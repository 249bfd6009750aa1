import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adHocFlags, adHocTarget } from '../../src/cli/ad-hoc.ts';
import { parseFlags, UsageError } from '../../src/cli/flags.ts';
import { parseReference } from '../../src/cli/reference.ts';
import { selectTargets, targetFlags } from '../../src/cli/select-targets.ts';

test.each([
  ['git.example.org/team/app', 'https://git.example.org', 'team/app', []],
  ['git.example.org:5000/app:v1', 'https://git.example.org:5000', 'app', ['v1']],
  ['git.example.org/team/app:v1@sha256:00', 'https://git.example.org', 'team/app', ['v1', 'sha256:00']],
  ['localhost:5000/app', 'http://localhost:5000', 'app', []],
  ['127.0.0.1:5000/app', 'http://127.0.0.1:5000', 'app', []],
  ['[::1]:5000/app', 'http://[::1]:5000', 'app', []],
  ['registry.example.org:80/app', 'http://registry.example.org:80', 'app', []],
  ['docker.io/me/app', 'https://registry-1.docker.io', 'me/app', []],
])('%s is %s and %s', (text, url, repository, left) => {
  expect(parseReference(text)).toEqual({
    url,
    repository,
    notes: [`no scheme was given: using ${url}`, ...left.map((part) => `${part} is left out: blobs have no tag`)],
  });
});

test.each(['::1:5000/team/app', 'localhost:99999/team/app'])('%j is told of brackets and ports', (text) => {
  expect(() => parseReference(text)).toThrow(/IPv6 stands in brackets .*, a port is at most 65535/);
});

test.each(['app', 'team/app', 'a/b/c', '/x', ''])('%j names no host', (text) => {
  expect(() => parseReference(text)).toThrow(UsageError);
});

test.each(['git.example.org', 'localhost:5000'])('%j names no repository', (text) => {
  expect(() => parseReference(text)).toThrow(
    new UsageError(`"${text}" names no repository: write for example ${text}/team/app`),
  );
});

describe('the registry of a moment', () => {
  test('a file of certificates that is not there is refused before anything is pushed', async () => {
    await expect(target(['--url=https://r.example', '--ca=nope.pem'])).rejects.toThrow(
      new UsageError('flag --ca: there is no file "nope.pem"'),
    );
  });

  const target = (args: readonly string[], ask?: () => Promise<string>) =>
    adHocTarget(parseFlags(args, adHocFlags, 1), {
      env: {},
      readInput: () => 'from input\n',
      ask,
      isInteractive: ask !== undefined,
    });

  test.each([
    ['', 'is empty'],
    ['one\ntwo\n', 'holds more than one line of text'],
    ['pass\ufffdword', 'holds text that is not UTF-8'],
  ])('a password of standard input that is %j is refused', async (input, why) => {
    const flags = parseFlags(['--url=https://r.example', '--user=u', '--password-stdin'], adHocFlags, 1);
    await expect(adHocTarget(flags, { env: {}, readInput: () => input })).rejects.toThrow(
      new UsageError(`flag --password-stdin: standard input ${why}`),
    );
  });

  test('a user owns the default repository; nobody, none', async () => {
    const url = '--url=https://r.example';
    expect(await target([url])).toMatchObject({ registry: { repository: 'blobprobe' }, isDefaultRepository: true });
    const owned = await target([url, '--user=Probe', '--password-stdin']);
    expect(owned).toMatchObject({ registry: { repository: 'probe/blobprobe' } });
    const robot = await target([url, '--user=robot$probe', '--password-stdin']);
    expect(robot).toMatchObject({ registry: { repository: 'blobprobe' } });
  });

  test('the proxy of the environment is taken, as every client takes it, and said', async () => {
    const through = (env: Readonly<Record<string, string>>, url = '--url=https://r.example') =>
      adHocTarget(parseFlags([url], adHocFlags, 1), { env, readInput: () => '' });
    const proxied = await through({ HTTPS_PROXY: 'http://u:secret@proxy.example:3128' });
    expect(proxied?.path.proxy).toMatchObject({ host: 'proxy.example', port: 3128, username: 'u' });
    expect(proxied?.notes).toEqual(['through the proxy proxy.example:3128, by the environment']);
    const left = await through({ HTTPS_PROXY: 'http://proxy.example:3128', NO_PROXY: 'r.example' });
    expect([left?.path.proxy, left?.notes]).toEqual([undefined, []]);
    await expect(through({ HTTPS_PROXY: 'socks5://proxy.example:1080' })).rejects.toThrow('only http proxies');
  });

  test('at a terminal the password is asked for, with --password-stdin too', async () => {
    for (const more of [[], ['--password-stdin']]) {
      const found = await target(['--url=https://r.example', '--user=me', ...more], async () => 'asked');
      const { credentials } = found?.registry ?? {};
      expect(credentials?.kind === 'basic' && credentials.password.reveal()).toBe('asked');
    }
  });
});

describe('logins of docker', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'blobprobe-home-'));
    const auth = Buffer.from('me:secret').toString('base64');
    writeFileSync(join(home, 'config.json'), JSON.stringify({ auths: { 'git.example.org': { auth } } }));
  });
  afterAll(() => rmSync(home, { recursive: true }));
  const select = (args: readonly string[]) =>
    selectTargets(parseFlags(args, targetFlags, 1), {
      out: () => {},
      err: () => {},
      env: { DOCKER_CONFIG: home },
      readInput: () => '',
    });

  test('are taken for a reference, and said', async () => {
    const { targets, notes } = await select(['git.example.org/team/app']);
    expect(targets[0]?.registry.credentials).toEqual({ kind: 'docker-config', file: join(home, 'config.json') });
    expect(notes?.at(-1)).toBe(`logged in as me, by ${join(home, 'config.json')}`);
    expect(notes?.join()).not.toContain('secret');
  });

  test('a host without a login is said, too', async () => {
    const { notes } = await select(['other.example/app']);
    expect(notes?.at(-1)).toContain('has no login for other.example: nobody is logged in');
  });

  test('--url takes them when told', async () => {
    const told = await select(['--url=https://git.example.org', `--docker-config=${join(home, 'config.json')}`]);
    expect(told.notes).toEqual([`logged in as me, by ${join(home, 'config.json')}`]);
    const { targets } = await select(['--url=https://git.example.org']);
    expect(targets[0]?.registry.credentials).toEqual({ kind: 'anonymous' });
  });

  test.each([
    [['--docker-config=/nonexistent/x', 'a.example/b'], 'there is no file'],
    [['--user=u', '--docker-config=/dev/null', 'a.example/b'], 'exclude each other'],
    [['--url=https://a.example', 'a.example/b'], 'a reference or --url, not both'],
    [['--repository=x', 'a.example/b'], 'the repository stands in the reference'],
    [['--config.file=x', 'a.example/b'], 'a reference and --config.file exclude each other'],
  ])('%j is refused', async (args, words) => {
    await expect(select(args)).rejects.toThrow(words);
  });
});
