import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { describeWithComponents, findComponent, requireComponent } from '../support/component.ts';
import { root } from './compose-file.ts';

const folder = '.github/workflows';
const workflows = readdirSync(join(root, folder));
const scripts = [
  '.ci/run',
  ...readdirSync(join(root, 'test/support'))
    .filter((name) => name.endsWith('.sh'))
    .map((name) => `test/support/${name}`),
];

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

function stepsOf(workflow: string): Step[] {
  const { jobs } = parse(readFileSync(join(root, folder, workflow), 'utf8')) as {
    jobs: Record<string, { steps: Step[] }>;
  };
  return Object.values(jobs).flatMap(({ steps }) => steps);
}

/** `${{ … }}` is replaced before a shell sees it. */
function commandsOf(workflow: string): string[] {
  return stepsOf(workflow).flatMap(({ run }) => (run === undefined ? [] : [run.replaceAll(/\$\{\{[^}]*\}\}/g, 'x')]));
}

describe.each(workflows)('workflow %s', (workflow) => {
  const commands = commandsOf(workflow);

  test('has only commands that bash understands', () => {
    const wrong = commands.filter((one) => spawnSync('bash', ['-n'], { input: one }).status !== 0);
    expect(commands.length).toBeGreaterThan(1);
    expect(wrong).toEqual([]);
  });

  test('names only scripts of package.json and files that exist', () => {
    const text = commands.join('\n');
    const { scripts: known } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...text.matchAll(/npm (?:run (?:--silent )?)?(test|[\w-]+:[\w:]+|(?<=run (?:--silent )?)[\w-]+)/g)];
    expect(named.map(([, name = '']) => name).filter((name) => !(name in known))).toEqual([]);
    const files = [...text.matchAll(/(?<![\w/.])(?:\.\/)?((?:\.ci|deploy|helm|test)\/[\w./-]+|[\w-]+\.yaml)/g)].map(
      ([, file = '']) => file,
    );
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  test('takes nothing that moves under its name without a version', () => {
    const used = stepsOf(workflow).flatMap(({ uses }) => (uses === undefined ? [] : [uses]));
    expect(used.filter((one) => !/@v\d+(\.\d+)*$|@[0-9a-f]{40}$/.test(one))).toEqual([]);
  });
});

describeWithComponents(['actionlint'], 'actionlint', () => {
  const lint = (...args: string[]): { status: number | null; stdout: string } => {
    const shellcheck = findComponent('shellcheck') ?? '';
    return spawnSync(requireComponent('actionlint'), ['-no-color', `-shellcheck=${shellcheck}`, ...args], {
      cwd: root,
      encoding: 'utf8',
    });
  };

  test('has nothing to say about the workflows', () => {
    expect(lint(...workflows.map((name) => join(folder, name)))).toMatchObject({ status: 0, stdout: '' });
  });

  test('would find an unknown expression', () => {
    const text = readFileSync(join(root, folder, 'release.yml'), 'utf8');
    const wrong = text.replace('${{ github.sha }}', '${{ github.shaa }}');
    const { status, stdout } = spawnSync(requireComponent('actionlint'), ['-no-color', '-shellcheck=', '-'], {
      cwd: root,
      input: wrong,
      encoding: 'utf8',
    });
    expect(status).toBe(1);
    expect(stdout).toContain('shaa');
  });
});

describeWithComponents(['shellcheck'], 'shellcheck', () => {
  test.each(scripts)('has nothing to say about %s', (script) => {
    expect(spawnSync(requireComponent('shellcheck'), [script], { cwd: root, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: '',
    });
  });
});
