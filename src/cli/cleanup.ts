import { ConfigError } from '../config/problem.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { replayLedger, type ReplayReport, type ReplayRow } from '../probe/ledger-replay.ts';
import { type Command, exitFailure, exitUsage, usualExitCodes } from './command.ts';
import { UsageError } from './flags.ts';
import { exitInterrupted, interruptible } from './interrupt.ts';
import { durationFlag } from './on-demand-flags.ts';
import type { PushDeps } from './serve.ts';

const defaultTimeoutMs = 5 * 60_000;

const exitCodes = {
  0: 'nothing that could be removed is left',
  1: 'something is left',
  ...usualExitCodes,
  130: 'interrupted',
};

/** Removes what the ledger remembers. Exit codes: see `exitCodes`. */
export function cleanupCommand(deps: Pick<PushDeps, 'ledger' | 'profiles'>): Command {
  return {
    name: 'cleanup',
    summary: 'Removes from the registries what earlier runs left behind.',
    exitCodes,
    flags: {
      'config.file': { kind: 'text', placeholder: 'FILE', help: 'Configuration file; it names the ledger.' },
      timeout: { kind: 'text', placeholder: 'DURATION', help: 'Bound on the whole clean-up (default 5m).' },
      json: { kind: 'switch', help: 'Write the result as JSON.' },
    },
    async run(values, terminal) {
      const file = values.text('config.file');
      if (file === undefined) {
        throw new UsageError('flag --config.file=FILE is missing');
      }
      const timeoutMs = durationFlag(values, 'timeout') ?? defaultTimeoutMs;
      let config: Config;
      try {
        config = loadConfig(file, { env: terminal.env, profiles: deps.profiles });
      } catch (error) {
        if (error instanceof ConfigError) {
          terminal.err(`${error.message}\n`);
          return exitUsage;
        }
        throw error;
      }
      if (config.ledgerFile === undefined) {
        throw new UsageError(`${file} names no ledger file: nothing is remembered beyond a process`);
      }
      const problems: string[] = [];
      deps.ledger.persist({
        file: config.ledgerFile,
        onProblem: (problem) => problems.push(...(problem === undefined ? [] : [problem])),
      });
      const { result: report, interrupted } = await interruptible((signal) =>
        replayLedger({ ledger: deps.ledger, nowMs: () => performance.now(), timeoutMs, signal }, config.registries),
      );
      await deps.ledger.close();
      problems.forEach((problem) => terminal.err(`blobprobe cleanup: ${problem}\n`));
      terminal.out(values.isSet('json') ? `${JSON.stringify(report, undefined, 2)}\n` : cleanupText(report));
      if (interrupted) {
        return exitInterrupted;
      }
      return problems.length === 0 && !report.ledger.inUse && report.rows.every(isSettled) ? 0 : exitFailure;
    },
  };
}

const settled: ReadonlySet<ReplayRow['result']> = new Set(['removed', 'absent', 'kept', 'expired']);

function isSettled({ result }: ReplayRow): boolean {
  return settled.has(result);
}

/** What became of everything in the ledger, one line for objects with the same fate. */
export function cleanupText({ rows, ledger }: ReplayReport): string {
  if (ledger.inUse) {
    return 'Another process uses the ledger: it removes what it left behind by itself.\n';
  }
  if (rows.length === 0) {
    return 'Nothing was left behind.\n';
  }
  return rows.map((row) => `${rowText(row)}\n`).join('');
}

function rowText({ registry, path, kind, result, via, reason, message, count }: ReplayRow): string {
  const over = via === undefined || via === path ? '' : ` over ${via}`;
  const why = reason === undefined ? '' : `: ${reason}${message === undefined ? '' : `, ${message}`}`;
  return `${registry}/${path}: ${count} ${kind}${count === 1 ? '' : 's'} ${result.replaceAll('_', ' ')}${over}${why}`;
}
