import type { Command } from './command.ts';
import { flagCompletion } from './completion-words.ts';
import type { Flag } from './flags.ts';
import { commonFlags, helpWords } from './help.ts';

/** The script for fish: `~/.config/fish/completions/blobprobe.fish`. */
export function fishCompletion(commands: readonly Command[]): string {
  const rows = [...commands.map(({ name, summary }) => [name, summary] as const), ...helpWords];
  const names = rows.map(([name]) => name).join(' ');
  const none = `not __fish_seen_subcommand_from ${names}`;
  const words = rows.map(
    ([name, summary]) => `complete -c blobprobe -n ${quoted(none)} -a ${name} -d ${quoted(summary)}`,
  );
  const flags = commands.flatMap((command, index) => {
    const seen = `__fish_seen_subcommand_from ${command.name}`;
    // Without a command, the first one is meant.
    return flagsOf(command, index === 0 ? `${seen}; or ${none}` : seen);
  });
  return [
    '# fish completion of blobprobe: blobprobe completion fish > ~/.config/fish/completions/blobprobe.fish',
    'complete -c blobprobe -f',
    ...words,
    `complete -c blobprobe -n '__fish_seen_subcommand_from help' -a ${quoted(names)}`,
    ...flags,
    '',
  ].join('\n');
}

function flagsOf({ flags, argument }: Command, condition: string): string[] {
  const start = `complete -c blobprobe -n ${quoted(condition)}`;
  const { values = [] } = argument ?? {};
  return [
    ...(values.length === 0 ? [] : [`${start} -a ${quoted(values.join(' '))}`]),
    ...Object.entries({ ...flags, ...commonFlags }).map(([name, flag]) => `${start} -l ${name}${ofFlag(flag)}`),
  ];
}

function ofFlag(flag: Flag): string {
  const { takesValue, isFile, values } = flagCompletion(flag);
  const value = !takesValue
    ? ''
    : isFile
      ? ' -r -F'
      : ` -x${values.length === 0 ? '' : ` -a ${quoted(values.join(' '))}`}`;
  return `${flag.short === undefined ? '' : ` -s ${flag.short}`}${value} -d ${quoted(flag.help)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;
}
