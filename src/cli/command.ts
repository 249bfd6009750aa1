import type { Flags, FlagValues } from './flags.ts';

/** Where a command reads and writes; the process's own in production. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Exit codes: what was asked for failed; the command line could not be understood. */
export const exitFailure = 1;
export const exitUsage = 2;

/** Exit codes that commands have in common. */
export const usualExitCodes = {
  [exitUsage]: 'the command line or the configuration is wrong',
  130: 'interrupted; what was begun is cleaned up',
} as const;

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly flags: Flags;
  /** What the exit codes mean, for the help text. */
  readonly exitCodes?: Readonly<Record<number, string>>;
  /** Resolves with the exit code, or with undefined when the process goes on until a signal ends it. May throw UsageError. */
  run(values: FlagValues, terminal: Terminal): Promise<number | undefined>;
}
