import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../packaging/compose-file.ts';
import { commandsOf, documents, reasonNotToRun, yamlBlock } from '../packaging/doc-commands.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { temporaryDirectory, type TemporaryDirectory } from './support/temporary-directory.ts';

const toRun = documents()
  .flatMap(commandsOf)
  .filter((one) => reasonNotToRun(one) === undefined);

/** Commands that run until they are ended. */
function staysUp(command: string): boolean {
  return (
    /(?:npm run|main\.js) demo$/.test(command) ||
    (/dist\/main\.js/.test(command) && /--config\.file=\S+$/.test(command))
  );
}

/** Asks a daemon that another command has started. */
function asksDaemon(command: string): boolean {
  return command.startsWith('curl ');
}

/**
 * Networks and ports of its own, so that the documented port is free, and a secret where the documents have theirs. What follows a
 * `--` in the arguments is run by bash in the clone.
 */
const enter = [
  'set -e',
  'ip link set lo up',
  'mount -t tmpfs private-run /run',
  'mkdir /run/secrets',
  'echo secret >/run/secrets/registry',
  'cd "$1"',
].join('\n');

const untilReady =
  'for _ in $(seq 600); do curl -sf http://127.0.0.1:10719/-/ready >/dev/null && break; sleep 0.1; done';

describeWithComponents(
  ['unshare', 'ip', 'curl', 'helm', 'promtool'],
  'the commands of README and docs, in a fresh clone',
  () => {
    let directory: TemporaryDirectory;
    let clone: string;
    let path: string;

    const run = (script: string): { status: number | null; output: string } => {
      const { status, stdout, stderr } = spawnSync(
        'unshare',
        ['--mount', '--net', 'bash', '-c', `${enter}\n${script}`, 'bash', clone],
        { encoding: 'utf8', env: { ...process.env, PATH: path, HOME: directory.path }, timeout: 150_000 },
      );
      return { status, output: `${stdout}${stderr}` };
    };

    beforeAll(() => {
      directory = temporaryDirectory('docs');
      clone = join(directory.path, 'blobprobe');
      path = [process.env['PATH'], '/usr/sbin', dirname(requireComponent('helm'))].join(':');
      for (const [program, ...args] of [
        ['git', 'clone', '--quiet', root, clone],
        // The network is gone in what follows, so `npm ci` is run here, once.
        ['npm', 'ci', '--prefer-offline', '--prefix', clone],
        ['npm', 'run', '--silent', 'build', '--prefix', clone],
      ] as const) {
        const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: directory.path });
        if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr}`);
      }
      writeFileSync(join(clone, 'config.yaml'), yamlBlock('README.md', 'config.yaml'));
    }, 240_000);

    afterAll(() => directory?.remove());

    test('there are some to run', () => {
      expect(toRun.map(({ command }) => command)).toEqual(
        expect.arrayContaining(['npm ci && npm run demo', 'node dist/main.js --config.file=config.yaml']),
      );
    });

    const finite = toRun.filter(({ command }) => !staysUp(command) && !asksDaemon(command));
    test.each(finite)('$file: $command', ({ command }) => {
      const { status, output } = run(command.replace('npm ci && ', ''));
      expect({ status, output }).toMatchObject({ status: 0 });
    });

    test.each(toRun.filter(({ command }) => staysUp(command)))('$file: $command', ({ command }) => {
      const ofDemo = (text: string): boolean => text.includes('demo');
      const questions = toRun
        .filter((one) => asksDaemon(one.command) && ofDemo(one.command) === ofDemo(command))
        .map((one) => one.command);
      const { status, output } = run(
        [
          `setsid bash -c 'exec ${command.replace('npm ci && ', '')}' & pid=$!`,
          untilReady,
          'curl -sf http://127.0.0.1:10719/metrics | grep -c "^blobprobe_runs_total{" >runs',
          ...questions.map((question) => `${question.replace('curl ', 'curl -sS --fail ')}; echo`),
          'kill -TERM -- "-$pid"; wait "$pid" || true',
          'test "$(cat runs)" -gt 0',
        ].join('\n'),
      );
      expect({ status, output }).toMatchObject({ status: 0 });
      // `-i` of the question for a run shows the answer's status; every other answer that is a refusal has ended the script.
      const accepted = output.match(/^HTTP\/1\.1 202/gm) ?? [];
      expect(accepted).toHaveLength(questions.filter((question) => question.includes('/api/v1/run')).length);
    });
  },
);
