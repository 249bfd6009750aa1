import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../probe/leftovers/ledger.ts';
import type { LedgerEntry } from '../probe/leftovers/ledger-entry.ts';
import { replayLedger, type ReplayTarget } from '../probe/leftovers/ledger-replay.ts';
import type { Terminal } from './command.ts';
import { leftoverWords } from './leftover-words.ts';
import type { SelectedTargets } from './select-targets.ts';

/** A registry may still be busy with a body that broke off: by then it has noticed. */
export const tryAgainAfterMs = 2_000;
/** How long that try may take. Both come after `--timeout`, as docs/security.md says. */
export const tryAgainForMs = 30_000;

/**
 * Does `work`, and writes meanwhile what it puts on registries into the ledger file, so that `cleanup` finds it when this process is
 * killed: the configured file, or one in the home directory for a registry of the moment. While another process (the daemon) has the file, it is
 * kept in memory. What could not be removed at once is tried again once, and what stays then is said on standard error.
 */
export async function withLedger<T>(
  ledger: Ledger | undefined,
  selected: SelectedTargets,
  { err, env }: Pick<Terminal, 'err' | 'env'>,
  work: () => Promise<T>,
): Promise<T> {
  if (ledger === undefined) return work();
  const file = ledgerFileOf(selected.config, env);
  const known = new Set<string>();
  if (file !== undefined) {
    const onProblem = (problem: string | undefined): void => {
      if (problem !== undefined) err(`${problem}; what is left to clean up is kept in memory\n`);
    };
    ledger.persist({ file, onProblem });
    ledger.entries.forEach(({ id }) => known.add(id));
  }
  try {
    const result = await work();
    await removeAgain(ledger, targetsOf(selected), (entry) => !known.has(entry.id), err);
    return result;
  } finally {
    await ledger.close();
  }
}

async function removeAgain(
  ledger: Ledger,
  targets: readonly ReplayTarget[],
  isOwn: (entry: LedgerEntry) => boolean,
  err: Terminal['err'],
): Promise<void> {
  const left = (): LedgerEntry[] =>
    ledger.entries.filter((entry) => isOwn(entry) && entry.state !== 'opening' && entry.state !== 'committing');
  if (left().some(({ state }) => state !== 'undeletable')) {
    await sleep(tryAgainAfterMs);
    await replayLedger({ ledger, nowMs: () => performance.now(), timeoutMs: tryAgainForMs }, targets);
  }
  err(leftoverWords(left()));
}

/** Each registry once, with the paths that were used. */
function targetsOf({ targets, config }: SelectedTargets): ReplayTarget[] {
  const used = [
    ...new Map(targets.map(({ registry, path }) => [registry.name, { ...registry, paths: [path] }])).values(),
  ];
  return used.map((target) => config?.registries.find(({ name }) => name === target.name) ?? target);
}

/** The ledger's file; undefined: there is none. */
export function ledgerFileOf(config: Config | undefined, env: Terminal['env']): string | undefined {
  if (config !== undefined) return config.ledgerFile;
  const { XDG_STATE_HOME: state, HOME: home } = env;
  const base = state ?? (home === undefined ? undefined : join(home, '.local/state'));
  return base === undefined || !isWritable(base) ? undefined : join(base, 'blobprobe', 'ledger');
}

function isWritable(base: string): boolean {
  try {
    mkdirSync(join(base, 'blobprobe'), { recursive: true, mode: 0o700 });
    return true;
  } catch {
    // Then, as in containers without a home, it is kept in memory.
    return false;
  }
}
