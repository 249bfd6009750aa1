import type { Flags, FlagValues } from './flags.ts';

/** Where a command reads and writes; the process's own in production. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How wide the terminal is that `out` writes to; undefined: it is none. */
  readonly columns?: number | undefined;
  /** All of standard input. */
  readInput(): string;
  /** A person sits there, who can be asked. */
  readonly isInteractive?: boolean;
  /** Asks for one line; what is typed stays invisible when `secret`. Rejects with UsageError when the person gives up. */
  readonly ask?: (question: string, secret?: boolean) => Promise<string>;
}

/** Exit codes: what was asked for failed; the command line or the configuration is wrong. */
export const exitFailure = 1;
export const exitUsage = 2;

/** Exit codes that commands have in common. */
export const usualExitCodes = {
  [exitUsage]: 'the command line or the configuration is wrong',
  130: 'interrupted; the command removes what it uploaded, if the registry allows it, and lists the rest',
} as const;

export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly flags: Flags;
  /** What may stand on the command line without a flag. */
  readonly argument?: {
    readonly placeholder: string;
    readonly help: string;
    readonly values?: readonly string[];
    readonly several?: boolean;
  };
  /** What the exit codes mean, for the help text. */
  readonly exitCodes?: Readonly<Record<number, string>>;
  /** Resolves with the exit code, or with undefined when the process goes on until a signal ends it. May throw UsageError and ConfigError. */
  run(values: FlagValues, terminal: Terminal): Promise<number | undefined>;
}
