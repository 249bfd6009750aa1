import type { Config } from '../config/config.ts';
import { demoRoutes } from '../lab/control-routes.ts';
import { applyChange } from '../lab/lab-change.ts';
import { pathPlans } from '../lab/lab-paths.ts';
import { type OutagePlan, startLab } from '../lab/lab.ts';
import { demoScale } from '../lab/presets.ts';
import type { Logger, LogLevel } from '../daemon/log.ts';
import { type Command, exitFailure, type Terminal } from './command.ts';
import { daemonFlags, loggerOf, webOptions } from './daemon-flags.ts';
import { changeFlags, changeRunning, changesOf } from './demo-changes.ts';
import { demoConfig } from './demo-config.ts';
import { demoGuide, demoList } from './demo-guide.ts';
import { runUntilSignal } from './run-until-signal.ts';
import type { PushDeps } from './command-deps.ts';
import { parseDuration } from '../config/duration.ts';
import type { Engine } from '../daemon/engine.ts';
import { exitInterrupted, interruptible } from './interrupt.ts';
import { positive } from './flag-values.ts';
import { outcomeText } from './push.ts';
import { type Flags, type FlagValues, noValue, oneValue } from './flags.ts';

/** The path on which nothing is in the way. */
const provenPath = 'internal';

const onceFlag: Flags = {
  once: noValue(`Push once over the path ${provenPath}, report the outcome, and end: proves that pushing works here.`),
};

/** Down for a quarter of it, which is long enough for the alerts on failing checks to fire, and then to resolve. */
const usualEveryMs = 20 * 60_000;

/** When the first runs are through. */
const firstAfterMs = 25_000;

export const outageFlag: Flags = {
  'outage-every': oneValue(
    'DURATION',
    'How often the load balancer loses its server, each time for a quarter of this (default 20m).',
  ),
};

export function demoCommand(deps: PushDeps): Command {
  return {
    name: 'demo',
    summary: 'Runs with its own registry and faulty paths; needs no configuration and no network.',
    flags: {
      list: noValue('List the presets with what each imitates, and the paths.'),
      ...onceFlag,
      ...outageFlag,
      ...changeFlags,
      ...daemonFlags,
    },
    async run(values, terminal) {
      const paths = pathPlans(demoScale).map(({ name }) => name);
      if (values.isSet('list')) {
        terminal.out(demoList(paths, terminal.columns));
        return 0;
      }
      const changes = changesOf(values, paths);
      const running = values.text('running');
      if (running !== undefined) return changeRunning(running, changes, terminal);
      const web = webOptions(values);
      const logger = loggerOf(values, (line) => terminal.err(line));
      const log = values.isSet('log.level') ? logger : withoutOwnFaults(logger);
      const outage = outageOf(values);
      const lab = await startLab({ outage });
      for (const change of changes) log.info('path changed', { change: applyChange(lab, change) });
      const readConfig = (): Config => demoConfig(lab, { env: terminal.env });
      if (values.isSet('once')) {
        const code = await pushOnce(readConfig(), deps.engine, terminal);
        await lab.close();
        return code;
      }
      const inLab = {
        extraRoutes: demoRoutes(lab),
        onRunning: ([url = '']: readonly string[]) => terminal.out(demoGuide(url, lab, outage, terminal.columns)),
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

/** One push as docker over the path without faults. Returns the exit code. */
async function pushOnce(config: Config, { run }: Engine, terminal: Pick<Terminal, 'out'>): Promise<number> {
  const check = config.checks.find(({ path, workload }) => path.name === provenPath && workload.name === 'medium');
  if (check === undefined) throw new Error(`the demonstration has no check of ${provenPath}`);
  const { result, interrupted } = await interruptible((signal) => run({ ...check, retries: 'none' }, { signal }));
  terminal.out(outcomeText(result));
  if (interrupted) return exitInterrupted;
  return result.ok ? 0 : exitFailure;
}

/** When the load balancer is down. Throws UsageError. */
export function outageOf(values: FlagValues): OutagePlan {
  const text = values.text('outage-every');
  const everyMs =
    text === undefined
      ? usualEveryMs
      : positive('outage-every', text, atLeastASecond, 'a duration of at least 1s, such as 4m');
  return { everyMs, downMs: everyMs / 4, firstAfterMs };
}

function atLeastASecond(text: string): number {
  const ms = parseDuration(text);
  if (ms < 1_000) throw new RangeError('less than a second');
  return ms;
}
