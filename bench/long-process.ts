import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess, waitFor } from '../test/real/support/process.ts';
import { chunkedByCurl, uploadByCurl, writeZeros } from './curl.ts';
import { oneCheck, startDaemon, valueOf } from './daemon.ts';
import { interleave, ratioTo, rowOf, type Subject } from './figures.ts';
import { startSink } from './programs.ts';
import { repositoryFolder } from './repository.ts';
import type { Row } from './suite.ts';

/** What the process is told, as JSON in its first argument. */
export interface LongOrder {
  readonly runs: number;
}

export interface LongReport {
  readonly rows: readonly Row[];
}

const sizeMiB = 256;
const MiB = 1024 * 1024;
/** The largest that the device takes: then its program is no limit below some Gbit/s. */
const mtuBytes = 65_535;
const way = join(repositoryFolder, 'test/real/support/long-way.mjs');

const progress = (line: string): void => void process.send?.(line);

/** In a network of its own: all that is started here shares it. */
async function main({ runs }: LongOrder): Promise<LongReport> {
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  const directory = mkdtempSync(join(tmpdir(), 'blobprobe-bench-'));
  try {
    const file = await writeZeros(directory, sizeMiB);
    const rows: Row[] = [];
    for (const tripMs of [10, 40, 100]) rows.push(...(await over(tripMs, file, runs)));
    return { rows };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function over(tripMs: number, file: string, runs: number): Promise<Row[]> {
  const running = await startProcess(process.execPath, [way, String(tripMs / 2), String(mtuBytes)]);
  await waitFor('a long way', () => /ready/.test(running.output()), { timeoutMs: 30_000, details: running.output });
  try {
    const pairs = [
      {
        own: `docker (chunked), ${tripMs} ms`,
        peer: `curl (chunked), ${tripMs} ms`,
        client: 'docker',
        curl: chunkedByCurl,
      },
      {
        own: `docker-containerd (length), ${tripMs} ms`,
        peer: `curl (length), ${tripMs} ms`,
        client: 'docker-containerd',
        curl: [],
      },
    ];
    const subjects = pairs.flatMap(({ own, peer, client, curl }): Subject<number>[] => [
      { name: own, measure: () => toSink((origin) => measureDaemon(origin, client)) },
      { name: peer, measure: () => toSink(async (origin) => (await uploadByCurl(origin, file, curl))?.bytesPerSecond) },
    ]);
    const measured = await interleave<number>({ runs, progress }, subjects);
    return pairs.flatMap(({ own, peer }) => {
      const speeds = (name: string): number[] => (measured.get(name) ?? []).map((speed) => speed / MiB);
      const ratio = ratioTo(peer, speeds(own), speeds(peer));
      const figure = { figure: 'throughput', unit: 'MiB/s' };
      return [
        rowOf({ subject: own, ...figure }, speeds(own), { ratio, goal: { of: 'ratio', atLeast: 0.97 } }),
        rowOf({ subject: peer, ...figure }, speeds(peer)),
      ];
    });
  } finally {
    await running.stop('SIGKILL');
  }
}

/** A sink of its own for each, so that what TCP remembers of a peer is of none before it. */
async function toSink<T>(measure: (origin: string) => Promise<T>): Promise<T> {
  const sink = await startSink('10.9.0.1');
  try {
    return await measure(sink.origin.replace('10.9.0.1', '10.9.0.2'));
  } finally {
    await sink.stop();
  }
}

async function measureDaemon(origin: string, client: string): Promise<number> {
  const daemon = await startDaemon(oneCheck(origin, client, `${sizeMiB}MiB`));
  try {
    await daemon.untilRuns(1);
    const { metrics } = await daemon.probe({ registry: 'sink', path: 'direct', client, workload: 'blob' });
    return valueOf(metrics, 'blobprobe_last_throughput_bytes_per_second') ?? Number.NaN;
  } finally {
    await daemon.stop();
  }
}

process.send?.(await main(JSON.parse(process.argv[2] ?? '{}') as LongOrder));
