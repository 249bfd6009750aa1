import { tableLines } from './table.ts';
import { formatBytes } from '../probe/byte-words.ts';
import type { ConfigFigures } from '../config/describe.ts';

export interface ExtraFigures {
  /** Series on /metrics from the start. */
  readonly series?: number;
  /** `budget.bytesPerDay`. */
  readonly bytesPerDay?: number;
  /** What one run may need on the wire with all its attempts, of the check that needs most. */
  readonly largestRunBytes?: number;
}

/** The figures of a configuration as `--config.check` prints them: what it will do to network and registries in a day. */
export function formatFigures(file: string, figures: ConfigFigures, extra: ExtraFigures = {}): string {
  const rows = [
    ['workload', 'checks', 'runs/day', 'bytes/day', 'at worst'],
    ...figures.workloads.map((row) => [row.workload, ...columns(row)]),
    ['total', ...columns(figures)],
  ];
  const { registries, paths, checks } = figures;
  return [
    `${file} is valid: ${count(registries, 'registry', 'registries')}, ${count(paths, 'path', 'paths')}, ${count(checks, 'check', 'checks')}`,
    ...tableLines(rows, pad),
    'bytes/day: every run succeeds at the first attempt; at worst: every run needs all attempts of its client',
    ...budgetLine(figures, extra),
    ...(extra.series === undefined
      ? []
      : [`series: ${extra.series} on /metrics from the start, and some hundred of the process`]),
    '',
  ].join('\n');
}

function budgetLine(figures: ConfigFigures, { bytesPerDay, largestRunBytes = 0 }: ExtraFigures): string[] {
  const largest = `the largest run may need ${formatBytes(largestRunBytes)} on the wire`;
  if (bytesPerDay === undefined) return [`budget: none; ${largest}`];
  const share = Math.round((100 * figures.bytesPerDay) / bytesPerDay);
  const worst =
    figures.worstCaseBytesPerDay > bytesPerDay ? ', which the worst case exceeds: runs would then be skipped' : '';
  return [`budget: ${formatBytes(bytesPerDay)} a day, ${share} % of it planned${worst}; ${largest}`];
}

type Row = Pick<ConfigFigures, 'checks' | 'runsPerDay' | 'bytesPerDay' | 'worstCaseBytesPerDay'>;

function columns({ checks, runsPerDay, bytesPerDay, worstCaseBytesPerDay }: Row): string[] {
  return [String(checks), rounded(runsPerDay), formatBytes(bytesPerDay), formatBytes(worstCaseBytesPerDay)];
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}
