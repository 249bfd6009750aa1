import { Ledger } from '../probe/leftovers/ledger.ts';
import { EventLoopLag } from '../publish/metrics/event-loop-lag.ts';
import { createEngine } from '../daemon/engine.ts';

/** What the commands that push have in common, made once a process. */
export function createCommandDeps() {
  const lag = new EventLoopLag();
  const ledger = new Ledger();
  return { engine: createEngine(ledger), ledger, eventLoopLagSeconds: (): number => lag.maxSeconds() };
}
