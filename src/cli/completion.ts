import { type Command, exitUsage, usualExitCodes } from './command.ts';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { zshCompletion } from './completion-zsh.ts';
import { UsageError } from './flags.ts';

const shells: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** Writes the script by which a shell completes commands, flags and their values; `commands`: all there are, this one too. */
export function completionCommand(commands: () => readonly Command[]): Command {
  const known = Object.keys(shells);
  return {
    name: 'completion',
    summary: 'Prints a completion script for your shell; use it with: eval "$(blobprobe completion bash)".',
    exitCodes: { 0: 'written', [exitUsage]: usualExitCodes[exitUsage] },
    argument: { placeholder: 'SHELL', help: `${known.join(', ')}.`, values: known },
    flags: {},
    async run({ argument }, terminal) {
      const script = shells[argument ?? ''];
      if (argument === undefined || !known.includes(argument) || script === undefined) {
        const got = argument === undefined ? 'nothing' : JSON.stringify(argument);
        throw new UsageError(`expected ${known.join(' or ')}, got ${got}`);
      }
      terminal.out(script(commands()));
      return 0;
    },
  };
}
