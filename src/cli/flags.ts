import { foldedTable } from './table.ts';
import { parseArgs } from 'node:util';
import { nearest } from '../config/nearest.ts';

/** One flag of a command, as the parser reads it and the help text shows it. Names are Prometheus's: `--web.listen-address`. */
export interface Flag {
  readonly kind: 'switch' | 'text' | 'list';
  /** One letter that means the same: `h` for `-h`. */
  readonly short?: string;
  /** What stands for the value in the help text. */
  readonly placeholder?: string;
  /** All that may stand there, for completion; absent: too much to name. */
  readonly values?: readonly string[];
  readonly help: string;
}

export type Flags = Readonly<Record<string, Flag>>;

/** A flag that is there or not. */
export function noValue(help: string): Flag {
  return { kind: 'switch', help };
}

/** A flag that is given once. `placeholder` stands for its value in the help text; `values`: all that it may be. */
export function oneValue(placeholder: string, help: string, values?: readonly string[]): Flag {
  return { kind: 'text', placeholder, help, values };
}

/** The same, given as often as somebody likes. */
export function manyValues(placeholder: string, help: string, values?: readonly string[]): Flag {
  return { kind: 'list', placeholder, help, values };
}

/** Of the commands whose result a program may want to read. */
export const jsonFlag: Flags = { json: noValue('Write the result as JSON.') };

/** A command line that cannot be understood. The message is one line, without the program's name. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export interface FlagValues {
  isSet(name: string): boolean;
  text(name: string): string | undefined;
  /** All values of a flag that may be given several times, in order. */
  list(name: string): readonly string[];
  /** What stands on the command line without a flag; only commands that take one get it. */
  readonly argument: string | undefined;
  /** All of them, in order; only commands that take several get more than one. */
  readonly arguments: readonly string[];
}

/**
 * Reads `--flag`, `--flag=value`, `--flag value` and `-f`. Throws UsageError on anything that is not in `flags`, and on more than
 * `mostArguments` arguments without a flag.
 */
export function parseFlags(argv: readonly string[], flags: Flags, mostArguments = 0): FlagValues {
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, { kind, short }]) => [
      name,
      {
        type: kind === 'switch' ? ('boolean' as const) : ('string' as const),
        ...(short && { short }),
      },
    ]),
  );
  refuseSingleDash(argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined), flags);
  // Not strict: parseArgs words its own errors for programmers; all of them are checked below.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string[]>();
  const given = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  for (const token of tokens) {
    if (token.kind === 'option') {
      const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
      const known = values.get(token.name) ?? [];
      known.push(checkedValue(token, flag, known.length > 0, flags));
      values.set(token.name, known);
    }
  }
  // After the flags: what follows an unknown flag is its value, and the flag is what is wrong.
  const stray = given[mostArguments];
  if (stray !== undefined) throw new UsageError(`unexpected argument ${JSON.stringify(stray)}`);
  return {
    isSet: (name) => values.has(name),
    text: (name) => values.get(name)?.[0],
    list: (name) => values.get(name) ?? [],
    argument: given[0],
    arguments: given,
  };
}

/** `-help`: parseArgs would read it as several flags of one letter. */
function refuseSingleDash(argv: readonly string[], flags: Flags): void {
  const single = argv.find((one) => one.startsWith('-') && Object.hasOwn(flags, one.slice(1).split('=')[0] ?? ''));
  if (single !== undefined) throw new UsageError(`unknown flag ${single}, did you mean -${single}?`);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function checkedValue(token: OptionToken, flag: Flag | undefined, repeated: boolean, flags: Flags): string {
  if (flag === undefined) {
    const names = Object.keys(flags);
    const meant =
      nearest(token.name, names) ?? names.find((name) => token.rawName.startsWith('--') && name.startsWith(token.name));
    throw new UsageError(`unknown flag ${token.rawName}${meant === undefined ? '' : `, did you mean --${meant}?`}`);
  }
  if (repeated && flag.kind !== 'list') throw new UsageError(`flag ${token.rawName} given twice`);
  if (flag.kind === 'switch') {
    if (token.value !== undefined) throw new UsageError(`flag ${token.rawName} takes no value`);
    return '';
  }
  const looksLikeFlag = token.inlineValue === false && token.value?.startsWith('-') === true;
  if (token.value === undefined || token.value === '' || looksLikeFlag)
    throw new UsageError(`flag ${token.rawName} needs a value: ${token.rawName}=${flag.placeholder ?? 'VALUE'}`);
  return token.value;
}

/** Returns `value` when it is one of `allowed`; throws UsageError otherwise. */
export function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found === undefined)
    throw new UsageError(`flag --${flag}: expected ${allowed.join(' or ')}, got ${JSON.stringify(value)}`);
  return found;
}

/** `--config.file=FILE`, `-h, --help`: a flag as it is typed. */
export function flagUsage(name: string, { kind, placeholder = 'VALUE', short }: Flag): string {
  return `${short === undefined ? '' : `-${short}, `}--${name}${kind === 'switch' ? '' : `=${placeholder}`}`;
}

/** The flags as lines of a help text, folded to the columns of a terminal. */
export function describeFlags(flags: Flags, columns?: number): string {
  const rows = Object.entries(flags).map(([name, flag]) => [flagUsage(name, flag), flag.help] as const);
  return foldedTable(rows, columns).join('');
}
