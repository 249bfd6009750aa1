import { clientProfiles } from '../probe/client-profiles.ts';
import { Ledger } from '../probe/ledger.ts';
import { watchEventLoopLag } from '../publish/event-loop-lag.ts';
import { createEngine } from './engine.ts';

/** What the commands that push have in common, made once a process. */
export type CommandDeps = ReturnType<typeof createCommandDeps>;

export function createCommandDeps() {
  const lag = watchEventLoopLag();
  const ledger = new Ledger();
  const engine = createEngine(ledger);
  return {
    run: engine.run,
    engine,
    ledger,
    profiles: clientProfiles,
    eventLoopLagSeconds: (): number => lag.maxSeconds(),
  };
}
