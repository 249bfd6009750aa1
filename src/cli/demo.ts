import type { Config } from '../config/config.ts';
import { parseConfig } from '../config/load.ts';
import type { Command, Terminal } from './command.ts';
import { daemonFlags, loggerOf, webOptions } from './daemon-flags.ts';
import { type DemoLab, demoUser, startDemoLab } from './demo-lab.ts';
import { runDaemon } from './run-daemon.ts';
import type { PushDeps } from './serve.ts';

const clients = ['docker', 'docker-containerd'];

/** Short enough for every check to have run within the first seconds, long enough for all of them to fit in. */
const checks = {
  small: { size: '64KiB', every: '8s', clients },
  medium: { size: '512KiB', every: '12s', clients },
  large: { size: '2MiB', every: '15s', clients },
};

export function demoCommand(deps: PushDeps): Command {
  return {
    name: 'demo',
    summary: 'Runs on a registry and faulty paths of its own: no configuration, no network needed.',
    flags: daemonFlags,
    async run(values, terminal) {
      const web = webOptions(values);
      const log = loggerOf(values, (line) => terminal.err(line));
      const lab = await startDemoLab();
      const readConfig = (): Config => demoConfig(lab, deps, terminal);
      return runDaemon({
        config: readConfig(),
        readConfig,
        ...deps,
        web,
        log,
        terminal,
        onRunning: ([url = '']) => terminal.out(guide(url, lab)),
        onEnded: () => lab.close(),
      });
    },
  };
}

/** Written as a file would be, so that `/config` shows what such a file looks like. JSON is YAML. */
function demoConfig(lab: DemoLab, { profiles }: PushDeps, { env }: Terminal): Config {
  const text = JSON.stringify({
    registries: {
      gitea: {
        repository: 'platform/blobprobe',
        credentials: { username: demoUser.name, password: demoUser.password },
        paths: Object.fromEntries(lab.paths.map(({ name, kind, url }) => [name, { url, kind }])),
      },
    },
    checks,
    // The docker client waits 50 s in all before it gives up; a demonstration has not that long.
    retryWaitScale: 0.005,
  });
  return parseConfig(text, 'demo', { env, profiles });
}

function guide(url: string, lab: DemoLab): string {
  const rows = [
    ['path', 'what stands in the way', 'what to expect'],
    ...lab.paths.map(({ name, happens, expected }) => [name, happens, expected]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const table = rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}\n`);
  const sizes = Object.entries(checks).map(([name, { size, every }]) => `${name} (${size} every ${every})`);
  return [
    `\nblobprobe demo: ${url}\n\n`,
    `Pushes ${sizes.join(', ')} as ${clients.join(' and ')} over ${lab.paths.length} paths to a registry in this process.\n\n`,
    ...table,
    '\nWithin 30 seconds all of it has been tried:\n',
    `  curl -s ${url}/metrics | grep -E '^blobprobe_(last_run_success|last_failure_info)'\n`,
    '\nCtrl-C ends it.\n\n',
  ].join('');
}
