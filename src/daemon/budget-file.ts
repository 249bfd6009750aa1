import { codeOf } from '../network/errors.ts';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ByteBudget, SpentBytes } from '../schedule/byte-budget.ts';
import type { Logger } from './log.ts';

/** Written at most so often: at once when something changed after a while, and again when this is over. */
const saveEveryMs = 1_000;

interface BudgetFileOptions {
  readonly file: string;
  readonly log: Pick<Logger, 'warn' | 'info' | 'error'>;
  /** Milliseconds since the epoch. */
  readonly nowMs?: () => number;
}

/**
 * Takes over what an earlier process spent of the day's bytes, and writes down what this one spends and sets aside. Nothing in
 * here throws: a file that cannot be read is reported and written anew, one that cannot be written is reported once. Returns what
 * writes it a last time. The file is replaced as a whole, so that a kill leaves the old one or the new one; nothing waits for the
 * disk, so that a power loss may leave none, which is then reported.
 */
export function keepBudget(budget: ByteBudget, { file, log, nowMs = Date.now }: BudgetFileOptions): () => void {
  restore(budget, file, nowMs(), log);
  let timer: NodeJS.Timeout | undefined;
  let dirty = false;
  let problem: string | undefined;

  function save(): void {
    dirty = false;
    try {
      writeFileSync(`${file}.tmp`, encode(budget.spent(), nowMs()), { mode: 0o600 });
      renameSync(`${file}.tmp`, file);
      if (problem !== undefined) log.info('budget file is written again', { file });
      problem = undefined;
    } catch (error) {
      const code = codeOf(error);
      if (code !== problem)
        log.error('budget file cannot be written: a restart begins with the whole budget', { file, code });
      problem = code;
    }
  }

  function changed(): void {
    if (timer !== undefined) {
      dirty = true;
      return;
    }
    save();
    timer = setTimeout(() => {
      timer = undefined;
      if (dirty) changed();
    }, saveEveryMs).unref();
  }

  budget.onChange(changed);
  return () => {
    clearTimeout(timer);
    save();
  };
}

function restore(budget: ByteBudget, file: string, nowMs: number, log: BudgetFileOptions['log']): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const code = codeOf(error);
    if (code !== 'ENOENT') log.warn('budget file cannot be read: the day begins with the whole budget', { file, code });
    return;
  }
  const spent = decode(text, nowMs);
  if (spent === undefined) {
    log.warn('budget file is torn or corrupt: the day begins with the whole budget', { file });
    return;
  }
  budget.restore(spent);
}

const version = 1;

/** `{"version":1,"spent":[[MILLISECONDS SINCE THE EPOCH,BYTES],…]}` */
function encode(spent: readonly SpentBytes[], nowMs: number): string {
  return `${JSON.stringify({ version, spent: spent.map(({ agoMs, bytes }) => [Math.round(nowMs - agoMs), bytes]) })}\n`;
}

/** undefined: not what `encode` writes. What lies in the future, because the clock was set back, counts as spent now. */
function decode(text: string, nowMs: number): SpentBytes[] | undefined {
  try {
    const { version: written, spent } = JSON.parse(text) as { version?: unknown; spent?: unknown };
    if (written !== version || !Array.isArray(spent) || !spent.every(isPair)) return undefined;
    return spent.map(([atMs, bytes]) => ({ agoMs: Math.max(0, nowMs - atMs), bytes }));
  } catch {
    return undefined;
  }
}

function isPair(value: unknown): value is [atMs: number, bytes: number] {
  return Array.isArray(value) && value.length === 2 && value.every((one) => Number.isSafeInteger(one) && one >= 0);
}
