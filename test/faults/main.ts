/* oxlint-disable no-console -- a program for people: its progress and its record go to the terminal. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createCertificates } from '../support/certificates.ts';
import { memoryBytes } from './resources.ts';
import { replayHint, runSeed, type SeedResult } from './run-seed.ts';
import { worldCertificates } from './world.ts';

/**
 * `npm run faults -- --seeds 200 --from 1`: many seeds of the fault matrix in one process, one after the other. Prints a line for
 * each, ends with 1 when one broke an invariant, and writes what happened to `--record FILE`. What piles up from seed to seed
 * is a leak that no single seed shows, so the memory between them is watched, too.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
    record: { type: 'string' },
  },
});
const from = Number(values.from);
const count = Number(values.seeds);
if (!Number.isSafeInteger(from) || !Number.isSafeInteger(count) || count < 1) {
  console.error('faults: --seeds and --from are whole numbers');
  process.exit(2);
}

/** More than this between the first third of the seeds and the last is no history that fills up. */
const growthPerProcessBytes = 12 * 1024 * 1024;

const certificates = worldCertificates(createCertificates());
const uncaught: string[] = [];
process.on('uncaughtException', (error) => uncaught.push(error.stack ?? String(error)));
process.on('unhandledRejection', (error) =>
  uncaught.push(error instanceof Error ? (error.stack ?? '') : String(error)),
);

interface Row extends Pick<SeedResult, 'seed' | 'figures'> {
  readonly violations: readonly string[];
  readonly memoryKiB: number;
}

async function runOne(seed: number): Promise<Row> {
  const result = await runSeed(seed, { certificates }).catch(
    (error: unknown) => (error instanceof Error && error.stack) || String(error),
  );
  if (typeof result === 'string') {
    const figures = { runs: 0, failedRuns: 0, attempts: 0, reasons: {}, edgeRequests: 0, durationMs: 0 };
    return { seed, figures, violations: [result], memoryKiB: Math.round(memoryBytes() / 1024) };
  }
  const { violations, figures } = result;
  const lines = violations.map(({ invariant, what }) => `${invariant}: ${what}`);
  lines.push(...uncaught.splice(0).map((error) => `uncaught: ${error}`));
  return { seed, figures, violations: lines, memoryKiB: Math.round(memoryBytes() / 1024) };
}

// Whatever the output opens for itself is open before anybody counts.
console.log(`fault matrix: ${count} seeds from ${from}, Node ${process.version}`);
const rows: Row[] = [];
for (let seed = from; seed < from + count; seed += 1) {
  const row = await runOne(seed);
  rows.push(row);
  const { runs, failedRuns, edgeRequests, durationMs } = row.figures;
  const state = row.violations.length === 0 ? 'passed' : `FAILED (${row.violations.length})`;
  console.log(
    `seed ${seed} ${state}: ${runs} runs, ${failedRuns} failed, ${edgeRequests} requests, ${durationMs} ms, ${row.memoryKiB} KiB held`,
  );
  row.violations.slice(0, 12).forEach((line) => console.log(`  ${line}`));
  if (row.violations.length > 0) console.log(`  again with: ${replayHint(seed)}`);
}

const thirds = Math.max(1, Math.floor(rows.length / 3));
const least = (part: readonly Row[]): number => Math.min(...part.map(({ memoryKiB }) => memoryKiB));
const growthKiB = least(rows.slice(-thirds)) - least(rows.slice(0, thirds));
const isFlat = growthKiB * 1024 < growthPerProcessBytes;
const failed = rows.filter(({ violations }) => violations.length > 0);
console.log(
  `${rows.length - failed.length} of ${rows.length} seeds passed; memory grew by ${growthKiB} KiB from the first to the last third: ${isFlat ? 'flat' : 'NOT FLAT'}`,
);
if (values.record !== undefined) writeFileSync(values.record, `${JSON.stringify(recordOf(), undefined, 2)}\n`);
process.exitCode = failed.length === 0 && isFlat ? 0 : 1;

function recordOf(): object {
  const reasons: Record<string, number> = {};
  for (const [reason, times] of rows.flatMap(({ figures }) => Object.entries(figures.reasons)))
    reasons[reason] = (reasons[reason] ?? 0) + times;
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    commit: execFileSync('git', ['rev-parse', 'HEAD'], { encoding: 'utf8' }).trim(),
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    seeds: { from, count },
    failedSeeds: failed.map(({ seed, violations }) => ({ seed, violations })),
    runs: sum(({ figures }) => figures.runs),
    failedRuns: sum(({ figures }) => figures.failedRuns),
    edgeRequests: sum(({ figures }) => figures.edgeRequests),
    failedAttempts: Object.fromEntries(Object.entries(reasons).sort(([a], [b]) => a.localeCompare(b))),
    memoryGrowthKiB: growthKiB,
  };
}
