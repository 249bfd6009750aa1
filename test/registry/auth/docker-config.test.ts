import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ResolvedCredentials } from '../../../src/registry/auth/credentials.ts';
import { AuthError } from '../../../src/registry/auth/auth-error.ts';
import { readDockerCredentials } from '../../../src/registry/auth/docker-config.ts';

import { aliceBasic, serve, session } from '../../support/auth-fixture.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'blobprobe-docker-config-'));
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

interface Lookup {
  readonly origin?: string;
  readonly repository?: string;
  readonly signal?: AbortSignal;
  readonly helperTimeoutMs?: number;
}

function lookUp(config: unknown, lookup: Lookup = {}): Promise<ResolvedCredentials> {
  const file = join(folder, 'config.json');
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
  return readDockerCredentials({
    file,
    origin: 'https://registry.example.org',
    repository: 'team/app',
    signal: new AbortController().signal,
    ...lookup,
  });
}

/** `user:password`, `<identity> token`, `<bearer> token` or `anonymous`: secrets revealed, to compare. */
async function shown(credentials: Promise<ResolvedCredentials>): Promise<string> {
  const found = await credentials;
  if (found.kind === 'anonymous') return 'anonymous';
  if (found.kind === 'basic') return `${found.username}:${found.password.reveal()}`;
  return `<${found.kind}> ${found.token.reveal()}`;
}

function encoded(pair: string): { auth: string } {
  return { auth: Buffer.from(pair, 'utf8').toString('base64') };
}

/** A program `docker-credential-<name>` for these lines of shell; `$input` is what came on stdin. */
function helper(name: string, ...lines: string[]): void {
  const file = join(folder, `docker-credential-${name}`);
  writeFileSync(file, ['#!/bin/sh', 'read -r input', ...lines, ''].join('\n'));
  chmodSync(file, 0o755);
}

describe('auths', () => {
  it.each([
    [['https://registry.example.org/v2/', 'registry.example.org']],
    [['registry.example.org', 'https://registry.example.org/v2/']],
  ])('of two keys for the same, %j, takes the one that is spelled plainly', async (keys) => {
    const auths = Object.fromEntries(keys.map((key) => [key, encoded(key.startsWith('https') ? 'long:p' : 'plain:p')]));
    expect(await shown(lookUp({ auths }))).toBe('plain:p');
  });

  it.each([
    ['registry.example.org'],
    ['https://registry.example.org'],
    ['http://registry.example.org'],
    ['https://registry.example.org/'],
    ['https://registry.example.org/v1/'],
    ['https://registry.example.org/v2/'],
    ['https://registry.example.org/v2'],
    ['Registry.Example.Org'],
    ['registry.example.org:443'],
    ['registry.example.org/'],
    ['registry.example.org//'],
    ['https://registry.example.org/v2/team'],
  ])('finds the host under %s', async (key) => {
    expect(await shown(lookUp({ auths: { other: encoded('no:no'), [key]: encoded('u:p') } }))).toBe('u:p');
  });

  it.each([
    ['registry.example.org:5000'],
    ['example.org'],
    ['registry.example.org.evil.test'],
    ['registry.example.org/other'],
    ['registry.example.org/tea'],
    ['registry.example.org/team/app/more'],
    ['registry.example.org/x/v2/'],
    ['registry.example.org/team/v2/'],
    ['xhttps://registry.example.org'],
    ['https://'],
    [''],
  ])('does not take %s for the host', async (key) => {
    expect(await shown(lookUp({ auths: { [key]: encoded('u:p') } }))).toBe('anonymous');
  });

  it('tells ports apart', async () => {
    const auths = { 'registry.example.org': encoded('plain:p'), 'registry.example.org:5000': encoded('port:p') };
    expect(await shown(lookUp({ auths }, { origin: 'http://registry.example.org:5000' }))).toBe('port:p');
    expect(await shown(lookUp({ auths }))).toBe('plain:p');
  });

  it('prefers the longest path that fits the repository', async () => {
    const auths = {
      'registry.example.org': encoded('host:p'),
      'registry.example.org/team/app': encoded('repository:p'),
      'registry.example.org/team': encoded('team:p'),
    };
    expect(await shown(lookUp({ auths }, { repository: 'team/app' }))).toBe('repository:p');
    expect(await shown(lookUp({ auths }, { repository: 'team/other' }))).toBe('team:p');
    expect(await shown(lookUp({ auths }, { repository: 'teams/app' }))).toBe('host:p');
  });

  it.each(['https://index.docker.io', 'https://registry-1.docker.io', 'https://docker.io'])(
    'knows the names of Docker Hub: %s',
    async (origin) => {
      expect(await shown(lookUp({ auths: { 'https://index.docker.io/v1/': encoded('u:p') } }, { origin }))).toBe('u:p');
      expect(await shown(lookUp({ auths: { 'docker.io': encoded('u:p') } }, { origin }))).toBe('u:p');
    },
  );

  it.each([
    ['colons in the password', encoded('user:pa:ss:'), 'user:pa:ss:'],
    ['a password beyond ASCII', encoded('üser:pässwörd'), 'üser:pässwörd'],
    ['an empty password', encoded('user:'), 'user:'],
    ['NUL padding', encoded('user:pass\0\0'), 'user:pass'],
    ['NUL padding before it', encoded('user:\0\0pass'), 'user:pass'],
    ['NULs in the middle', encoded('user:a\0\0b'), 'user:a\0\0b'],
    ['blanks around it', { auth: ` ${encoded('user:pass').auth}\n` }, 'user:pass'],
    ['separate fields', { username: 'user', password: 'pass' }, 'user:pass'],
    ['auth before separate fields', { ...encoded('a:b'), username: 'user', password: 'pass' }, 'a:b'],
    ['an identity token', { auth: 'MDA6', identitytoken: 'refresh' }, '<identity> refresh'],
    ['a registry token', { identitytoken: 'refresh', registrytoken: 'token' }, '<bearer> token'],
    ['nothing', {}, 'anonymous'],
  ])('understands an entry with %s', async (_name, entry, expected) => {
    expect(await shown(lookUp({ auths: { 'registry.example.org': entry } }))).toBe(expected);
  });

  it('passes over an empty entry to the next that fits', async () => {
    const auths = { 'registry.example.org/team': {}, 'registry.example.org': encoded('host:p') };
    expect(await shown(lookUp({ auths }))).toBe('host:p');
  });

  it('reads up to 1 MiB, and tables that are none as empty ones', async () => {
    const auths = { 'registry.example.org': encoded('u:p') };
    expect(await shown(lookUp(JSON.stringify({ auths }).padEnd(1024 * 1024)))).toBe('u:p');
    await expect(lookUp(JSON.stringify({ auths }).padEnd(1024 * 1024 + 1))).rejects.toThrow('is larger than');
    for (const table of [null, 'registry.example.org', 5, []])
      expect(await shown(lookUp({ credHelpers: table, auths: table }))).toBe('anonymous');
  });

  it('reads the file anew each time', async () => {
    expect(await shown(lookUp({ auths: { 'registry.example.org': encoded('u:old') } }))).toBe('u:old');
    expect(await shown(lookUp({ auths: { 'registry.example.org': encoded('u:new') } }))).toBe('u:new');
  });
});

describe('a file that cannot be used', () => {
  const canary = 'CANARY-0123456789';
  const latin1 = Buffer.from(`user:${canary}ä`, 'latin1').toString('base64');

  it.each([
    ['broken JSON', `{"auths": {"registry.example.org": {"password": "${canary}" oops`],
    ['a string', `"${canary}"`],
    ['an array', [canary]],
    ['auth that is no base64', { auths: { 'registry.example.org': { auth: `!${canary}` } } }],
    ['auth with something before it', { auths: { 'registry.example.org': { auth: `!${encoded('u:p').auth}` } } }],
    ['auth with something behind it', { auths: { 'registry.example.org': { auth: `${encoded('u:p').auth}!` } } }],
    ['auth without a colon', { auths: { 'registry.example.org': encoded(canary) } }],
    ['auth without a user', { auths: { 'registry.example.org': encoded(`:${canary}`) } }],
    ['auth that is not UTF-8', { auths: { 'registry.example.org': { auth: latin1 } } }],
    ['auth of another type', { auths: { 'registry.example.org': { auth: [canary] } } }],
    ['an entry of another type', { auths: { 'registry.example.org': canary } }],
    ['a helper of another type', { credHelpers: { 'registry.example.org': [canary] } }],
    ['more than 1 MiB', JSON.stringify({ pad: canary.repeat(70_000) })],
  ])('throws without quoting it: %s', async (_name, config) => {
    const error = await lookUp(config).then(
      () => expect.fail('credentials came'),
      (error: unknown) => error,
    );
    expect(error).toMatchObject({ name: 'AuthError', problem: 'credentials_unreadable' });
    const everything = [
      String(error),
      inspect(error, { depth: 9 }),
      JSON.stringify(error),
      (error as Error).stack,
    ].join();
    expect(everything).not.toContain('CANARY');
    expect(everything).not.toContain(Buffer.from(canary).toString('base64').slice(0, 12));
    expect(everything).toContain('config.json');
  });

  it('says which entry cannot be understood', async () => {
    await expect(lookUp({ auths: { 'registry.example.org': { auth: '!' } } })).rejects.toThrow(
      'the entry for registry.example.org cannot be understood',
    );
  });

  it('says of a login that is not UTF-8 what it is, so that no other password is sent', async () => {
    await expect(lookUp({ auths: { 'registry.example.org': { auth: latin1 } } })).rejects.toThrow(
      'the entry for registry.example.org holds a login that is not UTF-8',
    );
  });

  it('throws with the code when it is missing', async () => {
    const file = join(folder, 'absent.json');
    const signal = new AbortController().signal;
    await expect(readDockerCredentials({ file, origin: 'https://r', repository: 'a', signal })).rejects.toThrow(
      `${file} cannot be read (ENOENT)`,
    );
  });

  it('never throws anything but AuthError, whatever JSON it holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            auths: fc.dictionary(fc.constantFrom('registry.example.org', 'x', '__proto__', '/'), fc.jsonValue()),
            credsStore: fc.constantFrom('', null, '../x', 7),
          },
          { requiredKeys: [] },
        ),
        async (config) => {
          const found = await lookUp(config).catch((error: unknown) => error);
          expect(found instanceof AuthError || typeof (found as { kind: unknown }).kind === 'string').toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('an authorizer', () => {
  it('uses the file, and reads it again after it could not', async () => {
    const file = join(folder, 'config.json');
    const registry = await serve((request) =>
      request.authorization === aliceBasic
        ? { status: 202 }
        : { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } },
    );
    const client = session(registry.origin, { credentials: { kind: 'docker-config', file } });
    try {
      await expect(client.send('POST', '/v2/')).rejects.toMatchObject({ problem: 'credentials_unreadable' });
      const auth = aliceBasic.slice('Basic '.length);
      writeFileSync(file, JSON.stringify({ auths: { [registry.host]: { auth } } }));
      expect((await client.send('POST', '/v2/')).response?.status).toBe(202);
    } finally {
      await client.close();
      await registry.close();
    }
  });
});

describe('credential helpers', () => {
  const answer = `printf '{"ServerURL":"%s","Username":"user","Secret":"from %s"}' "$input" "$input"`;

  it('ask for the host on stdin, before credsStore and auths', async () => {
    helper('first', `[ "$1" = get ] || exit 9`, answer);
    const config = {
      auths: { 'registry.example.org': encoded('no:no') },
      credsStore: 'absent',
      credHelpers: { 'registry.example.org': 'first' },
    };
    expect(await shown(lookUp(config))).toBe('user:from registry.example.org');
  });

  it('of other hosts are not asked', async () => {
    const config = {
      auths: { 'registry.example.org': encoded('u:p') },
      credHelpers: { 'other.example.org': 'absent' },
    };
    expect(await shown(lookUp(config))).toBe('u:p');
  });

  it('with an empty name leave it to auths', async () => {
    const config = {
      auths: { 'registry.example.org': encoded('u:p') },
      credsStore: 'absent',
      credHelpers: { 'registry.example.org': '' },
    };
    expect(await shown(lookUp(config))).toBe('u:p');
  });

  it('as credsStore are asked for every host, and for Docker Hub under its old name', async () => {
    helper('store', answer);
    expect(await shown(lookUp({ credsStore: 'store' }))).toBe('user:from registry.example.org');
    expect(await shown(lookUp({ credsStore: 'store' }, { origin: 'https://registry-1.docker.io' }))).toBe(
      'user:from https://index.docker.io/v1/',
    );
  });

  it('are no store where their name is empty', async () => {
    expect(await shown(lookUp({ credsStore: '', auths: { 'registry.example.org': encoded('u:p') } }))).toBe('u:p');
  });

  it('may answer with an identity token', async () => {
    helper('store', `echo '{"Username":"<token>","Secret":"refresh"}'`);
    expect(await shown(lookUp({ credsStore: 'store' }))).toBe('<identity> refresh');
  });

  it('may have nothing: then auths hold, or nothing does', async () => {
    helper('store', 'echo credentials not found in native keychain', 'exit 1');
    expect(await shown(lookUp({ credsStore: 'store' }))).toBe('anonymous');
    expect(await shown(lookUp({ credsStore: 'store', auths: { 'registry.example.org': encoded('u:p') } }))).toBe('u:p');
  });

  it.each([
    ['fails', ['echo SECRET-CANARY', 'exit 3'], /docker-credential-bad failed with exit code 3$/],
    ['answers with no JSON', ['echo SECRET-CANARY'], /did not answer with JSON$/],
    ['answers with null', ['echo null'], /answered without Username and Secret$/],
    ['answers without a name', [`echo '{"Secret":"SECRET-CANARY"}'`], /answered without Username and Secret$/],
    ['answers without end', ['while :; do echo SECRET-CANARY-SECRET-CANARY-SECRET-CANARY; done'], /answered more than/],
  ])('that %s are unreadable credentials', async (_name, lines, message) => {
    helper('bad', ...lines);
    const error = await lookUp({ credsStore: 'bad' }).then(
      () => expect.fail('credentials came'),
      (error: unknown) => error,
    );
    expect(error).toMatchObject({ name: 'AuthError', problem: 'credentials_unreadable' });
    expect((error as Error).message).toMatch(message);
    expect(inspect(error, { depth: 9 })).not.toContain('CANARY');
  });

  it('that are not installed are named', async () => {
    // EACCES: the PATH has a folder that this user may not look into.
    await expect(lookUp({ credsStore: 'absent' })).rejects.toThrow(
      /docker-credential-absent cannot be started \((?:ENOENT|EACCES)\)/,
    );
  });

  it.each(['../evil', 'a b', 'a;b', 'a/b', '$(x)', '\n', 'a\n'])(
    'are never started under the name %j',
    async (name) => {
      helper('marker', `touch ${join(folder, 'started')}`);
      await expect(lookUp({ credsStore: name })).rejects.toMatchObject({
        problem: 'credentials_unreadable',
        message: 'the name of a credential helper is not one',
      });
      expect(existsSync(join(folder, 'started'))).toBe(false);
    },
  );

  it.each([
    ['the time is over', (ms: number) => ({ helperTimeoutMs: ms }), /took longer than \d+ ms/],
    ['the run is aborted', (ms: number) => ({ signal: AbortSignal.timeout(ms) }), /timeout/],
  ])('are killed with all that they started when %s', async (_name, within, message) => {
    const pidFile = join(folder, 'pid');
    helper('slow', `trap '' TERM`, `sleep 60 & echo $! > ${pidFile}`, 'wait');
    // A busy machine may need longer until it has started anything.
    for (let ms = 300; !existsSync(pidFile); ms *= 4)
      await expect(lookUp({ credsStore: 'slow' }, within(ms))).rejects.toThrow(message);

    const pid = readFileSync(pidFile, 'utf8').trim();
    await expect.poll(() => isAlive(pid)).toBe(false);
  });

  it('are not started when the run is aborted already', async () => {
    helper('marker', `touch ${join(folder, 'started')}`);
    await expect(lookUp({ credsStore: 'marker' }, { signal: AbortSignal.abort() })).rejects.toThrow('abort');
    expect(existsSync(join(folder, 'started'))).toBe(false);
  });
});

/** A killed process that nobody has waited for yet counts as gone. */
function isAlive(pid: string): boolean {
  const status = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') X';
  return !/\) [ZX]/.test(status);
}
