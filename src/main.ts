#!/usr/bin/env -S node --max-semi-space-size=4 --v8-pool-size=1
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { askOnTerminal } from './cli/ask.ts';
import type { Command } from './cli/command.ts';
import { runCommandLine } from './cli/command-line.ts';
import { healthcheckCommand } from './cli/healthcheck.ts';

// The flags above: short-lived objects of a push would otherwise grow V8's young generation by some 20 MiB that nobody needs, and each
// of V8's four helping threads keeps memory of its own once it has compiled or collected: 10 MiB with one of them (docs/benchmarks.md).

// Variables may hold passwords, and Node's diagnostic reports list them all. Node 20 does not know this switch.
Object.assign(process.report, { excludeEnv: true });

// undici's parser is WebAssembly, nearly all of it one function. V8 optimizes it after some minutes of responses, and takes 30 MiB for
// that, the peak of the whole process; there is nothing to gain (docs/benchmarks.md). A large budget only puts that off.
setFlagsFromString('--no-wasm-dynamic-tiering');
setFlagsFromString('--no-wasm-tier-up');

/**
 * Loads no more than what is asked for: container runtimes run the health check every few seconds, and the daemon should answer
 * soon after its start. Help and typing errors need to know all commands.
 */
async function commandsFor(argv: readonly string[]): Promise<readonly [Command, ...Command[]]> {
  if (argv[0] === healthcheckCommand.name) return [healthcheckCommand];
  const isHelp = argv.includes('--help') || argv.includes('-h');
  const isServe = !isHelp && (argv[0] === undefined || argv[0] === 'serve' || argv[0].startsWith('-'));
  if (isServe) {
    const [{ createCommandDeps }, { serveCommand }] = await Promise.all([
      import('./cli/command-deps.ts'),
      import('./cli/serve.ts'),
    ]);
    return [serveCommand(createCommandDeps())];
  }
  const { createCommands } = await import('./cli/commands.ts');
  return createCommands();
}

const argv = process.argv.slice(2);

// V8 lets the heap grow to twice what is in use before it collects all of it, leaves the holes between what stays, and buffers wait for
// that with it. The demo holds a registry and its paths besides and has memory to save; elsewhere more collections would make timings less true.
if (argv[0] === 'demo') setFlagsFromString('--optimize-for-size');

// Whoever read it has gone (`| head`): nothing is left to say, and what was begun on a registry is still to be taken away.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runCommandLine(argv, await commandsFor(argv), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  // A terminal that does not know its size has none.
  columns: process.stdout.columns || undefined,
  env: process.env,
  readInput: () => readFileSync(0, 'utf8'),
  isInteractive: process.stdin.isTTY && process.stderr.isTTY,
  ask: askOnTerminal,
});
