import { Ledger } from '../probe/leftovers/ledger.ts';
import { watchEventLoopLag } from '../publish/metrics/event-loop-lag.ts';
import { createEngine } from '../daemon/engine.ts';

/** What the commands that push have in common, made once a process. */
export function createCommandDeps() {
  const lag = watchEventLoopLag();
  const ledger = new Ledger();
  const engine = createEngine(ledger);
  return {
    run: engine.run,
    engine,
    ledger,
    eventLoopLagSeconds: (): number => lag.maxSeconds(),
  };
}
