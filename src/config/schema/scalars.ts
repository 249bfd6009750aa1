import { z } from 'zod';
import { bitRatePattern, parseBitRate } from '../bit-rate.ts';
import { durationPattern, parseDuration } from '../duration.ts';
import { parseSize, sizePattern } from '../size.ts';

/** What the reference, editors and error messages say of a key. `error` completes "expected …". */
interface KeyText {
  readonly description: string;
  readonly title?: string;
  readonly error?: string;
  readonly examples?: readonly string[];
}

/** A string of a given form. The pattern goes into the JSON Schema; `accepts` sees what a pattern cannot. */
export function text(key: KeyText, pattern?: RegExp, accepts?: (value: string) => boolean) {
  const { error = 'a string', description, title = 'string', examples } = key;
  let schema = z.string({ error }).min(1, { error: pattern === undefined ? `${error} that is not empty` : error });
  if (pattern !== undefined) schema = schema.regex(pattern, { error });
  if (accepts !== undefined) schema = schema.refine(accepts, { error });
  return schema.meta({ description, title, ...(examples && { examples: [...examples] }) });
}

export function flag(description: string) {
  return z.boolean({ error: 'true or false' }).default(false).meta({ description });
}

export function size(description: string, examples: readonly string[] = ['150MiB', '100MB']) {
  return text(
    {
      description,
      title: 'size',
      error: 'a size of at least one byte such as 150MiB or 100MB (units B kB MB GB TB KiB MiB GiB TiB)',
      examples,
    },
    sizePattern,
    (value) => valueOf(parseSize, value) >= 1,
  );
}

/** Node's timers hold 2^31 − 1 ms; a longer one would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

export function duration(description: string) {
  return text(
    {
      description,
      title: 'duration',
      error: 'a duration such as 90s or 1h30m, more than 0 and less than 25d (units y w d h m s ms, in this order)',
      examples: ['90s', '1h30m'],
    },
    durationPattern,
    (value) => valueOf(parseDuration, value) > 0 && valueOf(parseDuration, value) <= longestTimerMs,
  );
}

export function bitRate(description: string) {
  return text(
    {
      description,
      title: 'bit rate',
      error: 'a bit rate of at least 1bit/s such as 200Mbit/s (units bit/s kbit/s Mbit/s Gbit/s Tbit/s)',
      examples: ['200Mbit/s'],
    },
    bitRatePattern,
    (value) => valueOf(parseBitRate, value) >= 1,
  );
}

/** A list in which nothing stands twice (held by `rules/`) and that is not empty. */
export function list<Item extends z.ZodType>(item: Item, description: string, what: string) {
  return z
    .array(item, { error: `a list of ${what}` })
    .min(1, { error: `at least one of the ${what}` })
    .meta({ description });
}

/** Names become label values and parts of URLs, so they stay short and plain. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const nameError = 'a name of at most 63 letters, digits, ".", "_" and "-" that starts with a letter or digit';

export function nameText(description: string, example: string) {
  return text({ description, title: 'name', error: nameError, examples: [example] }, namePattern);
}

/** A map from names to entries. */
export function named<Entry extends z.ZodType>(entry: Entry, description: string, what: string) {
  const name = z.string({ error: nameError }).regex(namePattern, { error: nameError });
  return z
    .record(name, entry, { error: `a map of ${what} by name` })
    .refine((map) => Object.keys(map).length > 0, { error: `at least one of the ${what}` })
    .meta({ description });
}

export function file(description: string, example: string) {
  return text({ description, title: 'file', error: 'a file name', examples: [example] });
}

export function environmentVariable(description: string, example: string) {
  return text(
    { description, title: 'environment variable', error: 'the name of an environment variable', examples: [example] },
    /^[A-Za-z_][A-Za-z0-9_]*$/,
  );
}

function valueOf(parse: (value: string) => number, value: string): number {
  try {
    return parse(value);
  } catch {
    return Number.NaN;
  }
}
