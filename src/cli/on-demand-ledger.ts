import type { Config } from '../config/config.ts';
import type { Ledger } from '../probe/ledger.ts';
import type { Terminal } from './command.ts';

/**
 * Does `work`, and writes meanwhile what it puts on registries into the configured ledger file, so that `cleanup` finds it when
 * this process is killed. While another process (the daemon) has the file, and without a configuration, it is kept in memory.
 */
export async function remembering<T>(
  ledger: Ledger | undefined,
  config: Config | undefined,
  { err }: Pick<Terminal, 'err'>,
  work: () => Promise<T>,
): Promise<T> {
  const file = config?.ledgerFile;
  if (ledger === undefined || file === undefined) {
    return work();
  }
  ledger.persist({
    file,
    onProblem: (problem) => {
      if (problem !== undefined) err(`${problem}; what is left to clean up is kept in memory\n`);
    },
  });
  try {
    return await work();
  } finally {
    await ledger.close();
  }
}
