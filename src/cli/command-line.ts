import { nearest } from '../config/nearest.ts';
import { type Command, exitUsage, type Terminal } from './command.ts';
import { describeFlags, type Flags, parseFlags, UsageError } from './flags.ts';
import { versionLine } from './version.ts';

const commonFlags: Flags = {
  help: { kind: 'switch', help: 'Show this text.' },
  version: { kind: 'switch', help: 'Show the version.' },
};

/**
 * Finds the command (the first one when none is named), reads its flags and runs it.
 * A command line that cannot be understood is one line on stderr and exit code 2.
 */
export async function runCommandLine(
  argv: readonly string[],
  commands: readonly [Command, ...Command[]],
  terminal: Terminal,
): Promise<number | undefined> {
  const [first] = argv;
  const named = first !== undefined && !first.startsWith('-');
  const command = named ? commands.find(({ name }) => name === first) : commands[0];
  if (command === undefined) {
    return refuse(terminal, 'blobprobe', unknownCommand(first ?? '', commands));
  }
  const prefix = named ? `blobprobe ${command.name}` : 'blobprobe';
  try {
    const values = parseFlags(named ? argv.slice(1) : argv, { ...command.flags, ...commonFlags });
    if (values.isSet('help')) {
      terminal.out(named ? commandHelp(command) : programHelp(commands));
      return 0;
    }
    if (values.isSet('version')) {
      terminal.out(`${versionLine(terminal.env)}\n`);
      return 0;
    }
    return await command.run(values, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      return refuse(terminal, prefix, error.message);
    }
    throw error;
  }
}

function refuse(terminal: Terminal, prefix: string, message: string): number {
  terminal.err(`${prefix}: ${message} (see ${prefix} --help)\n`);
  return exitUsage;
}

function unknownCommand(given: string, commands: readonly Command[]): string {
  const names = commands.map(({ name }) => name);
  const meant = nearest(given, names);
  const hint = meant === undefined ? `, expected ${names.join(' or ')}` : `, did you mean ${meant}?`;
  return `unknown command ${JSON.stringify(given)}${hint}`;
}

function programHelp(commands: readonly [Command, ...Command[]]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const list = commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}\n`).join('');
  return [
    'usage: blobprobe [command] [flags]\n',
    '\nPushes synthetic blobs to container registries over every network path and says where and why pushes die.\n',
    `\nCommands (${commands[0].name} when none is named):\n${list}`,
    `\nFlags of ${commands[0].name}:\n${describeFlags({ ...commands[0].flags, ...commonFlags })}`,
    '\nFlags of another command: blobprobe COMMAND --help\n',
  ].join('');
}

function commandHelp(command: Command): string {
  const flags = describeFlags({ ...command.flags, ...commonFlags });
  const codes = Object.entries(command.exitCodes ?? {}).map(([code, meaning]) => `  ${code.padEnd(3)}  ${meaning}\n`);
  const exits = codes.length === 0 ? '' : `\nExit codes:\n${codes.join('')}`;
  return `usage: blobprobe ${command.name} [flags]\n\n${command.summary}\n\nFlags:\n${flags}${exits}`;
}
