import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type DemoEdge, startEdge } from '../support/lab/edge.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import { causeNames } from '../../src/probe/diagnose/causes.ts';
import { describeWithComponents, findComponent, requireComponent } from '../support/component.ts';
import { builtProgram } from '../support/program.ts';
import { root } from './compose-file.ts';

const ci = join(root, 'deploy/ci');
const read = (file: string): unknown => parse(readFileSync(join(ci, file), 'utf8'));

interface Action {
  readonly inputs: Record<
    string,
    { readonly default?: string; readonly required?: boolean; readonly description: string }
  >;
  readonly runs: {
    readonly using: string;
    readonly steps: { run: string; shell: string; env: Record<string, string> }[];
  };
}

let directory: string;
let registry: DemoRegistry;
let edge: DemoEdge;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'blobprobe-ci-'));
  registry = await startRegistry({ bytes: 'discard' });
  edge = await startEdge({
    upstream: registry.url,
    identity: { style: 'nginx' },
    faults: [{ kind: 'body-limit', limitBytes: 1_000_000, ending: 'linger' }],
  });
});
afterAll(async () => {
  await edge.close();
  await registry.close();
  rmSync(directory, { recursive: true });
});

/** As a runner does: the step's own lines in bash that stops at the first error. */
async function bash(
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; summary: string }> {
  const summary = join(directory, 'summary.md');
  rmSync(summary, { force: true });
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    cwd: directory,
    stdio: 'ignore',
    env: {
      PATH: `${join(directory, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
      HOME: directory,
      BLOBPROBE_COMMAND: `${process.execPath} ${builtProgram()}`,
      ...env,
    },
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  let text = '';
  try {
    text = readFileSync(summary, 'utf8');
  } catch {
    // None was written.
  }
  return { code, summary: text };
}

/** The step of a composite action with these inputs, the others at their defaults. */
function runAction(file: string, inputs: Readonly<Record<string, string>>): ReturnType<typeof bash> {
  const { inputs: known, runs } = read(file) as Action;
  const [step] = runs.steps;
  const env = Object.entries(step?.env ?? {}).map(([name, expression]) => {
    const input = /^\$\{\{ inputs\.(\w+) \}\}$/.exec(expression)?.[1] ?? '';
    return [name, inputs[input] ?? known[input]?.default ?? ''] as const;
  });
  const folder = join(ci, file, '..');
  return bash(step?.run ?? 'false', {
    ...Object.fromEntries(env),
    BLOBPROBE_COMMAND: `${process.execPath} ${builtProgram()}`,
    GITHUB_ACTION_PATH: folder,
    GITHUB_STEP_SUMMARY: join(directory, 'summary.md'),
  });
}

/** GitLab's script lines, with an npm that has installed this clone. */
function runGitlab(variables: Readonly<Record<string, string>>): ReturnType<typeof bash> {
  const { '.blobprobe': job } = read('gitlab.yml') as {
    '.blobprobe': { script: string[]; variables: Record<string, string> };
  };
  mkdirSync(join(directory, 'bin'), { recursive: true });
  mkdirSync(join(directory, 'modules'), { recursive: true });
  rmSync(join(directory, 'modules/blobprobe'), { force: true });
  symlinkSync(root, join(directory, 'modules/blobprobe'));
  const npm = join(directory, 'bin/npm');
  writeFileSync(npm, `#!/bin/sh\n[ "$1" = install ] || echo ${join(directory, 'modules')}\n`);
  chmodSync(npm, 0o755);
  return bash(job.script.join('\n'), {
    ...job.variables,
    ...variables,
    BLOBPROBE_SUMMARY: join(directory, 'summary.md'),
  });
}

const actions = ['github/action.yml', 'forgejo/action.yml'];
const ways: readonly (readonly [string, (inputs: Record<string, string>) => ReturnType<typeof bash>])[] = [
  ...actions.map((file) => [file, (inputs: Record<string, string>) => runAction(file, inputs)] as const),
  [
    'gitlab.yml',
    (inputs) =>
      runGitlab(
        Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`BLOBPROBE_${name.toUpperCase()}`, value])),
      ),
  ],
];

describe.each(ways)('%s', (_file, run) => {
  test('the registry is down: 20', async () => {
    const { code, summary } = await run({ reference: 'http://127.0.0.1:1/team/app', size: '1KiB' });
    expect(summary).toContain('### blobprobe: the registry is down\n\n- url as docker: ');
    expect(summary).toMatch(/^ {2}- [A-Z]/m);
    expect(summary).not.toMatch(/^ {2}- [a-z]/m);
    expect(code).toBe(20);
  });

  test('a limit is in the way: 10, with what to set', async () => {
    const archive = join(directory, 'layout');
    mkdirSync(join(archive, 'blobs/sha256'), { recursive: true });
    const layers = [{ digest: `sha256:${'a'.repeat(64)}`, size: 2_000_000, mediaType: 'x.tar+gzip' }];
    writeFileSync(join(archive, `blobs/sha256/${'b'.repeat(64)}`), JSON.stringify({ layers }));
    writeFileSync(
      join(archive, 'index.json'),
      JSON.stringify({ manifests: [{ digest: `sha256:${'b'.repeat(64)}`, size: 1 }] }),
    );
    const inputs = { mode: 'advise', reference: `${edge.url}/team/app`, image: archive, client: 'crane' };
    const { code, summary } = await run(inputs);
    expect(summary).toMatch(
      /^### blobprobe: this path does not work[^]*dies at layer 1[^]*way out: .*client_max_body_size/,
    );
    expect(code).toBe(10);
    expect((await run({ ...inputs, reference: `${registry.url}/team/app` })).code).toBe(0);
  });

  test('used wrongly: 2, and no summary', async () => {
    expect(await run({ reference: 'x', mode: 'guess' })).toEqual({ code: 2, summary: '' });
    expect(await run({ reference: 'no host' })).toEqual({ code: 2, summary: '' });
  });
});

test('a push that gets through says that a retry helps, one that is refused that it does not', async () => {
  const inputs = { size: '2MB', client: 'crane' };
  expect(await runAction('github/action.yml', { ...inputs, reference: `${registry.url}/team/app` })).toMatchObject({
    code: 0,
    summary: expect.stringContaining('try again') as string,
  });
  expect((await runAction('github/action.yml', { ...inputs, reference: `${edge.url}/team/app` })).code).toBe(10);
}, 120_000);

test('each cause by which the step calls the registry down is in the table of causes', () => {
  const [, list = ''] = /downCauses = new Set\(\[([^\]]*)\]/.exec(readFileSync(join(ci, 'step.mjs'), 'utf8')) ?? [];
  const names = [...list.matchAll(/'([^']*)'/g)].map(([, name]) => name);
  expect(names).toContain('registry_down');
  expect(causeNames).toEqual(expect.arrayContaining(names));
});

test.each(actions)('%s: each input is described, and each is used', (file) => {
  const { inputs, runs } = read(file) as Action;
  expect(runs.using).toBe('composite');
  const used = Object.values(runs.steps[0]?.env ?? {}).join(' ');
  for (const [name, { description }] of Object.entries(inputs)) {
    expect(description).toMatch(/\.$/);
    expect(used).toContain(`inputs.${name} `);
  }
  // What is put into a script by the runner could be a command of somebody else's.
  expect(runs.steps.map(({ run }) => run).join('')).not.toContain('${{');
});

describeWithComponents(['check-jsonschema'], 'the schemas of what reads these files', () => {
  const check = (schema: string, file: string, ...rest: readonly string[]): readonly [number | null, string] => {
    const args = ['--builtin-schema', `vendor.${schema}`, ...rest, file];
    const { status, stdout } = spawnSync(requireComponent('check-jsonschema'), args, { encoding: 'utf8' });
    return [status, stdout.trim()];
  };
  const changed = (file: string, from: RegExp, to: string): string => {
    const copy = join(directory, `changed-${file.replaceAll('/', '-')}`);
    writeFileSync(copy, readFileSync(join(ci, file), 'utf8').replace(from, to));
    return copy;
  };
  // Of a job whose name begins with a dot the schema asks nothing.
  const visible = [/^\.blobprobe:/m, 'blobprobe:'] as const;
  const fine = [0, 'ok -- validation done'];

  test.each(actions)('%s is an action', (file) => {
    expect(check('github-actions', join(ci, file))).toEqual(fine);
    expect(check('github-actions', changed(file, /using: composite/, 'using: composit'))[0]).toBe(1);
  });

  test('github/example.yml is a workflow', () => {
    expect(check('github-workflows', join(ci, 'github/example.yml'))).toEqual(fine);
  });

  test('gitlab.yml has a job', () => {
    const transform = ['--data-transform', 'gitlab-ci'];
    expect(check('gitlab-ci', changed('gitlab.yml', ...visible), ...transform)).toEqual(fine);
    const wrong = changed('gitlab.yml', /^\.blobprobe:([^]*)artifacts:/m, 'blobprobe:$1artifact:');
    expect(check('gitlab-ci', wrong, ...transform)).toEqual([1, expect.stringContaining("'artifact' was unexpected")]);
  });
});

describeWithComponents(['actionlint'], 'actionlint', () => {
  test('has nothing to say about the example, and so about the inputs of the action', () => {
    const args = ['-no-color', `-shellcheck=${findComponent('shellcheck') ?? ''}`, 'deploy/ci/github/example.yml'];
    expect(spawnSync(requireComponent('actionlint'), args, { cwd: root, encoding: 'utf8' })).toMatchObject({
      status: 0,
      stdout: '',
    });
  });
});
