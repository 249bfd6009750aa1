import { formatDuration } from '../network/duration-words.ts';
import { formatBytes } from '../probe/byte-words.ts';

/** `118 MiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** `just now`, `5 s ago`, `2 m 5 s ago`. */
export function formatAge(ms: number): string {
  return ms < 1000 ? 'just now' : `${formatDuration(Math.floor(ms / 1000) * 1000)} ago`;
}

/** Numbers stay on one line with their units, wherever a page breaks it. */
export function unbroken(quantity: string): string {
  return quantity.replaceAll(' ', '\u00a0');
}

/** `2026-11-24 01:02:03 UTC`. */
export function formatTime(date: Date): string {
  return `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** A sentence begins with a capital letter; titles of causes are clauses, which do not. */
export function capitalized(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** JSON for people and machines: indented, with a line break at its end. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
