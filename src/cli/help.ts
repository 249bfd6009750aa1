import { tableLines } from './table.ts';
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

export function programHelp(commands: readonly [Command, ...Command[]]): string {
  const rows = [...commands.map(({ name, summary }) => [name, summary] as const), ...helpWords];
  const list = tableLines(rows)
    .map((line) => `  ${line}\n`)
    .join('');
  return [
    'usage: blobprobe [command] [flags]\n',
    `\n${programSummary}\n`,
    `\nCommands (${commands[0].name} when none is named):\n${list}`,
    `\nFlags of ${commands[0].name}:\n${describeFlags({ ...commands[0].flags, ...commonFlags })}`,
    '\nFlags of another command: blobprobe help COMMAND\n',
  ].join('');
}

export function commandHelp(command: Command): string {
  const flags = describeFlags({ ...command.flags, ...commonFlags });
  const codes = Object.entries(command.exitCodes ?? {}).map(([code, meaning]) => `  ${code.padEnd(3)}  ${meaning}\n`);
  const exits = codes.length === 0 ? '' : `\nExit codes:\n${codes.join('')}`;
  const { argument } = command;
  const taken = argument === undefined ? '' : `\n  ${argument.placeholder}  ${argument.help}\n`;
  return `usage: ${commandUsage(command)}\n\n${command.summary}\n${taken}\nFlags:\n${flags}${exits}`;
}

/** `blobprobe push [flags] [REFERENCE]`. */
export function commandUsage({ name, argument }: Command): string {
  return `blobprobe ${name} [flags]${argument === undefined ? '' : ` [${argument.placeholder}${argument.several === true ? '…' : ''}]`}`;
}
