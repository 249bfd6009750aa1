import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createCommands } from '../../src/cli/commands.ts';
import { newestClients } from '../../src/cli/select-targets.ts';
import { type Component, describeWithComponents, requireComponent } from '../support/component.ts';
import { typed } from '../support/typed.ts';

const commands = createCommands();
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'blobprobe-completion-'));
  writeFileSync(join(folder, 'some.yaml'), '');
  for (const shell of ['bash', 'zsh', 'fish']) writeFileSync(join(folder, shell), (await completion(shell)).out);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function completion(...args: readonly string[]) {
  return typed(['completion', ...args], commands);
}

test.each([[], ['tcsh'], ['toString'], ['bash', 'zsh']])('%j is refused in one line', async (...args) => {
  const { code, out, err } = await completion(...args);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(
    /^blobprobe completion: (?:expected bash or zsh or fish, got (?:nothing|"\w+")|unexpected argument "zsh")[^\n]*\n$/,
  );
});

const names = [...commands.map(({ name }) => name), 'help', 'version'];

/** What is typed, and what is offered for it, in any order. */
const offers: readonly (readonly [typed: string, offered: readonly string[]])[] = [
  ['blobprobe ', names],
  ['blobprobe pu', ['push']],
  ['blobprobe help dia', ['diagnose']],
  ['blobprobe push --pu', ['--pull']],
  ['blobprobe --config.c', ['--config.check']],
  ['blobprobe push --client=', newestClients],
  ['blobprobe push --client=doc', ['docker', 'docker-containerd']],
  ['blobprobe completion z', ['zsh']],
  ['blobprobe report --format=m', ['markdown']],
  ['blobprobe push --config.file=so', ['some.yaml']],
];

function run(shell: Component, args: readonly string[]): string {
  const options = {
    encoding: 'utf8',
    cwd: folder,
    timeout: 20_000,
    env: { PATH: process.env['PATH'], HOME: folder },
  } as const;
  const { stdout, stderr, status } = spawnSync(requireComponent(shell), args, options);
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  return stdout;
}

const sorted = (words: readonly string[]): string[] => words.toSorted();

describeWithComponents(['bash'], 'in bash', () => {
  test.each(offers)('%s is completed', (typed, offered) => {
    // Words as bash splits them: COMP_WORDBREAKS has the equals sign. compopt is of a real completion only.
    const words = typed.split(/\s+|(=)/).flatMap((word) => (word === undefined ? [] : [word]));
    const quoted = words.filter((word, index) => word !== '' || index === words.length - 1).map((word) => `'${word}'`);
    const ask = `source ./bash; compopt() { :; }; COMP_WORDS=(${quoted.join(' ')}); COMP_CWORD=${quoted.length - 1}; _blobprobe; printf '%s\\n' "\${COMPREPLY[@]}"`;
    expect(sorted(run('bash', ['-c', ask]).trimEnd().split('\n'))).toEqual(sorted(offered));
  });
});

describeWithComponents(['fish'], 'in fish', () => {
  test.each(offers)('%s is completed', (typed, offered) => {
    const lines = run('fish', ['--no-config', '-c', `source ./fish; complete -C '${typed}'`])
      .trimEnd()
      .split('\n');
    // A value is offered with its flag, a word with what it does.
    const offeredHere = lines.map((line) => line.split('\t')[0]?.replace(/^--[\w.-]+=(?=.)/, '') ?? '');
    expect(sorted(offeredHere)).toEqual(sorted(offered));
  });
});

describeWithComponents(['zsh'], 'in zsh', () => {
  test.each(offers.filter(([, offered]) => offered.length === 1))('%s is completed', (typed, [offered]) => {
    // On a terminal of its own, as zsh completes nowhere else; what stands on the line in the end is written to a file.
    writeFileSync(
      join(folder, 'ask.zsh'),
      `zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner 'autoload -U compinit; compinit -u -D; source ./zsh'
zpty -w inner 'show() { print -r -- "$BUFFER" > ./line; exit }; zle -N show; bindkey "^X" show; PS1=ready'
zpty -r inner seen '*ready*'
zpty -n -w inner $'${typed}\\t\\x18'
while zpty -t inner; do zpty -r inner seen || break; done
cat ./line
`,
    );
    expect(run('zsh', ['-f', 'ask.zsh']).trimEnd()).toBe(`${typed.replace(/[^ =]*$/, '')}${offered}`);
  });
});
