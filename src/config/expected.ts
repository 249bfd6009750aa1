import type { z } from 'zod';
import { nearest } from './nearest.ts';
import type { ConfigPath } from './problem.ts';

/** The `error` option of a zod parse: completes "expected …" where the schema gives no words of its own. */
export function expectation(issue: z.core.$ZodRawIssue): string {
  if (issue.code === 'invalid_type') return typeWords[issue.expected] ?? 'another value';
  if (issue.code === 'invalid_value') return oneOf(issue.values.map(String));
  if (issue.code === 'too_small') return `a number of at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `a number of at most ${issue.maximum}`;
  return 'another value';
}

const typeWords: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'a string',
  boolean: 'true or false',
  number: 'a number',
  int: 'a whole number',
};

/** `one of a, b, c`; `x` when there is only one. */
export function oneOf(values: readonly string[]): string {
  return `${values.length === 1 ? '' : 'one of '}${values.join(', ')}`;
}

/** `; did you mean "paths"?`, or nothing when no candidate is close. */
export function hint(word: unknown, candidates: readonly string[]): string {
  const meant = typeof word === 'string' ? nearest(word, candidates) : undefined;
  return meant === undefined ? '' : `; did you mean ${quote(meant)}?`;
}

/**
 * What was found, for the end of "expected …, got …". Collections, and what is or may be a secret, are named by their type only.
 */
export function found(value: unknown, path: ConfigPath): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return Object.keys(value).length === 0 ? 'an empty map' : 'a map';
  if (typeof value === 'string') {
    if (isConfidential(path, value)) return value === '' ? 'an empty string' : 'a string';
    return quote(withoutUrlSecrets(value));
  }
  if (isConfidential(path, '')) return `a ${typeof value} (quote it)`;
  const plain = value as number | boolean;
  return String(plain);
}

const secretKey = /^(?:username|(?:password|token|identityToken)(?:File|Env)?)$/;
/** Keys whose value should be a map: who writes a single text there may well have written a password. */
const secretMaps = new Set(['credentials', 'proxy', 'headers']);

/** A reference to a variable is shown when it looks like one: who confuses the keys writes the password here. */
const variableReference = /^\$?\{?[A-Z_][A-Z0-9_]*\}?$/;

function isConfidential(path: ConfigPath, value: string): boolean {
  const key = path.at(-1);
  if (key === undefined) return true;
  if (path.at(-2) === 'headers') return true;
  if (typeof key === 'number') return false;
  if (key.endsWith('Env') && variableReference.test(value)) return false;
  return secretKey.test(key) || secretMaps.has(key);
}

/** Whatever stands before an `@` or after a `?` is left out: that is where URLs carry passwords and tokens. */
function withoutUrlSecrets(value: string): string {
  // From the start: else each character of a long text is a start, and takes all that is left.
  return value.replace(/^.*@/s, '<secret>@').replace(/\?.+/s, '?<secret>');
}

/** JSON's quotes and escapes, so that a message stays one line; long texts are cut. */
export function quote(value: string): string {
  return JSON.stringify(value.length > 80 ? `${value.slice(0, 79)}…` : value);
}
