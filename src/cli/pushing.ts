import { interruptible } from './interrupt.ts';
import type { OnDemandCommandDeps } from './on-demand-flags.ts';
import { ProgressView } from './progress.ts';
import type { SelectedTargets } from './select-targets.ts';
import { withLedger } from './with-ledger.ts';
import type { Terminal } from './command.ts';

/**
 * Does what a command pushes: with the bandwidth of the configuration, its progress on standard error, what it leaves on registries
 * in the ledger, until it is done or interrupted.
 */
export async function pushing<T>(
  deps: OnDemandCommandDeps,
  selected: SelectedTargets,
  terminal: Terminal,
  work: (view: ProgressView, signal: AbortSignal) => Promise<T>,
): Promise<{ readonly result: T; readonly interrupted: boolean }> {
  deps.engine.limitBandwidth(selected.config?.budget.bandwidthBitsPerSecond);
  const view = new ProgressView({ ...deps, write: (text) => terminal.err(text) });
  return withLedger(deps.ledger, selected, terminal, () =>
    interruptible((signal) => work(view, signal).finally(() => view.end())),
  );
}
