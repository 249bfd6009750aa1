import { rowOf } from '../figures.ts';
import type { Row } from '../suite.ts';
import { compareLateConnection, compareOnce, type Errors } from './compare.ts';
import { lookMs } from './kernel-queues.ts';
import { startTruthLab, type TruthLab } from './lab.ts';

/** What the process is told, as JSON in its first argument. */
export interface TruthProcessOrder {
  readonly runs: number;
}

export interface TruthReport {
  readonly rows: readonly Row[];
}

/** For each run that the other suites make: enough for a 99th percentile with three. */
const comparisonsPerRun = 34;
/** A late connection takes a second each. */
const lateConnectionsPerRun = 5;

const goals = { idle: 2, saturated: 5, throughputPercent: 2 } as const;
type Condition = 'idle' | 'saturated';

async function main({ runs }: TruthProcessOrder): Promise<TruthReport> {
  const lab = await startTruthLab();
  try {
    const idle = await rowsIn('idle', lab, runs);
    const endPushes = lab.saturate();
    const saturated = await rowsIn('saturated', lab, runs);
    await endPushes();
    return { rows: [...idle, ...saturated] };
  } finally {
    await lab.stop();
  }
}

async function rowsIn(condition: Condition, lab: TruthLab, runs: number): Promise<Row[]> {
  const errors = await compareMany(lab, runs, condition);
  process.send?.(`${condition}: late connections`);
  const late: number[] = [];
  for (let at = 0; at < runs * lateConnectionsPerRun; at += 1) {
    const errorMs = await compareLateConnection(lab);
    if (errorMs !== undefined) late.push(errorMs);
  }
  const note = lab.watch === undefined ? 'needs tcpdump' : 'its first SYN was dropped: about 1 s';
  const row = { subject: condition, figure: 'error of connect, made late by TCP', unit: 'ms', note };
  return [...rowsOf(condition, errors), rowOf(row, late, { goal: { of: 'max', atMost: goals[condition] } })];
}

async function compareMany(lab: TruthLab, runs: number, condition: Condition): Promise<readonly Errors[]> {
  const all: Errors[] = [];
  const random = seededRandom(1);
  // Two for warming up: code that runs for the first time is slow in both processes.
  const count = runs * comparisonsPerRun + 2;
  for (let at = 1; at <= count; at += 1) {
    if (at % comparisonsPerRun === 1) process.send?.(`${condition}: comparison ${at} of ${count}`);
    all.push(await compareOnce(lab, random));
  }
  return all.slice(2);
}

function rowsOf(condition: Condition, all: readonly Errors[]): Row[] {
  const looks = `the observer looks once a millisecond; a look takes ${lookMs().toPrecision(2)} ms`;
  return [...(all[0]?.keys() ?? [])].map((phase) => {
    const isRate = phase === 'throughput';
    const errors = all.map((one) => one.get(phase) ?? Number.NaN);
    const note = phase === 'send' || phase === 'wait' ? { note: looks } : {};
    return rowOf({ subject: condition, figure: `error of ${phase}`, unit: isRate ? '%' : 'ms', ...note }, errors, {
      goal: { of: 'p99', atMost: isRate ? goals.throughputPercent : goals[condition] },
    });
  });
}

/** Delays that differ from run to run and are the same in each bench (a linear congruential generator). */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

process.once('disconnect', () => process.exit());
const report = await main(JSON.parse(process.argv[2] ?? '{}') as TruthProcessOrder);
process.send?.(report);
