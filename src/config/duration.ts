const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
/** Milliseconds of a day, as daily budgets count it. */
export const dayMs = 24 * hourMs;

/** In the order in which they must be written; a year has 365 days, as in Prometheus. */
const units: readonly (readonly [name: string, ms: number])[] = [
  ['y', 365 * dayMs],
  ['w', 7 * dayMs],
  ['d', dayMs],
  ['h', hourMs],
  ['m', minuteMs],
  ['s', secondMs],
  ['ms', 1],
];

/**
 * Prometheus' own grammar (`model.ParseDuration` of prometheus/common): each unit at most once, larger ones first.
 * It matches the empty text too: a lookahead against that could not be read by Helm, whose patterns are Go's.
 */
export const durationPattern = /^(?:0|(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?)$/;

/**
 * Reads a duration as Prometheus writes it: `1h30m`, `500ms`, `2w`.
 * @returns milliseconds.
 * @throws RangeError when the text is not such a duration, or is more than 2^53 − 1 milliseconds.
 */
export function parseDuration(text: string): number {
  const match = durationPattern.exec(text);
  if (match === null || text === '') throw new RangeError('not a duration');
  const ms = units.reduce((sum, [, unitMs], index) => sum + Number(match[index + 1] ?? 0) * unitMs, 0);
  if (!Number.isSafeInteger(ms)) throw new RangeError('more than 2^53 - 1 milliseconds');
  return ms;
}

/** Writes milliseconds as Prometheus does, with weeks and years left to days: `1d12h`, `1h30m`, `500ms`, `0`. */
export function prometheusDuration(ms: number): string {
  let rest = ms;
  let text = '';
  for (const [name, unitMs] of units.slice(2)) {
    const count = Math.floor(rest / unitMs);
    rest -= count * unitMs;
    if (count > 0) text += `${count}${name}`;
  }
  return text === '' ? '0' : text;
}
