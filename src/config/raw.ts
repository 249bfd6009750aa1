import type { ConfigPath } from './problem.ts';

/**
 * Views of data that has not passed the schema. The rules look at raw data, so that one wrong key
 * does not keep them from reporting everything else that is wrong.
 */
export function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isRecord(value) ? Object.entries(value) : [];
}

export function at(value: unknown, key: string): unknown {
  return isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

export function valueAt(value: unknown, path: ConfigPath): unknown {
  let inner = value;
  for (const step of path) {
    if (typeof step === 'number') inner = Array.isArray(inner) ? inner[step] : undefined;
    else inner = at(inner, step);
  }
  return inner;
}

export function textAt(value: unknown, key: string): string | undefined {
  const inner = at(value, key);
  return typeof inner === 'string' ? inner : undefined;
}

/** The strings of a list, each with its index; other items are the schema's business. */
export function textsAt(value: unknown, key: string): readonly (readonly [number, string])[] {
  const list = at(value, key);
  if (!Array.isArray(list)) return [];
  return list.flatMap((item: unknown, index) => (typeof item === 'string' ? [[index, item] as const] : []));
}

/** The keys among `keys` that are present. */
export function present(value: unknown, keys: readonly string[]): string[] {
  return keys.filter((key) => at(value, key) !== undefined && at(value, key) !== null);
}

/** The result of a parser that throws RangeError, or undefined. */
export function parsed<T>(parse: (text: string) => T, text: string | undefined): T | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
