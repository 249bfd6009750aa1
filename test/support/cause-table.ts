import type { Cause } from '../../src/probe/diagnose/cause.ts';

/** A row of a table of Markdown. */
export function markdownRow(...texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

const places: Readonly<Record<string, string>> = { failure: 'where it failed', path: 'the first hop of the path' };

/** Where a cause sits, in words where the table has no hop of its own. */
export function placeOfCause({ hop }: Pick<Cause, 'hop'>): string {
  return places[hop] ?? `\`${hop}\``;
}

/** What to do, and where one can read of it. */
export function remedyOfCause({ remedy, reference }: Pick<Cause, 'remedy' | 'reference'>): string {
  return `${remedy} [See](${reference})`;
}
