import { fold, foldedTable } from './table.ts';
import type { Command } from './command.ts';
import { describeFlags, type Flags } from './flags.ts';

/** Flags that every command has. */
export const commonFlags: Flags = {
  help: { kind: 'switch', short: 'h', help: 'Show this text.' },
  version: { kind: 'switch', short: 'v', help: 'Show the version.' },
};

/** What the program is, in one sentence. */
export const programSummary =
  'Pushes synthetic blobs to container registries over every network path and says where and why pushes die.';

/** Words that stand in the place of a command and mean a flag. */
export const helpWords = [
  ['help', 'Shows this text, or that of a command: blobprobe help push.'],
  ['version', 'Shows the version.'],
] as const;

/** The text of `blobprobe --help`, folded to the columns of a terminal. */
export function programHelp(commands: readonly [Command, ...Command[]], columns?: number): string {
  const rows = [...commands.map(({ name, summary }) => [name, summary] as const), ...helpWords];
  const list = foldedTable(rows, columns).join('');
  return [
    'usage: blobprobe [command] [flags]\n',
    `\n${fold(programSummary, columns)}\n`,
    `\nCommands (${commands[0].name} when none is named):\n${list}`,
    `\nFlags of ${commands[0].name}:\n${describeFlags({ ...commands[0].flags, ...commonFlags }, columns)}`,
    '\nFlags of another command: blobprobe help COMMAND\n',
  ].join('');
}

/** The text of `blobprobe COMMAND --help`, folded to the columns of a terminal. */
export function commandHelp(command: Command, columns?: number): string {
  const flags = describeFlags({ ...command.flags, ...commonFlags }, columns);
  const codes = foldedTable(Object.entries(command.exitCodes ?? {}), columns).join('');
  const exits = codes === '' ? '' : `\nExit codes:\n${codes}`;
  const { argument, summary } = command;
  const taken =
    argument === undefined ? '' : `\n${foldedTable([[argument.placeholder, argument.help]], columns).join('')}`;
  return `usage: ${commandUsage(command)}\n\n${fold(summary, columns)}\n${taken}\nFlags:\n${flags}${exits}`;
}

/** `blobprobe push [flags] [REFERENCE]`. */
export function commandUsage({ name, argument }: Command): string {
  return `blobprobe ${name} [flags]${argument === undefined ? '' : ` [${argument.placeholder}${argument.several === true ? '…' : ''}]`}`;
}
