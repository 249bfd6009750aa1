import type { Config } from '../config/config.ts';
import { demoRoutes } from '../lab/control-routes.ts';
import { applyChange } from '../lab/lab-change.ts';
import { pathPlans } from '../lab/lab-paths.ts';
import { startLab } from '../lab/lab.ts';
import { demoScale } from '../lab/presets.ts';
import type { Logger, LogLevel } from '../daemon/log.ts';
import type { Command } from './command.ts';
import { daemonFlags, loggerOf, webOptions } from './daemon-flags.ts';
import { changeFlags, changeRunning, changesOf } from './demo-changes.ts';
import { demoConfig } from './demo-config.ts';
import { demoGuide, demoList } from './demo-guide.ts';
import { onceFlag, pushOnce } from './demo-once.ts';
import { outageFlag, outageOf } from './demo-outage.ts';
import { runUntilSignal } from './run-until-signal.ts';
import type { PushDeps } from './serve.ts';
import { noValue } from './flags.ts';

/** Of each of its servers; nothing in the demo shows older ones. */
const keptRequests = 50;

/** `columns`: how wide the terminal is; undefined: it is none. */
export function demoCommand(deps: PushDeps, columns?: number): Command {
  return {
    name: 'demo',
    summary: 'Runs on a registry and faulty paths of its own: no configuration, no network needed.',
    flags: {
      list: noValue('Name the presets, what each stands for, and the paths.'),
      ...onceFlag,
      ...outageFlag,
      ...changeFlags,
      ...daemonFlags,
    },
    async run(values, terminal) {
      const paths = pathPlans(demoScale).map(({ name }) => name);
      if (values.isSet('list')) {
        terminal.out(demoList(paths, columns));
        return 0;
      }
      const changes = changesOf(values, paths);
      const running = values.text('running');
      if (running !== undefined) return changeRunning(running, changes, terminal);
      const web = webOptions(values);
      const logger = loggerOf(values, (line) => terminal.err(line));
      const log = values.isSet('log.level') ? logger : withoutOwnFaults(logger);
      const outage = outageOf(values);
      const lab = await startLab({ outage, logCapacity: keptRequests });
      for (const change of changes) log.info('path changed', { change: applyChange(lab, change) });
      const readConfig = (): Config => demoConfig(lab, { env: terminal.env });
      if (values.isSet('once')) {
        const code = await pushOnce(readConfig(), deps.engine, terminal);
        await lab.close();
        return code;
      }
      const inLab = {
        extraRoutes: demoRoutes(lab),
        onRunning: ([url = '']: readonly string[]) => terminal.out(demoGuide(url, lab, outage, columns)),
        onEnded: () => lab.close(),
      };
      return runUntilSignal({ config: readConfig(), readConfig, ...deps, web, log, ...inLab }, terminal);
    },
  };
}

/** Its paths fail on purpose: warnings about them would push the guide off the terminal. What names the registry is left out. */
export function withoutOwnFaults(log: Logger): Logger {
  const unlessOfRegistry =
    (level: 'debug' | 'info' | 'warn'): Logger[LogLevel] =>
    (message, fields) => {
      if (fields?.['registry'] === undefined) log[level](message, fields);
    };
  return {
    ...log,
    debug: unlessOfRegistry('debug'),
    info: unlessOfRegistry('info'),
    warn: unlessOfRegistry('warn'),
  };
}
