import { accessSync, constants, existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { adHocFlags, referenceArgument } from './ad-hoc.ts';
import { type Command, usualExitCodes } from './command.ts';
import { manyValues, oneValue, UsageError } from './flags.ts';
import { candidatesOf } from './init-paths.ts';
import { addressesOf, answered, clientsOf, isGuessed, targetOf } from './init-questions.ts';
import { tryAll } from './init-trials.ts';
import { writeConfig } from './init-write.ts';
import { exitInterrupted, interruptible } from './interrupt.ts';
import type { OnDemandCommandDeps } from './on-demand-flags.ts';
import { newestClients } from './select-targets.ts';
import { withLedger } from './with-ledger.ts';

const usualFile = 'config.yaml';

/** The trials must not be lost for a file that is there or a folder in which nothing can be written. Throws UsageError. */
function ensureNew(file: string): void {
  if (existsSync(file)) throw new UsageError(`${file} is there already: name another with --output=FILE`);
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
  } catch (error) {
    throw new UsageError(`flag --output: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** What the command is given; `lookUp`: all addresses of an origin's host, of the system's resolver when absent. */
interface InitDeps extends OnDemandCommandDeps {
  readonly lookUp?: typeof addressesOf;
}

/** Writes a first configuration of what it has tried. Exit codes: see `exitCodes`. */
export function initCommand(deps: InitDeps): Command {
  return {
    name: 'init',
    summary: 'Tries the paths, clients and logins that it finds, and writes a first configuration file.',
    exitCodes: { 0: 'the file is written', 1: 'nothing got through, and nothing is written', ...usualExitCodes },
    argument: referenceArgument,
    flags: {
      output: oneValue('FILE', `File to write (default ${usualFile}); never overwritten.`),
      path: manyValues(
        'NAME=URL',
        'Another address of the same registry, such as internal=http://registry.svc:5000; may be repeated.',
      ),
      client: manyValues(
        'NAME',
        'Client to push as; may be repeated (default: the clients installed here, else docker).',
        newestClients,
      ),
      'password-file': oneValue('FILE', 'File with the password of --user.'),
      'allow-host': manyValues('HOST', "Another host than the registry's that may issue tokens; may be repeated."),
      ...adHocFlags,
    },
    async run(given, terminal) {
      const file = given.text('output') ?? usualFile;
      ensureNew(file);
      const clients = clientsOf(given, terminal);
      const values = await answered(given, terminal);
      const asked = await targetOf(values, terminal);
      const isToWrite = asked.registry.credentials.kind === 'basic' && !values.isSet('password-file');
      if (isToWrite) ensureNew(`${file}.password`);
      const addresses = await (deps.lookUp ?? addressesOf)(asked.path.origin);
      const candidates = candidatesOf(asked.path, values.list('path'), addresses);
      asked.notes.forEach((note) => terminal.err(`${note}\n`));
      const trial = { ...asked, candidates, clients, isGuessed: isGuessed(values) };
      const { registry } = asked;
      const targets = candidates.flatMap(({ path }) => clients.map((client) => ({ path, registry, client })));
      const { result: tried, interrupted } = await withLedger(deps.ledger, { targets }, terminal, () =>
        interruptible((signal) => tryAll(trial, deps.engine, terminal, signal)),
      );
      if (interrupted) return exitInterrupted;
      return writeConfig({ file, registry, tried, values }, terminal);
    },
  };
}
