import { adviseCommand } from './advise.ts';
import { cleanupCommand } from './cleanup.ts';
import { clientsCommand } from './clients.ts';
import type { Command } from './command.ts';
import { completionCommand } from './completion.ts';
import { createCommandDeps } from './command-deps.ts';
import { demoCommand } from './demo.ts';
import { diagnoseCommand } from './diagnose.ts';
import { explainCommand } from './explain.ts';
import { healthcheckCommand } from './healthcheck.ts';
import { initCommand } from './init.ts';
import { limitCommand } from './limit.ts';
import { pathsCommand } from './paths.ts';
import { pushCommand } from './push.ts';
import { reportCommand } from './report.ts';
import { schemaCommand } from './schema.ts';
import { serveCommand } from './serve.ts';

/** Every command, wired; the first one is meant when none is named. */
export function createCommands(): readonly [Command, ...Command[]] {
  const deps = createCommandDeps();
  const { isTTY, columns } = process.stderr;
  const onDemand = { ...deps, isTerminal: isTTY, columns };
  const commands: readonly [Command, ...Command[]] = [
    serveCommand(deps),
    demoCommand(deps),
    initCommand(onDemand),
    pushCommand(onDemand),
    diagnoseCommand(onDemand),
    limitCommand(onDemand),
    adviseCommand(onDemand),
    reportCommand(onDemand),
    explainCommand,
    pathsCommand,
    cleanupCommand(deps),
    clientsCommand,
    schemaCommand,
    healthcheckCommand,
    completionCommand(() => commands),
  ];
  return commands;
}
