import { rowOf } from '../figures.ts';
import type { BenchContext, Row, Suite } from '../suite.ts';
import { compareLateConnection, compareOnce, compareSplit, type Errors } from '../truth/compare.ts';
import { startTruthLab, type TruthLab } from '../truth/lab.ts';
import { watchWrites } from '../truth/writes.ts';

/** What the product is for: that its timings are what happened. */
export const truthSuite: Suite = {
  name: 'truth',
  what: 'timings of the daemon against delays that a server put in and an observer timed: error of each phase, idle and while another push saturates the daemon',
  async run(context) {
    const lab = await startTruthLab();
    try {
      const idle = await rowsIn('idle', lab, context);
      const endPushes = lab.saturate();
      const saturated = await rowsIn('saturated', lab, context);
      await endPushes();
      return [...idle, ...saturated];
    } finally {
      await lab.stop();
    }
  },
};

/** For each run that the other suites make: enough for a 99th percentile with three that is not the worst but one. */
const comparisonsPerRun = 70;
/** A late connection takes a second each. */
const lateConnectionsPerRun = 5;

const goals = { idle: 2, saturated: 5, throughputPercent: 2 } as const;
type Condition = 'idle' | 'saturated';

async function rowsIn(condition: Condition, lab: TruthLab, context: BenchContext): Promise<Row[]> {
  const errors = await compareMany(context, condition, (random) => compareOnce(lab, random));
  return [
    ...rowsOf(condition, errors),
    ...(await splitRows(condition, lab, context)),
    await lateRow(condition, lab, context),
  ];
}

/** With strace at the daemon, which is not to be there while anything else is measured. */
async function splitRows(condition: Condition, lab: TruthLab, context: BenchContext): Promise<Row[]> {
  const writes = lab.watch && (await watchWrites(lab.daemon.pid));
  if (writes === undefined) {
    const note = 'needs strace and tcpdump';
    return ['send', 'wait'].map((phase) =>
      rowOf({ subject: condition, figure: `error of ${phase}`, unit: 'ms', note }, []),
    );
  }
  try {
    return rowsOf(
      condition,
      await compareMany(context, `${condition}, end of the body`, (random) => compareSplit(lab, writes, random)),
    );
  } finally {
    await writes.stop();
  }
}

async function lateRow(condition: Condition, lab: TruthLab, { runs, progress }: BenchContext): Promise<Row> {
  progress(`${condition}: late connections`);
  const late: number[] = [];
  for (let at = 0; at < runs * lateConnectionsPerRun; at += 1) {
    const errorMs = await compareLateConnection(lab);
    if (errorMs !== undefined) late.push(errorMs);
  }
  const note = lab.watch === undefined ? 'needs tcpdump' : 'its first SYN was dropped: about 1 s';
  const row = { subject: condition, figure: 'error of connect, made late by TCP', unit: 'ms', note };
  return rowOf(row, late, { goal: { of: 'max', atMost: goals[condition] } });
}

async function compareMany(
  { runs, progress }: BenchContext,
  what: string,
  compare: (random: () => number) => Promise<Errors>,
): Promise<readonly Errors[]> {
  const all: Errors[] = [];
  const random = seededRandom(1);
  // Two for warming up: code that runs for the first time is slow in both processes.
  const count = runs * comparisonsPerRun + 2;
  for (let at = 1; at <= count; at += 1) {
    if (at % comparisonsPerRun === 1) progress(`${what}: comparison ${at} of ${count}`);
    const errors = await compare(random);
    const missing = [...errors].find(([, error]) => Number.isNaN(error));
    if (missing !== undefined) throw new Error(`${what}: comparison ${at} has no ${missing[0]}`);
    all.push(errors);
  }
  return all.slice(2);
}

function rowsOf(condition: Condition, all: readonly Errors[]): Row[] {
  return [...(all[0]?.keys() ?? [])].map((phase) => {
    const isRate = phase === 'throughput';
    const errors = all.map((one) => one.get(phase) ?? Number.NaN);
    return rowOf({ subject: condition, figure: `error of ${phase}`, unit: isRate ? '%' : 'ms' }, errors, {
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
