import { jsonText } from '../publish/format.ts';
import {
  replayLedger,
  type ReplayReport,
  type ReplayRow,
  type ReplayTarget,
} from '../probe/leftovers/ledger-replay.ts';
import type { Ledger } from '../probe/leftovers/ledger.ts';
import { adHocFlags, referenceArgument } from './ad-hoc.ts';
import { type Command, exitFailure, type Terminal, usualExitCodes } from './command.ts';
import { type FlagValues, oneValue, UsageError, jsonFlag } from './flags.ts';
import { exitInterrupted, interruptible } from './interrupt.ts';
import { collectionWords, leftoverWords } from './leftover-words.ts';
import { durationFlag } from './flag-values.ts';
import { targetsOf } from './on-demand-flags.ts';
import { ledgerFileOf } from './with-ledger.ts';
import type { SelectedTargets } from './select-targets.ts';

const defaultTimeoutMs = 5 * 60_000;

const exitCodes = {
  0: 'everything that could be removed is removed',
  1: 'something is left',
  ...usualExitCodes,
  130: 'interrupted',
};

/** Removes what the ledger remembers. Exit codes: see `exitCodes`. */
export function cleanupCommand({ ledger }: { readonly ledger: Ledger }): Command {
  return {
    name: 'cleanup',
    summary: 'Removes from the registries what earlier runs left behind.',
    exitCodes,
    argument: referenceArgument,
    flags: {
      'config.file': oneValue('FILE', 'Configuration file; it names the ledger.'),
      ...adHocFlags,
      timeout: oneValue('DURATION', 'Longest time of the whole cleanup (default 5m).'),
      ...jsonFlag,
    },
    async run(values, terminal) {
      const timeoutMs = durationFlag(values, 'timeout') ?? defaultTimeoutMs;
      const selected = await targetsOf(values, terminal);
      return clean(ledger, selected, timeoutMs, values, terminal);
    },
  };
}

async function clean(
  ledger: Ledger,
  selected: SelectedTargets,
  timeoutMs: number,
  values: FlagValues,
  terminal: Terminal,
): Promise<number> {
  const file = ledgerFileOf(selected.config, terminal.env);
  if (file === undefined) throw new UsageError(noLedger(values.text('config.file')));
  const problems: string[] = [];
  ledger.persist({ file, onProblem: (problem) => problems.push(...(problem === undefined ? [] : [problem])) });
  const targets = selected.config?.registries ?? remembered(ledger, selected);
  const { result: report, interrupted } = await interruptible((signal) =>
    replayLedger({ ledger, nowMs: () => performance.now(), timeoutMs, signal }, targets),
  );
  const left = targets.flatMap(({ name }) => ledger.idle(name, false)).filter(({ state }) => state !== 'opening');
  await ledger.close();
  problems.forEach((problem) => terminal.err(`blobprobe cleanup: ${problem}\n`));
  terminal.out(values.isSet('json') ? jsonText(report) : cleanupText(report));
  terminal.err(leftoverWords(left));
  terminal.err(collectionWords(report.rows.filter(({ result }) => result === 'removed').map(({ kind }) => kind)));
  if (interrupted) return exitInterrupted;
  const isDone = selected.config === undefined ? settledOrElsewhere(targets) : isSettled;
  return problems.length === 0 && !report.ledger.inUse && report.rows.every(isDone) ? 0 : exitFailure;
}

function noLedger(file: string | undefined): string {
  return file === undefined
    ? 'there is no home directory, so nothing is remembered after a process ends'
    : `${file} names no ledger file, so nothing is remembered after a process ends`;
}

/** Without a named repository, the one of which something is remembered. */
function remembered(ledger: Ledger, { targets, isDefaultRepository }: SelectedTargets): ReplayTarget[] {
  const [target] = targets;
  if (target === undefined) return [];
  const { registry, path } = target;
  const known = ledger.entries.find((entry) => entry.registry === registry.name)?.repository;
  const repository = isDefaultRepository === true && known !== undefined ? known : registry.repository;
  return [{ ...registry, repository, paths: [path] }];
}

const settled: ReadonlySet<ReplayRow['result']> = new Set(['removed', 'absent', 'kept', 'expired']);

function isSettled({ result }: ReplayRow): boolean {
  return settled.has(result);
}

/** What was pushed to other registries is no matter of this one's clean-up. */
function settledOrElsewhere(targets: readonly ReplayTarget[]): (row: ReplayRow) => boolean {
  const names = new Set(targets.map(({ name }) => name));
  return (row) => isSettled(row) || !names.has(row.registry);
}

/** What became of everything in the ledger, one line for objects with the same fate. */
function cleanupText({ rows, ledger }: ReplayReport): string {
  if (ledger.inUse) return 'Another process uses the ledger: it removes what it left behind by itself.\n';
  return rows.length === 0 ? 'Nothing was left behind.\n' : rows.map((row) => `${rowText(row)}\n`).join('');
}

function rowText({ registry, path, kind, result, via, reason, message, count }: ReplayRow): string {
  const over = via === undefined || via === path ? '' : ` over ${via}`;
  const why = reason === undefined ? '' : `: ${reason}${message === undefined ? '' : `, ${message}`}`;
  return `${registry}/${path}: ${count} ${kind}${count === 1 ? '' : 's'} ${result.replaceAll('_', ' ')}${over}${why}`;
}
