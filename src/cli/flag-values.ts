import { parseDuration } from '../config/duration.ts';
import { parseSize } from '../config/size.ts';
import { type FlagValues, UsageError } from './flags.ts';

/** The value of a size flag in bytes; undefined: not given. Throws UsageError. */
export function sizeFlag(values: FlagValues, flag: string): number | undefined {
  const text = values.text(flag);
  return text === undefined
    ? undefined
    : positive(flag, text, parseSize, 'a size with its unit, such as 100MiB or 100MB');
}

/** The value of a duration flag in milliseconds; undefined: not given. Throws UsageError. */
export function durationFlag(values: FlagValues, flag: string, example = '15m'): number | undefined {
  const text = values.text(flag);
  return text === undefined ? undefined : positive(flag, text, parseDuration, `a duration such as ${example}`);
}

/** The value of a flag's text, more than 0. Throws UsageError in the words of a command line. */
export function positive(flag: string, text: string, parse: (text: string) => number, expected: string): number {
  let value = 0;
  try {
    value = parse(text);
  } catch {
    // Said below, in the words of a command line.
  }
  if (value <= 0) throw new UsageError(`flag --${flag}: expected ${expected}, got ${JSON.stringify(text)}`);
  return value;
}
