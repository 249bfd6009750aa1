import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builtProgram } from '../../support/program.ts';
import { parseMetrics, type Scrape } from './metrics.ts';
import { freePort, startProcess, waitFor } from './process.ts';
import { type TemporaryDirectory, temporaryDirectory } from './temporary-directory.ts';

const main = builtProgram();

/** The built product, started as a user starts it. */
export interface RunningDaemon {
  readonly pid: number;
  /** `host:port` it listens on. */
  readonly address: string;
  readonly output: () => string;
  readonly isRunning: () => boolean;
  readonly get: (path: string) => Promise<Response>;
  readonly scrape: () => Promise<Scrape>;
  /** Scrapes until the condition holds; the error at the time limit shows the last scrape and the log. */
  readonly scrapeUntil: (what: string, holds: (scrape: Scrape) => boolean, timeoutMs: number) => Promise<Scrape>;
  /** Sends SIGTERM, waits for the end, removes the configuration; gives the exit code. Can be called twice. */
  readonly stop: () => Promise<number | string>;
}

/** Starts `blobprobe serve` with the given configuration (an object: JSON is YAML) and waits until it is ready. */
export async function startDaemon(configuration: object): Promise<RunningDaemon> {
  const directory = temporaryDirectory('daemon');
  const configFile = join(directory.path, 'config.yaml');
  writeFileSync(configFile, JSON.stringify(configuration, undefined, 2));
  return start(directory, ['serve', `--config.file=${configFile}`]);
}

/** Starts `blobprobe demo` and waits until it is ready. */
export function startDemo(...flags: readonly string[]): Promise<RunningDaemon> {
  return start(temporaryDirectory('demo'), ['demo', ...flags]);
}

async function start(directory: TemporaryDirectory, args: readonly string[]): Promise<RunningDaemon> {
  const address = `127.0.0.1:${await freePort()}`;
  const program = await startProcess(process.execPath, [main, ...args, `--web.listen-address=${address}`], {
    env: { PATH: process.env['PATH'] },
    cwd: directory.path,
  });
  const get = (path: string): Promise<Response> =>
    fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(30_000) });
  const scrape = async (): Promise<Scrape> => parseMetrics(await (await get('/metrics')).text());
  let lastScrape = '';
  const daemon: RunningDaemon = {
    pid: program.pid,
    address,
    output: program.output,
    isRunning: program.isRunning,
    get,
    scrape,
    scrapeUntil: (what, holds, timeoutMs) =>
      waitFor(
        what,
        async () => {
          if (!program.isRunning()) throw new Error(`the daemon ended:\n${program.output()}`);
          const now = await scrape();
          lastScrape = now.text;
          return holds(now) && now;
        },
        { timeoutMs, everyMs: 100, details: () => `${nonZero(lastScrape)}\n${program.output()}` },
      ),
    stop: async () => {
      const code = await program.stop('SIGTERM');
      directory.remove();
      return code;
    },
  };
  await waitUntilReady(daemon);
  return daemon;
}

async function waitUntilReady(daemon: RunningDaemon): Promise<void> {
  try {
    await waitFor(
      'the daemon to be ready',
      async () => {
        if (!daemon.isRunning()) throw new Error(`the daemon did not start:\n${daemon.output()}`);
        return (await daemon.get('/-/ready').catch(() => undefined))?.ok;
      },
      { timeoutMs: 30_000, details: daemon.output },
    );
  } catch (error) {
    await daemon.stop();
    throw error;
  }
}

/** The part of a scrape worth reading in an error: our own samples that are not zero, buckets left out. */
function nonZero(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.startsWith('blobprobe_') && !line.includes('_bucket{') && !line.endsWith(' 0'))
    .join('\n');
}
