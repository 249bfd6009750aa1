import { ConfigError } from '../../src/config/problem.ts';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Command, Terminal } from '../../src/cli/command.ts';
import { runCommandLine } from '../../src/cli/command-line.ts';
import type { FlagValues } from '../../src/cli/flags.ts';

interface Recorded extends Terminal {
  readonly stdout: string[];
  readonly stderr: string[];
}

function recorder(): Recorded {
  const stdout: string[] = [];
  const stderr: string[] = [];
  return {
    stdout,
    stderr,
    out: (text) => stdout.push(text),
    err: (text) => stderr.push(text),
    env: {},
    readInput: () => '',
  };
}

function command(name: string, ran: (values: FlagValues) => number | undefined): Command {
  return {
    name,
    summary: `Does ${name}.`,
    flags: { 'some.flag': { kind: 'text', help: 'Some.' } },
    run: async (values) => ran(values),
  };
}

function run(argv: string[], ran: (name: string, values: FlagValues) => number | undefined = () => 0) {
  const terminal = recorder();
  const serve = command('serve', (values) => ran('serve', values));
  const demo = command('demo', (values) => ran('demo', values));
  return { terminal, code: runCommandLine(argv, [serve, demo], terminal) };
}

test.each<[string[], string]>([
  [[], 'serve'],
  [['--some.flag=1'], 'serve'],
  [['serve'], 'serve'],
  [['demo', '--some.flag=1'], 'demo'],
])('%j runs %s, whose exit code counts', async (argv, expected) => {
  const { code } = run(argv, (name) => (name === expected ? 7 : 8));
  expect(await code).toBe(7);
});

test.each<[string[], string]>([
  [['srve'], 'blobprobe: unknown command "srve", did you mean serve? (see blobprobe --help)\n'],
  [['xyzzy'], 'blobprobe: unknown command "xyzzy", expected serve or demo (see blobprobe --help)\n'],
  [['--some.flog=1'], 'blobprobe: unknown flag --some.flog, did you mean --some.flag? (see blobprobe --help)\n'],
  [
    ['demo', '--some.flog'],
    'blobprobe demo: unknown flag --some.flog, did you mean --some.flag? (see blobprobe demo --help)\n',
  ],
  [['demo', 'serve'], 'blobprobe demo: unexpected argument "serve" (see blobprobe demo --help)\n'],
])('%j is refused in one line with exit code 2', async (argv, line) => {
  const { code, terminal } = run(argv, () => 0);
  expect(await code).toBe(2);
  expect(terminal.stderr.join('')).toBe(line);
  expect(terminal.stdout).toEqual([]);
});

test('--help lists the commands and the flags, and runs nothing', async () => {
  const { code, terminal } = run(['--help'], () => 9);
  expect(await code).toBe(0);
  expect(terminal.stdout.join('')).toMatch(/serve {4}Does serve\.\n {2}demo {5}Does demo\.[\s\S]*--some\.flag=VALUE/);
});

test('demo --help is about demo', async () => {
  const { code, terminal } = run(['demo', '--help'], () => 9);
  expect(await code).toBe(0);
  expect(terminal.stdout.join('')).toMatch(/^usage: blobprobe demo \[flags\]\n\nDoes demo\.\n/);
});

test('--version says what package.json says', async () => {
  const { code, terminal } = run(['--version'], () => 9);
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  expect(await code).toBe(0);
  expect(terminal.stdout.join('')).toBe(
    `blobprobe, version ${version} (revision: unknown, node: ${process.version})\n`,
  );
});

test.each<[string[], RegExp]>([
  [['-h'], /^usage: blobprobe \[command\]/],
  [['help'], /^usage: blobprobe \[command\]/],
  [['help', 'demo'], /^usage: blobprobe demo \[flags\]/],
  [['--help', 'demo'], /^usage: blobprobe demo \[flags\]/],
  [['-h', 'demo'], /^usage: blobprobe demo \[flags\]/],
  [['demo', '-h'], /^usage: blobprobe demo \[flags\]/],
  [['-v'], /^blobprobe, version /],
  [['version'], /^blobprobe, version /],
  [['demo', '-v'], /^blobprobe, version /],
])('%j shows what hands expect, and runs nothing', async (argv, shown) => {
  const { code, terminal } = run(argv, () => 9);
  expect(await code).toBe(0);
  expect(terminal.stdout.join('')).toMatch(shown);
});

test('help of what is no command says so', async () => {
  const { code, terminal } = run(['help', 'dmo'], () => 9);
  expect(await code).toBe(2);
  expect(terminal.stderr.join('')).toContain('did you mean demo?');
});

test('a file that the system refuses is one line', async () => {
  const { code, terminal } = run(['demo'], () => Number(readFileSync('/nonexistent/x')));
  expect(await code).toBe(1);
  expect(terminal.stderr.join('')).toMatch(/^blobprobe demo: ENOENT: [^\n]*\n$/);
});

test('a wrong configuration is one line for each error and exit code 2, whatever the command', async () => {
  const problems = ['a', 'b'].map((key) => ({ file: 'x.yaml', path: [key], message: 'expected a size' }));
  const { code, terminal } = run(['demo'], () => {
    throw new ConfigError(problems);
  });
  expect(await code).toBe(2);
  expect(terminal.stderr.join('')).toBe('x.yaml: a: expected a size\nx.yaml: b: expected a size\n');
});
