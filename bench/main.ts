import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureCurl, measureDaemon, type Measurement } from './push.ts';

/** What pushing a large blob costs: memory of the daemon, delay of a scrape meanwhile, throughput; curl side by side. */
const goals = { peakResidentMiB: 150, scrapeMs: 100 };

const { values } = parseArgs({
  options: {
    'size-mib': { type: 'string', default: '2048' },
    runs: { type: 'string', default: '3' },
    output: { type: 'string', default: fileURLToPath(new URL('results.json', import.meta.url)) },
  },
});
const sizeMiB = Number(values['size-mib']);
const runs = Number(values.runs);

interface Range {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

interface Row {
  readonly sender: string;
  readonly figure: string;
  readonly unit: string;
  readonly goal?: number;
  readonly range: Range;
}

function rangeOf(figures: readonly number[]): Range {
  const sorted = figures.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { min: at(0), median: at(0.5), max: at(1) };
}

function rowsOf(sender: string, measurements: readonly Measurement[]): Row[] {
  const MiB = 1024 * 1024;
  const goal = sender.startsWith('curl') ? {} : { goal: goals.peakResidentMiB };
  const resident = measurements.map((one) => one.peakResidentBytes / MiB);
  const speeds = measurements.map((one) => one.bytesPerSecond / MiB);
  const scrapes = measurements.flatMap((one) => one.scrapeMs);
  const rows: Row[] = [
    { sender, figure: 'peak resident memory', unit: 'MiB', ...goal, range: rangeOf(resident) },
    { sender, figure: 'throughput', unit: 'MiB/s', range: rangeOf(speeds) },
  ];
  if (scrapes.length > 0) {
    const figure = `/metrics meanwhile (${scrapes.length} scrapes)`;
    rows.push({ sender, figure, unit: 'ms', goal: goals.scrapeMs, range: rangeOf(scrapes) });
  }
  return rows;
}

async function repeat(sender: string, measure: () => Promise<Measurement | undefined>): Promise<Row[]> {
  const measurements: Measurement[] = [];
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`${sender}: run ${run} of ${runs}\n`);
    const measurement = await measure();
    if (measurement === undefined) return [];
    measurements.push(measurement);
  }
  return rowsOf(sender, measurements);
}

function table(rows: readonly Row[]): string {
  const cells = rows.map(({ sender, figure, unit, goal, range }) => [
    sender,
    `${figure} [${unit}]`,
    ...[range.min, range.median, range.max].map((value) => value.toFixed(1)),
    goal === undefined ? '' : `< ${goal}: ${range.max < goal ? 'met' : 'MISSED'}`,
  ]);
  const all = [['sender', 'figure', 'min', 'median', 'max', 'goal'], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const rows = [
  ...(await repeat('docker', () => measureDaemon('docker', sizeMiB))),
  ...(await repeat('docker-containerd', () => measureDaemon('docker-containerd', sizeMiB))),
  ...(await repeat('curl, chunked', () => measureCurl('chunked', sizeMiB))),
  ...(await repeat('curl, with length', () => measureCurl('length', sizeMiB))),
];
process.stdout.write(
  `${sizeMiB} MiB to a local sink, Node ${process.version}, ${cpus().length} cores\n${table(rows)}\n`,
);
mkdirSync(dirname(values.output), { recursive: true });
writeFileSync(
  values.output,
  `${JSON.stringify({ sizeMiB, runs, node: process.version, goals, rows }, undefined, 2)}\n`,
);
