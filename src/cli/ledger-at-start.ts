import { performance } from 'node:perf_hooks';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../probe/ledger.ts';
import { replayLedger, type ReplayRow } from '../probe/ledger-replay.ts';
import { type LeftoverKind, leftoverKinds } from '../probe/outcome.ts';
import type { Logger } from './log.ts';

/** A registry that is down must not keep the daemon from showing just that. */
const replayBoundMs = 10_000;

interface LeftoverGauge {
  leftovers(registry: string, kind: LeftoverKind, count: number): void;
}

/** Puts the ledger into the configured file; from now on the log tells of trouble with it, and a gauge what is left over. */
export function openLedger(ledger: Ledger, config: Config, gauge: LeftoverGauge, log: Logger): void {
  ledger.persist({
    file: config.ledgerFile,
    onProblem: (problem) => (problem === undefined ? log.info('ledger is written again') : log.error(problem)),
    onLeftovers: (registry, counts) => leftoverKinds.forEach((kind) => gauge.leftovers(registry, kind, counts[kind])),
  });
  const { skippedLines } = ledger.status;
  if (skippedLines > 0) {
    log.warn('ledger had lines that cannot be read', { lines: skippedLines });
  }
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
