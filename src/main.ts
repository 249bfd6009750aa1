#!/usr/bin/env -S node --max-semi-space-size=4
import type { Command } from './cli/command.ts';
import { runCommandLine } from './cli/command-line.ts';
import { healthcheckCommand } from './cli/healthcheck.ts';

// The flag above: short-lived objects of a push would otherwise grow V8's young generation by some 20 MiB that nobody needs.

// Variables may hold passwords, and Node's diagnostic reports list them all. Node 20 does not know this switch.
Object.assign(process.report, { excludeEnv: true });

/** Container runtimes run the health check every few seconds, so it must not load the whole daemon each time. */
async function commandsFor(argv: readonly string[]): Promise<readonly [Command, ...Command[]]> {
  if (argv[0] === healthcheckCommand.name) {
    return [healthcheckCommand];
  }
  const { createCommands } = await import('./cli/commands.ts');
  return createCommands();
}

const argv = process.argv.slice(2);
process.exitCode = await runCommandLine(argv, await commandsFor(argv), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  env: process.env,
});
