import type { Command } from '../../src/cli/command.ts';
import { flagUsage, type Flags } from '../../src/cli/flags.ts';
import { commandUsage, commonFlags, programSummary } from '../../src/cli/help.ts';

/** The manual page in man(7), from the tables of commands and flags. */
export function manPage(commands: readonly Command[]): string {
  const [first] = commands;
  return [
    '.\\" Made by npm run generate.',
    '.TH BLOBPROBE 1 "" "blobprobe" "User Commands"',
    '.SH NAME',
    'blobprobe \\- pushes synthetic blobs to container registries and says why pushes die',
    '.SH SYNOPSIS',
    '.B blobprobe',
    '.RI [ command ]',
    '.RI [ flags ]',
    '.SH DESCRIPTION',
    escaped(programSummary),
    escaped(`Without a command, ${first?.name ?? ''} is meant.`),
    '.SH COMMANDS',
    ...commands.flatMap(section),
    '.SH FLAGS OF ALL COMMANDS',
    ...flagLines(commonFlags),
    '.SH ENVIRONMENT',
    ...item(
      'HTTP_PROXY, HTTPS_PROXY, NO_PROXY',
      'Proxies of commands that take a reference or \\-\\-url. ALL_PROXY is not read, as docker does not read it.',
    ),
    ...item('DOCKER_CONFIG', 'Folder of the config.json with the logins that a reference uses.'),
    '.SH SEE ALSO',
    escaped('https://github.com/blobprobe/blobprobe'),
    '',
  ].join('\n');
}

function section(command: Command): string[] {
  const { flags, exitCodes = {}, argument, summary } = command;
  return [
    `.SS ${escaped(commandUsage(command))}`,
    escaped(summary),
    ...(argument === undefined ? [] : item(argument.placeholder, escaped(argument.help))),
    ...flagLines(flags),
    ...(Object.keys(exitCodes).length === 0 ? [] : ['.PP', 'Exit codes:']),
    ...Object.entries(exitCodes).flatMap(([code, meaning]) => item(code, escaped(meaning))),
  ];
}

function flagLines(flags: Flags): string[] {
  return Object.entries(flags).flatMap(([name, flag]) => item(flagUsage(name, flag), escaped(flag.help)));
}

function item(term: string, text: string): string[] {
  return ['.TP', `.B ${escaped(term)}`, text];
}

/** A hyphen is a minus, so that what is copied can be typed; no line may begin as a request does. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^[.']/, '\\&$&');
}
