import { setTimeout as sleep } from 'node:timers/promises';
import { rowOf, ratioTo } from '../figures.ts';
import { type ManyChecks, startManyChecks } from '../many-checks-process.ts';
import type { BenchContext, Row, Suite } from '../suite.ts';

const sizes = [1, 100, 1000, 2000] as const;
/** By number of checks: enough for a 99th percentile, and more where the goal stands, so that it is not the maximum. */
const scrapesOf = (size: number): number => (size === 1000 ? 150 : 50);
/** Until a push that has begun is under way: the digest of its payload is computed first. */
const pushBeginsMs = 4_000;
const plainScrapes = 10;
const pauseMs = 250;
/** Of checks every five minutes, scraped every 15 s, one in twenty had a run since the last scrape. */
const changedShare = 1 / 20;
const linear = 1.25;

const openmetrics = 'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';
const gzip = { accept: openmetrics, 'accept-encoding': 'gzip' };
const MiB = 1024 * 1024;

interface Measurement {
  readonly gzipMs: number[];
  readonly unchangedMs: number[];
  readonly plainMs: number[];
  readonly loopDelayMs: number[];
  readonly gzipBytes: number;
  readonly plainBytes: number;
  readonly residentBytes: number;
  readonly cpuMsPerScrape: number;
}

/** What `/metrics` costs with many checks, and how the cost grows with their number. */
export const scrapeSuite: Suite = {
  name: 'scrape',
  what: 'GET /metrics of many checks that all had runs, one in twenty of them between two scrapes, beside a saturating push',
  async run(context) {
    const measured = new Map<number, Measurement>();
    for (const size of sizes) measured.set(size, await measure(size, context));
    return sizes.flatMap((size) => rowsOf(size, measured));
  },
};

async function measure(size: number, { progress }: BenchContext): Promise<Measurement> {
  progress(`${size} checks: starting`);
  const process = await startManyChecks(size);
  try {
    await process.get('/metrics', gzip);
    progress(`${size} checks: idle`);
    const before = await process.order({ kind: 'report' });
    const idle = await repeat(scrapesOf(size), () => process.get('/metrics', gzip));
    const after = await process.order({ kind: 'report' });
    progress(`${size} checks: during a push`);
    await process.order({ kind: 'push', on: true });
    await sleep(pushBeginsMs);
    const changing = await scrapeChanging(process, size);
    const { residentBytes } = await process.order({ kind: 'report' });
    const plain = await repeat(plainScrapes, () => process.get('/metrics', { accept: openmetrics }));
    await process.order({ kind: 'push', on: false });
    // What a push moved is known when it has ended.
    await sleep(500);
    const end = await process.order({ kind: 'report' });
    if (end.pushedBytes === 0) throw new Error('nothing was pushed meanwhile');
    return {
      ...changing,
      unchangedMs: idle.map(({ totalMs }) => totalMs),
      plainMs: plain.map(({ totalMs }) => totalMs),
      plainBytes: plain[0]?.bytes ?? 0,
      residentBytes,
      cpuMsPerScrape: ((after.cpuSeconds - before.cpuSeconds) * 1000) / scrapesOf(size),
    };
  } finally {
    await process.stop();
  }
}

async function scrapeChanging(
  process: ManyChecks,
  size: number,
): Promise<Pick<Measurement, 'gzipMs' | 'loopDelayMs' | 'gzipBytes'>> {
  const gzipMs: number[] = [];
  const loopDelayMs: number[] = [];
  let gzipBytes = 0;
  for (let scrape = 0; scrape < scrapesOf(size); scrape += 1) {
    await process.order({ kind: 'observe', runs: Math.ceil(size * changedShare), withinMs: pauseMs });
    const { totalMs, bytes } = await process.get('/metrics', gzip);
    gzipMs.push(totalMs);
    gzipBytes = bytes;
    loopDelayMs.push((await process.order({ kind: 'report' })).loopDelayMs);
  }
  return { gzipMs, loopDelayMs, gzipBytes };
}

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (let time = 0; time < times; time += 1) all.push(await work());
  return all;
}

function rowsOf(size: number, measured: ReadonlyMap<number, Measurement>): Row[] {
  const own = measured.get(size);
  if (own === undefined) return [];
  const subject = `${size} checks`;
  const goal = size === 1000 ? { goal: { of: 'p99', atMost: 100 } as const } : {};
  const [smaller, before] = [...measured].findLast(([count]) => count < size && count >= 1000) ?? [];
  // A fixed part makes small numbers look better than linear: growth is judged between the two largest.
  const growth = (figureOf: (one: Measurement) => readonly number[]): Parameters<typeof rowOf>[2] =>
    smaller === undefined || before === undefined
      ? {}
      : {
          ratio: ratioTo(`${smaller} checks`, figureOf(own), figureOf(before)),
          goal: { of: 'ratio', atMost: (size / smaller) * linear },
        };
  return [
    rowOf({ subject, figure: 'gzip during a push', unit: 'ms' }, own.gzipMs, {
      ...growth((one) => one.gzipMs),
      ...goal,
    }),
    rowOf(
      { subject, figure: 'gzip, idle and unchanged', unit: 'ms' },
      own.unchangedMs,
      growth((one) => one.unchangedMs),
    ),
    rowOf(
      { subject, figure: 'plain during a push', unit: 'ms' },
      own.plainMs,
      growth((one) => one.plainMs),
    ),
    rowOf({ subject, figure: 'longest delay of the event loop, push, runs and scrape', unit: 'ms' }, own.loopDelayMs),
    rowOf({ subject, figure: 'CPU of an unchanged scrape', unit: 'ms' }, [own.cpuMsPerScrape]),
    rowOf(
      { subject, figure: 'answer in gzip', unit: 'MiB' },
      [own.gzipBytes / MiB],
      growth((one) => [one.gzipBytes]),
    ),
    rowOf(
      { subject, figure: 'answer plain', unit: 'MiB' },
      [own.plainBytes / MiB],
      growth((one) => [one.plainBytes]),
    ),
    rowOf(
      { subject, figure: 'resident memory, history of 51 runs each included', unit: 'MiB' },
      [own.residentBytes / MiB],
      growth((one) => [one.residentBytes]),
    ),
  ];
}
