/** One challenge of a `WWW-Authenticate` header (RFC 9110, section 11.3). */
export interface Challenge {
  /** In lower case: `bearer`, `basic`, `negotiate` … */
  readonly scheme: string;
  /** The single opaque value some schemes carry instead of parameters. */
  readonly token68?: string;
  /** Names in lower case; of a name sent twice the first value holds. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What is read of all `WWW-Authenticate` headers of one response together; a registry's own are below 1 KiB. */
export const maxChallengeChars = 16 * 1024;

// Sticky, so that each is one pass from `at` and never scans ahead: the input is hostile.
const blank = /[ \t]*/y;
const separators = /[ \t,]*/y;
const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const equals = /[ \t]*=[ \t]*/y;
const quoted = /"((?:[^"\\]|\\[^])*)"/y;

/**
 * Challenges in the order in which they were sent, from one or several header values.
 * Never throws: what cannot be read is left out, and all of it when the values together exceed `maxChallengeChars`.
 */
export function parseChallenges(values: readonly string[]): Challenge[] {
  const total = values.reduce((sum, value) => sum + value.length, 0);
  return total > maxChallengeChars ? [] : values.flatMap(parseValue);
}

function parseValue(text: string): Challenge[] {
  const challenges: { scheme: string; token68?: string; parameters: Map<string, string> }[] = [];
  const cursor = { text, at: 0 };
  for (;;) {
    take(cursor, separators);
    if (cursor.at >= cursor.text.length) return challenges;
    const parameter = takeParameter(cursor);
    if (parameter !== undefined) {
      const parameters = challenges.at(-1)?.parameters;
      if (parameters !== undefined && !parameters.has(parameter.name)) parameters.set(parameter.name, parameter.value);
      continue;
    }
    const scheme = take(cursor, token);
    // The blank after a scheme is what tells `Basic realm="x"` from a damaged parameter `realm"x"`.
    const separated = take(cursor, blank) !== '' || cursor.at >= cursor.text.length || cursor.text[cursor.at] === ',';
    if (scheme === undefined || !separated) {
      skipElement(cursor);
      continue;
    }
    const single = startsParameter(cursor) ? undefined : take(cursor, token68);
    challenges.push({
      scheme: scheme.toLowerCase(),
      token68: single,
      parameters: new Map(),
    });
  }
}

interface Cursor {
  text: string;
  at: number;
}

function takeParameter(cursor: Cursor): { name: string; value: string } | undefined {
  const start = cursor.at;
  const name = take(cursor, token);
  if (name !== undefined && take(cursor, equals) !== undefined) {
    const value = takeQuoted(cursor) ?? take(cursor, token);
    if (value !== undefined && atElementEnd(cursor)) return { name: name.toLowerCase(), value };
  }
  cursor.at = start;
  return undefined;
}

function startsParameter(cursor: Cursor): boolean {
  const start = cursor.at;
  const found = takeParameter(cursor) !== undefined;
  cursor.at = start;
  return found;
}

function takeQuoted(cursor: Cursor): string | undefined {
  const raw = take(cursor, quoted);
  if (raw !== undefined) return raw.slice(1, -1).replaceAll(/\\([^])/g, '$1');
  // A quote that never closes makes the rest unreadable; looking for its end again and again would take quadratic time.
  if (cursor.text[cursor.at] === '"') cursor.text = cursor.text.slice(0, cursor.at);
  return undefined;
}

function atElementEnd(cursor: Cursor): boolean {
  take(cursor, blank);
  return cursor.at >= cursor.text.length || cursor.text[cursor.at] === ',';
}

/** Goes on after the next comma that is not inside quotes. */
function skipElement(cursor: Cursor): void {
  while (cursor.at < cursor.text.length && cursor.text[cursor.at] !== ',')
    if (takeQuoted(cursor) === undefined) cursor.at += 1;
}

function take(cursor: Cursor, pattern: RegExp): string | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text)?.[0];
  if (found === undefined) return undefined;
  cursor.at += found.length;
  return found;
}
