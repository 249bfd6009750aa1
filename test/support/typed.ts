import { runCommandLine } from '../../src/cli/command-line.ts';
import type { Command, Terminal } from '../../src/cli/command.ts';

/** What a command that was typed says, and its exit code. `more`: another terminal than one without input, environment and person. */
export async function typed(
  argv: readonly string[],
  commands: readonly [Command, ...Command[]],
  more: Partial<Terminal> = {},
): Promise<{ readonly code: number | undefined; readonly out: string; readonly err: string }> {
  let out = '';
  let err = '';
  const terminal: Terminal = {
    out: (text) => (out += text),
    err: (text) => (err += text),
    env: {},
    readInput: () => '',
    ...more,
  };
  const code = await runCommandLine(argv, commands, terminal);
  return { code, out, err };
}
