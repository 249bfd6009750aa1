import type { ConfigFigures } from '../config/describe.ts';

export interface ExtraFigures {
  /** Series on /metrics from the start. */
  readonly series?: number;
  /** `budget.bytesPerDay`. */
  readonly bytesPerDay?: number;
  /** What one run may need on the wire with all its attempts, of the check that needs most. */
  readonly dearestRunBytes?: number;
}

/** The figures of a configuration as `--config.check` prints them: what it will do to network and registries in a day. */
export function formatFigures(file: string, figures: ConfigFigures, extra: ExtraFigures = {}): string {
  const rows = [
    ['workload', 'checks', 'runs/day', 'bytes/day', 'at worst'],
    ...figures.workloads.map((row) => [row.workload, ...columns(row)]),
    ['total', ...columns(figures)],
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '));
  const { registries, paths, checks } = figures;
  return [
    `${file} is valid: ${count(registries, 'registry', 'registries')}, ${count(paths, 'path', 'paths')}, ${count(checks, 'check', 'checks')}`,
    ...lines,
    'bytes/day: every run succeeds at the first attempt; at worst: every run needs all attempts of its client',
    ...budgetLine(figures, extra),
    ...(extra.series === undefined
      ? []
      : [`series: ${extra.series} on /metrics from the start, and some hundred of the process`]),
    '',
  ].join('\n');
}

function budgetLine(figures: ConfigFigures, { bytesPerDay, dearestRunBytes = 0 }: ExtraFigures): string[] {
  const dearest = `the dearest run may need ${approximateSize(dearestRunBytes)} on the wire`;
  if (bytesPerDay === undefined) {
    return [`budget: none; ${dearest}`];
  }
  const share = Math.round((100 * figures.bytesPerDay) / bytesPerDay);
  const worst =
    figures.worstCaseBytesPerDay > bytesPerDay ? ', which the worst case exceeds: runs would then be skipped' : '';
  return [`budget: ${approximateSize(bytesPerDay)} a day, ${share} % of it planned${worst}; ${dearest}`];
}

type Row = Pick<ConfigFigures, 'checks' | 'runsPerDay' | 'bytesPerDay' | 'worstCaseBytesPerDay'>;

function columns({ checks, runsPerDay, bytesPerDay, worstCaseBytesPerDay }: Row): string[] {
  return [String(checks), rounded(runsPerDay), approximateSize(bytesPerDay), approximateSize(worstCaseBytesPerDay)];
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

/** For people: `36.6 GiB`. */
function approximateSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${rounded(value)} ${units[unit]}`;
}
