import { ConfigError } from '../config/problem.ts';
import { nearest } from '../config/nearest.ts';
import { type Command, exitFailure, exitUsage, type Terminal } from './command.ts';
import { parseFlags, UsageError } from './flags.ts';
import { commandHelp, commonFlags, helpWords, programHelp } from './help.ts';
import { versionLine } from '../daemon/version.ts';

/**
 * Finds the command (the first one when none is named), reads its flags and runs it.
 * A command line that cannot be understood is one line on stderr and exit code 2; a configuration that is wrong, one line for each error
 * and exit code 2; a file that cannot be used, one line and exit code 1.
 */
export async function runCommandLine(
  given: readonly string[],
  commands: readonly [Command, ...Command[]],
  terminal: Terminal,
): Promise<number | undefined> {
  const argv = spelledOut(given);
  const [first] = argv;
  const named = first !== undefined && !first.startsWith('-');
  const command = named ? commands.find(({ name }) => name === first) : commands[0];
  if (command === undefined) return refuse(terminal, 'blobprobe', unknownCommand(first ?? '', commands));
  const prefix = named ? `blobprobe ${command.name}` : 'blobprobe';
  try {
    const flags = { ...command.flags, ...commonFlags };
    const mostArguments = command.argument === undefined ? 0 : command.argument.several === true ? Infinity : 1;
    const values = parseFlags(named ? argv.slice(1) : argv, flags, mostArguments);
    if (values.isSet('help')) {
      const { columns } = terminal;
      terminal.out(named ? commandHelp(command, columns) : programHelp(commands, columns));
      return 0;
    }
    if (values.isSet('version')) {
      terminal.out(`${versionLine(terminal.env)}\n`);
      return 0;
    }
    return await command.run(values, terminal);
  } catch (error) {
    if (error instanceof UsageError) return refuse(terminal, prefix, error.message);
    if (error instanceof ConfigError) {
      terminal.err(`${error.message}\n`);
      return exitUsage;
    }
    if (!isOfSystem(error)) throw error;
    terminal.err(`${prefix}: ${error.message}\n`);
    return exitFailure;
  }
}

/** `help push` and `--help push` are `push --help`, `help` is `--help`, `version` is `--version`. */
function spelledOut(argv: readonly string[]): readonly string[] {
  const [first, ...rest] = argv;
  const isHelpFlag = first === '--help' || first === '-h';
  if (isHelpFlag && rest.length === 1) return [...rest, first];
  const isHelpWord = helpWords.some(([word]) => word === first);
  return isHelpWord ? [...rest, `--${first}`] : argv;
}

/** A file, address or the like that the system refused: no fault of this program, and nobody is helped by a stack trace. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}

function refuse(terminal: Terminal, prefix: string, message: string): number {
  terminal.err(`${prefix}: ${message} (see ${prefix} --help)\n`);
  return exitUsage;
}

function unknownCommand(given: string, commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name);
  const meant = nearest(given, [...names, ...helpWords.map(([word]) => word)]);
  const hint = meant === undefined ? `, expected ${names.join(' or ')}` : `, did you mean ${meant}?`;
  return `unknown command ${JSON.stringify(given)}${hint}`;
}
