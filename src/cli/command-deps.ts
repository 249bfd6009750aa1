import { Ledger } from '../probe/leftovers/ledger.ts';
import { EventLoopLag } from '../publish/metrics/event-loop-lag.ts';
import { createEngine, type Engine } from '../daemon/engine.ts';

/** What the commands that push have in common. */
export interface PushDeps {
  readonly engine: Engine;
  /** The one that the engine writes to; in memory until a command gives it a file. */
  readonly ledger: Ledger;
  readonly eventLoopLagSeconds: () => number;
}

/** Made once a process. */
export function createCommandDeps(): PushDeps {
  const lag = new EventLoopLag();
  const ledger = new Ledger();
  return { engine: createEngine(ledger), ledger, eventLoopLagSeconds: (): number => lag.maxSeconds() };
}
