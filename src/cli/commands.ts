import { clientProfiles } from '../probe/client-profiles.ts';
import { Ledger } from '../probe/ledger.ts';
import { watchEventLoopLag } from '../publish/event-loop-lag.ts';
import { cleanupCommand } from './cleanup.ts';
import type { Command } from './command.ts';
import { demoCommand } from './demo.ts';
import { diagnoseCommand } from './diagnose.ts';
import { createEngine } from './engine.ts';
import { healthcheckCommand } from './healthcheck.ts';
import { limitCommand } from './limit.ts';
import { pushCommand } from './push.ts';
import { reportCommand } from './report.ts';
import { schemaCommand } from './schema.ts';
import { serveCommand } from './serve.ts';

/** Every command, wired; the first one is meant when none is named. */
export function createCommands(): readonly [Command, ...Command[]] {
  const lag = watchEventLoopLag();
  const ledger = new Ledger();
  const engine = createEngine(ledger);
  const deps = {
    run: engine.run,
    engine,
    ledger,
    profiles: clientProfiles,
    eventLoopLagSeconds: () => lag.maxSeconds(),
  };
  const { isTTY, columns } = process.stderr;
  const onDemand = { ...deps, isTerminal: isTTY, columns };
  return [
    serveCommand(deps),
    demoCommand(deps),
    pushCommand(onDemand),
    diagnoseCommand(onDemand),
    limitCommand(onDemand),
    reportCommand(onDemand),
    cleanupCommand(deps),
    schemaCommand,
    healthcheckCommand,
  ];
}
