import type { Flag } from './flags.ts';

/** How a flag is completed. */
interface FlagCompletion {
  readonly takesValue: boolean;
  readonly isFile: boolean;
  /** Empty: anything may stand there. */
  readonly values: readonly string[];
}

export function flagCompletion({ kind, placeholder, values = [] }: Flag): FlagCompletion {
  return { takesValue: kind !== 'switch', isFile: placeholder === 'FILE', values };
}
