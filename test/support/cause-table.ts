import type { Cause } from '../../src/probe/diagnose/cause.ts';

/** A row of a table of Markdown. */
export function markdownRow(...texts: readonly string[]): string {
  return `| ${texts.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}

/** Where a cause sits, in words where the table has no hop of its own. */
export function placeOfCause({ hop }: Pick<Cause, 'hop'>): string {
  if (hop === undefined) return 'where it failed';
  return hop === 'path' ? 'the first hop of the path' : `\`${hop}\``;
}

/** What to do, and where one can read of it. */
export function remedyOfCause({ remedy, reference }: Pick<Cause, 'remedy' | 'reference'>): string {
  return `${remedy} [See](${reference})`;
}
