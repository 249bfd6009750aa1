import type { Config } from '../config/config.ts';
import { demoRoutes } from '../demo/control-routes.ts';
import { applyChange } from '../demo/lab-change.ts';
import { pathPlans } from '../demo/lab-paths.ts';
import { startLab } from '../demo/lab.ts';
import { demoScale } from '../demo/presets.ts';
import type { Command } from './command.ts';
import { daemonFlags, loggerOf, webOptions } from './daemon-flags.ts';
import { changeFlags, changeRunning, changesOf } from './demo-changes.ts';
import { demoConfig } from './demo-config.ts';
import { demoGuide, demoList } from './demo-guide.ts';
import { outageFlag, outageOf } from './demo-outage.ts';
import { runDaemon } from './run-daemon.ts';
import type { PushDeps } from './serve.ts';

export function demoCommand(deps: PushDeps): Command {
  return {
    name: 'demo',
    summary: 'Runs on a registry and faulty paths of its own: no configuration, no network needed.',
    flags: {
      list: { kind: 'switch', help: 'Name the presets, what each stands for, and the paths.' },
      ...outageFlag,
      ...changeFlags,
      ...daemonFlags,
    },
    async run(values, terminal) {
      const paths = pathPlans(demoScale).map(({ name }) => name);
      if (values.isSet('list')) {
        terminal.out(demoList(paths));
        return 0;
      }
      const changes = changesOf(values, paths);
      const running = values.text('running');
      if (running !== undefined) {
        return changeRunning(running, changes, terminal);
      }
      const web = webOptions(values);
      const log = loggerOf(values, (line) => terminal.err(line));
      const outage = outageOf(values);
      const lab = await startLab({ outage });
      for (const change of changes) {
        log.info('path changed', { change: applyChange(lab, change) });
      }
      const readConfig = (): Config => demoConfig(lab, { env: terminal.env, profiles: deps.profiles });
      return runDaemon({
        config: readConfig(),
        readConfig,
        ...deps,
        web,
        log,
        terminal,
        extraRoutes: demoRoutes(lab),
        onRunning: ([url = '']) => terminal.out(demoGuide(url, lab, outage)),
        onEnded: () => lab.close(),
      });
    },
  };
}
