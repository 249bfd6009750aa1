import { formatBytes } from '../probe/byte-words.ts';
import type { Limit } from '../probe/limits/limit.ts';
import { formatDuration } from '../network/duration-words.ts';

const nginxUnits = [
  ['g', 1024 ** 3],
  ['m', 1024 ** 2],
  ['k', 1024],
] as const;
const decimalUnits = [
  [' GB', 1e9],
  [' MB', 1e6],
  [' kB', 1e3],
] as const;

/**
 * Writes a bound of a limit: as measured, and beside it as the hop that refuses is configured: `10 MiB (10m)` for nginx,
 * `95.4 MiB (100 MB)` for others; `10.4 MiB` when no round number is meant. Times: `1 m 40 s`.
 * @param value bytes or seconds, as `limit.unit` says
 */
export function boundWords(value: number, { unit, rejection }: Pick<Limit, 'unit' | 'rejection'>): string {
  if (unit === 'seconds') return formatDuration(value * 1_000);
  const units = rejection?.answeredBy === 'nginx' && value % 1024 === 0 ? nginxUnits : decimalUnits;
  const round = units.find(([, factor]) => value > 0 && value % factor === 0);
  return round === undefined ? formatBytes(value) : `${formatBytes(value)} (${value / round[1]}${round[0]})`;
}
