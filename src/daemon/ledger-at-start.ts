import { performance } from 'node:perf_hooks';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../probe/leftovers/ledger.ts';
import type { LedgerStatus } from '../probe/leftovers/ledger-store.ts';
import { replayLedger, type ReplayRow } from '../probe/leftovers/ledger-replay.ts';
import { type LeftoverKind, leftoverKinds } from '../probe/outcome.ts';
import type { Logger } from './log.ts';

/** A registry that is down must not keep the daemon from showing just that. */
const replayBoundMs = 10_000;

interface LedgerGauges {
  leftovers(registry: string, kind: LeftoverKind, count: number): void;
  ledger(writable: boolean, unreadableLines: number): void;
}

/** Puts the ledger into the configured file; from now on log and gauges tell of trouble with it, and of what is left over. */
export function openLedger(ledger: Ledger, config: Config, gauges: LedgerGauges, log: Logger): void {
  const show = (problem: string | undefined): void => gauges.ledger(problem === undefined, ledger.status.skippedLines);
  ledger.persist({
    file: config.ledgerFile,
    onProblem: (problem) => {
      show(problem);
      if (problem === undefined) log.info('ledger is written again');
      else log.error(problem);
    },
    onLeftovers: (registry, counts) => leftoverKinds.forEach((kind) => gauges.leftovers(registry, kind, counts[kind])),
  });
  const { skippedLines, problem } = ledger.status;
  show(problem);
  if (skippedLines > 0) log.warn('ledger had lines that cannot be read', { lines: skippedLines });
}

/** What a reader of the pages must know of the ledger: nothing while all is well. */
export function ledgerNotices({ problem, skippedLines }: LedgerStatus): string[] {
  const lines = skippedLines === 1 ? 'line' : 'lines';
  return [
    ...(problem === undefined ? [] : [sentenceOf(problem)]),
    ...(skippedLines === 0
      ? []
      : [
          `The ledger had ${skippedLines} ${lines} that could not be read when this process started: what they named may be left on a registry.`,
        ]),
  ];
}

function sentenceOf(problem: string): string {
  return `${problem.slice(0, 1).toUpperCase()}${problem.slice(1)}.`;
}

/** Removes what an earlier process left behind, before this one pushes. Never rejects. */
export async function replayAtStart(ledger: Ledger, config: Config, log: Logger, signal: AbortSignal): Promise<void> {
  const deps = { ledger, nowMs: () => performance.now(), timeoutMs: replayBoundMs, signal };
  const { rows } = await replayLedger(deps, config.registries);
  rows.forEach((row) => logRow(log, row));
}

const fine: readonly ReplayRow['result'][] = ['removed', 'absent', 'kept', 'unsettled', 'expired'];

function logRow(log: Logger, { result, via, reason, message, ...what }: ReplayRow): void {
  const level = fine.includes(result) ? 'info' : 'warn';
  log[level]('left by an earlier process', { ...what, result, via, reason, message });
}
