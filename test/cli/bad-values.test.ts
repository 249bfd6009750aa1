import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Command } from '../../src/cli/command.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import { createCommands } from '../../src/cli/commands.ts';
import { parseFlags } from '../../src/cli/flags.ts';

// Whatever is typed, no command ends in a stack trace: it says in a line what was wrong, or does what it can.

const commands = createCommands();
let directory: string;
let config: string;
const startedIn = process.cwd();
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-bad-'));
  // Some flags name a file to write.
  process.chdir(directory);
  config = join(directory, 'config.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      registries: { r: { repository: 'a/b', paths: { p: { url: 'http://127.0.0.1:1' } } } },
      checks: { small: { size: '1KiB', every: '1m', clients: ['docker'] } },
      ledgerFile: join(directory, 'ledger'),
    }),
  );
});
afterAll(() => {
  process.chdir(startedIn);
  rmSync(directory, { recursive: true });
});

/** What makes each command end by itself, quickly: nothing listens on port 1. */
const harmless: Readonly<Record<string, readonly string[]>> = {
  serve: ['--config.file=CONFIG', '--config.check'],
  demo: ['--running=http://127.0.0.1:1', '--heal=all'],
  init: ['--url=http://127.0.0.1:1/a/b', '--output=/nonexistent/config.yaml'],
  push: ['--url=http://127.0.0.1:1/a/b', '--retries=none', '--size=1KiB', '--timeout=5s'],
  diagnose: ['--url=http://127.0.0.1:1/a/b', '--quick', '--size=1KiB', '--timeout=5s'],
  limit: ['--url=http://127.0.0.1:1/a/b', '--only=size', '--up-to=1KiB'],
  explain: ['a line'],
  paths: ['--from=/nonexistent/objects.json', '--service=registry/gitea'],
  advise: ['--layers=1KiB', '--url=http://127.0.0.1:1/a/b', '--search'],
  report: ['--url=http://127.0.0.1:1/a/b', '--quick', '--size=1KiB', '--timeout=5s'],
  cleanup: ['--config.file=CONFIG', '--timeout=5s'],
  healthcheck: ['--url=http://127.0.0.1:1'],
};

const badValues = [
  '/nonexistent/x',
  '/dev',
  '0',
  '-1',
  '99999999999999999999999999',
  '1e400MiB',
  'http://[',
  'http://a b/',
  '\0',
  '💥"\n',
  '../..',
  '{}',
];

function argumentsWith({ name, flags }: Command, flag: string, value: string): string[] {
  const kept = (harmless[name] ?? []).filter(
    (argument) => !argument.startsWith(`--${flag}=`) && argument !== `--${flag}`,
  );
  const bad = flags[flag]?.kind === 'switch' ? `--${flag}` : `--${flag}=${value}`;
  return [name, ...kept.map((argument) => argument.replace('CONFIG', config)), bad];
}

const withFlags = commands.filter(({ flags }) => Object.keys(flags).length > 0);

describe.each(withFlags.map((command) => [command.name, command] as const))('%s', (_name, command) => {
  const flags = Object.keys(command.flags);
  test.each(flags)(
    '--%s with bad values says what is wrong',
    async (flag) => {
      for (const value of command.flags[flag]?.kind === 'switch' ? [''] : badValues) {
        let err = '';
        const argv = argumentsWith(command, flag, value);
        const terminal = { out: () => {}, err: (text: string) => (err += text), env: {}, readInput: () => '' };
        const code = await runCommandLine(argv, commands, terminal);
        expect({ argv, code, err }).toMatchObject({
          code: expect.any(Number),
          err: expect.not.stringMatching(code === 2 ? /^$(?!\n)|^\s+at / : /^\s+at /m),
        });
      }
    },
    30_000,
  );
});

test('the list of flags is not empty', () => {
  expect(commands.flatMap(({ flags }) => Object.keys(flags)).length).toBeGreaterThan(50);
  expect(() => parseFlags(['x', 'y'], {}, 1)).toThrow('unexpected argument "y"');
});
