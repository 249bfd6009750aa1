import { durationFlag } from './flag-values.ts';
import { worstCaseBytes } from '../config/byte-cost.ts';
import type { Config } from '../config/config.ts';
import { describeConfig } from '../config/describe.ts';
import { parseDuration } from '../config/duration.ts';
import { loadConfig } from '../config/load.ts';
import { seriesFromStart } from '../publish/metrics/check-series.ts';
import { type Command, exitFailure, exitUsage, usualExitCodes } from './command.ts';
import type { PushDeps } from './command-deps.ts';
import { type ExtraFigures, formatFigures } from './config-figures.ts';
import { daemonFlags, loggerOf, webOptions } from './daemon-flags.ts';
import { type FlagValues, noValue, oneValue, UsageError } from './flags.ts';
import { type AutoReload, contentWatch } from '../daemon/reloads.ts';
import { runUntilSignal } from './run-until-signal.ts';
import { partOf } from '../daemon/shard.ts';
import { parseShard } from './shard-flag.ts';

/** As blackbox_exporter has it. */
const defaultAutoReloadInterval = '30s';

export function serveCommand(deps: PushDeps): Command {
  return {
    name: 'serve',
    summary: 'Runs the checks of a configuration file on schedule and serves metrics.',
    exitCodes: {
      0: 'ended by a signal, or the configuration is valid (--config.check)',
      [exitFailure]: 'it cannot listen on an address',
      [exitUsage]: usualExitCodes[exitUsage],
    },
    flags: {
      'config.file': oneValue('FILE', 'Configuration file.'),
      'config.check': noValue('Check the configuration file, show what it will do in a day, and exit.'),
      'config.enable-auto-reload': noValue('Reload the configuration file when its content changes.'),
      'config.auto-reload-interval': oneValue(
        'DURATION',
        `How often to check the file for changes (default ${defaultAutoReloadInterval}).`,
      ),
      shard: oneValue('I/N', 'Run only part I (from 0) of the checks, which N instances share.'),
      ...daemonFlags,
    },
    async run(values, terminal) {
      const file = values.text('config.file');
      if (file === undefined)
        throw new UsageError('flag --config.file=FILE is missing; blobprobe demo runs without one');
      const web = webOptions(values);
      const log = loggerOf(values, (line) => terminal.err(line));
      const shard = parseShard(values.text('shard') ?? '0/1');
      const readConfig = (): Config => partOf(loadConfig(file, { env: terminal.env }), shard);
      const autoReload = autoReloadOf(file, values);
      await autoReload?.changed();
      const config = readConfig();
      if (values.isSet('config.check')) {
        terminal.out(formatFigures(file, describeConfig(config), extraFigures(config)));
        return 0;
      }
      return runUntilSignal({ config, readConfig, ...deps, web, log, autoReload }, terminal);
    },
  };
}

function extraFigures({ budget, checks, histograms }: Config): ExtraFigures {
  const { bytesPerDay } = budget;
  return {
    series: checks.reduce((sum, check) => sum + seriesFromStart(check, histograms), 0),
    largestRunBytes: checks.reduce((most, check) => Math.max(most, worstCaseBytes(check)), 0),
    bytesPerDay,
  };
}

/** undefined: not asked for. Throws UsageError. */
function autoReloadOf(file: string, values: FlagValues): AutoReload | undefined {
  const everyMs =
    durationFlag(values, 'config.auto-reload-interval', '30s') ?? parseDuration(defaultAutoReloadInterval);
  return values.isSet('config.enable-auto-reload') ? { changed: contentWatch(file), everyMs } : undefined;
}
