import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { interleave, ratioTo, rowOf } from '../figures.ts';
import { peakResidentBytes, startDaemon, startSink, stop, type Daemon } from '../programs.ts';
import type { Row, Suite } from '../suite.ts';

/** What pushing a large blob costs. */
export const pushSuite: Suite = {
  name: 'push',
  what: 'a large blob to a local sink: throughput and memory beside curl, and /metrics meanwhile',
  async run(context) {
    const { sizeMiB } = context;
    const measured = await interleave(context, [
      { name: 'docker', measure: () => measureDaemon('docker', sizeMiB) },
      { name: 'docker-containerd', measure: () => measureDaemon('docker-containerd', sizeMiB) },
      { name: 'curl, chunked', measure: () => measureCurl('chunked', sizeMiB) },
      { name: 'curl, with length', measure: () => measureCurl('length', sizeMiB) },
    ]);
    return [...measured].flatMap(([subject, measurements]) => rowsOf(subject, measurements, measured));
  },
};

/** Which curl a client of ours is set beside: the one that frames the body in the same way. */
const peers: Readonly<Record<string, string>> = { docker: 'curl, chunked', 'docker-containerd': 'curl, with length' };

const MiB = 1024 * 1024;

function rowsOf(
  subject: string,
  measurements: readonly Measurement[],
  all: ReadonlyMap<string, readonly Measurement[]>,
): Row[] {
  const speedsOf = (list: readonly Measurement[]): number[] => list.map((one) => one.bytesPerSecond / MiB);
  const speeds = speedsOf(measurements);
  const peer = peers[subject];
  const resident = measurements.map((one) => one.peakResidentBytes / MiB);
  const memory = { subject, figure: 'peak resident memory', unit: 'MiB' };
  const throughput = { subject, figure: 'throughput', unit: 'MiB/s' };
  if (peer === undefined) {
    return [rowOf(throughput, speeds), rowOf(memory, resident)];
  }
  const scrapes = measurements.flatMap((one) => one.scrapeMs);
  return [
    rowOf(throughput, speeds, {
      ratio: ratioTo(peer, speeds, speedsOf(all.get(peer) ?? [])),
      goal: { of: 'ratio', atLeast: 1.5 },
    }),
    rowOf(memory, resident, { goal: { of: 'max', atMost: 150 } }),
    rowOf({ subject, figure: '/metrics meanwhile', unit: 'ms' }, scrapes, { goal: { of: 'max', atMost: 100 } }),
  ];
}

export interface Measurement {
  readonly peakResidentBytes: number;
  readonly bytesPerSecond: number;
  /** How long each /metrics scrape took while the push was under way; empty for curl. */
  readonly scrapeMs: readonly number[];
}

const scrapeEveryMs = 50;

/** Pushes one blob with the daemon to a fresh sink and scrapes /metrics all the time. Throws when the push fails. */
export async function measureDaemon(client: string, sizeMiB: number): Promise<Measurement> {
  const directory = mkdtempSync(join(tmpdir(), 'blobprobe-bench-'));
  const sink = await startSink();
  const configFile = join(directory, 'config.yaml');
  writeFileSync(configFile, JSON.stringify(configuration(sink.origin, client, sizeMiB)));
  const daemon = await startDaemon(configFile);
  try {
    return await scrapeUntilPushed(daemon);
  } catch (error) {
    throw new Error(`the push failed; log of the daemon:\n${daemon.log()}`, { cause: error });
  } finally {
    await stop(daemon.process);
    await stop(sink.process);
    rmSync(directory, { recursive: true, force: true });
  }
}

function configuration(url: string, client: string, sizeMiB: number): object {
  return {
    registries: { sink: { repository: 'bench/blob', paths: { direct: { url } } } },
    checks: { huge: { size: `${sizeMiB}MiB`, every: '1h', clients: [client], retries: 'none' } },
  };
}

async function scrapeUntilPushed(daemon: Daemon): Promise<Measurement> {
  const scrapeMs: number[] = [];
  for (;;) {
    if (daemon.process.exitCode !== null) throw new Error('the daemon ended');
    const startMs = performance.now();
    const text = await scrape(daemon.origin);
    const tookMs = performance.now() - startMs;
    if (valueOf(text, 'runs_in_flight') === 1) scrapeMs.push(tookMs);
    if (valueOf(text, 'run_failures_total') === 1) throw new Error('run failed');
    if (valueOf(text, 'runs_total') === 1) {
      return {
        peakResidentBytes: peakResidentBytes(daemon.process.pid ?? 0),
        bytesPerSecond: valueOf(text, 'last_throughput_bytes_per_second') ?? Number.NaN,
        scrapeMs,
      };
    }
    await sleep(scrapeEveryMs);
  }
}

/** The text of /metrics, or nothing while the daemon is still starting. */
async function scrape(origin: string): Promise<string> {
  try {
    // No kept-alive connection: as a scraper that comes every minute.
    return await (await fetch(`${origin}/metrics`, { headers: { connection: 'close' } })).text();
  } catch {
    return '';
  }
}

function valueOf(text: string, name: string): number | undefined {
  const value = new RegExp(`^blobprobe_${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text)?.[1];
  return value === undefined ? undefined : Number(value);
}

/** Sends the same number of bytes with curl, from a sparse file, to a fresh sink; undefined when curl is not installed. */
export async function measureCurl(shape: 'chunked' | 'length', sizeMiB: number): Promise<Measurement | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'blobprobe-bench-'));
  const sink = await startSink();
  const file = join(directory, 'zeros');
  writeFileSync(file, '');
  truncateSync(file, sizeMiB * 1024 * 1024);
  const framing = shape === 'chunked' ? ['-X', 'PATCH', '-H', 'Transfer-Encoding: chunked'] : [];
  const target = `${sink.origin}/v2/bench/blob/blobs/uploads/curl?digest=sha256:0`;
  try {
    const args = ['--silent', '--fail', '-H', 'Expect:', ...framing, '-T', file, '-w', '%{speed_upload}', target];
    const child = spawn('curl', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    let peak = 0;
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const watch = setInterval(() => (peak = Math.max(peak, peakOf(child.pid))), 20);
    const [code] = (await once(child, 'close').finally(() => clearInterval(watch))) as [number];
    if (code !== 0) throw new Error(`curl ended with ${code}`);
    return { peakResidentBytes: peak, bytesPerSecond: Number(output), scrapeMs: [] };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  } finally {
    await stop(sink.process);
    rmSync(directory, { recursive: true, force: true });
  }
}

function peakOf(pid: number | undefined): number {
  try {
    // A process that has just ended is still listed, without memory.
    return peakResidentBytes(pid ?? 0) || 0;
  } catch {
    return 0;
  }
}
