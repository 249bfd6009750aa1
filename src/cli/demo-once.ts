import type { Config } from '../config/config.ts';
import type { Engine } from '../daemon/engine.ts';
import { exitFailure, type Terminal } from './command.ts';
import { type Flags, noValue } from './flags.ts';
import { exitInterrupted, interruptible } from './interrupt.ts';
import { outcomeText } from './push.ts';

/** The path on which nothing is in the way. */
const provenPath = 'internal';

export const onceFlag: Flags = {
  once: noValue(`Push once over the path ${provenPath}, say what came of it, and end: proves that pushing works here.`),
};

/** One push as docker over the path without faults. Returns the exit code. */
export async function pushOnce(config: Config, { run }: Engine, terminal: Pick<Terminal, 'out'>): Promise<number> {
  const check = config.checks.find(({ path, workload }) => path.name === provenPath && workload.name === 'medium');
  if (check === undefined) throw new Error(`the demonstration has no check of ${provenPath}`);
  const { result, interrupted } = await interruptible((signal) => run({ ...check, retries: 'none' }, { signal }));
  terminal.out(outcomeText(result));
  if (interrupted) return exitInterrupted;
  return result.ok ? 0 : exitFailure;
}
