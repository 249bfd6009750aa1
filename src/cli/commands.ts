import { cleanupCommand } from './cleanup.ts';
import type { Command } from './command.ts';
import { createCommandDeps } from './command-deps.ts';
import { demoCommand } from './demo.ts';
import { diagnoseCommand } from './diagnose.ts';
import { healthcheckCommand } from './healthcheck.ts';
import { limitCommand } from './limit.ts';
import { pushCommand } from './push.ts';
import { reportCommand } from './report.ts';
import { schemaCommand } from './schema.ts';
import { serveCommand } from './serve.ts';

/** Every command, wired; the first one is meant when none is named. */
export function createCommands(): readonly [Command, ...Command[]] {
  const deps = createCommandDeps();
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
