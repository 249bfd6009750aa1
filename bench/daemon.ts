import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stop } from './programs.ts';
import { builtProgram } from './repository.ts';

/** The built daemon, run as it is installed. */
export interface Daemon {
  readonly origin: string;
  readonly pid: number;
  /** From the start of the process to the first scrape that was answered. */
  readonly firstScrapeMs: number;
  /** The text of /metrics. */
  readonly scrape: () => Promise<string>;
  /** `/probe` with these parameters, waited for to the end. Throws unless it pushed, and successfully. */
  readonly probe: (parameters: Readonly<Record<string, string>>) => Promise<ProbeAnswer>;
  /** A run as `/api/v1/runs/ID` has it. */
  readonly run: (id: string) => Promise<unknown>;
  /** Waits until this many scheduled runs have ended; scrapes `everyMs` to know. Throws when one failed or the daemon ended. */
  readonly untilRuns: (count: number, everyMs?: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

export interface ProbeAnswer {
  readonly runId: string;
  /** The metrics of this run alone. */
  readonly metrics: string;
}

/** Flags of Node in the first line of the program: as the installed program, the image and `npm start` run it. */
export function nodeFlags(): readonly string[] {
  return readFileSync(builtProgram, 'utf8').split('\n')[0]?.split(' ').slice(3) ?? [];
}

/** Starts the built daemon with a configuration and waits for its first scrape. */
export async function startDaemon(configuration: object): Promise<Daemon> {
  const directory = mkdtempSync(join(tmpdir(), 'blobprobe-bench-'));
  const configFile = join(directory, 'config.yaml');
  writeFileSync(configFile, JSON.stringify(configuration));
  const address = `127.0.0.1:${await freePort()}`;
  const origin = `http://${address}`;
  const flags = [`--config.file=${configFile}`, `--web.listen-address=${address}`];
  const startMs = performance.now();
  const child = spawn(process.execPath, [...nodeFlags(), builtProgram, 'serve', ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const fail = (what: string): never => {
    throw new Error(`${what}; log of the daemon:\n${log}`);
  };
  const scrape = async (): Promise<string> => {
    // No kept-alive connection: as a scraper that comes every minute.
    const response = await fetch(`${origin}/metrics`, { headers: { connection: 'close' } });
    return response.text();
  };
  const end = async (): Promise<void> => {
    await stop(child);
    rmSync(directory, { recursive: true, force: true });
  };
  while ((await scrape().catch(() => '')) === '') {
    if (child.exitCode !== null) {
      await end();
      fail('the daemon ended');
    }
    await sleep(2);
  }
  return {
    origin,
    pid: child.pid ?? 0,
    firstScrapeMs: performance.now() - startMs,
    scrape,
    async probe(parameters) {
      const response = await fetch(`${origin}/probe?${new URLSearchParams(parameters).toString()}`);
      const metrics = await response.text();
      return response.status === 200 && valueOf(metrics, 'probe_success') === 1
        ? { runId: response.headers.get('x-blobprobe-run-id') ?? '', metrics }
        : fail(`/probe answered ${response.status}: ${metrics}`);
    },
    run: async (id) => (await fetch(`${origin}/api/v1/runs/${id}`)).json(),
    async untilRuns(count, everyMs = 50) {
      for (;;) {
        const text = await scrape();
        if (valueOf(text, 'blobprobe_run_failures_total') !== 0 || child.exitCode !== null) fail('a run failed');
        if ((valueOf(text, 'blobprobe_runs_total') ?? 0) >= count) return;
        await sleep(everyMs);
      }
    },
    stop: end,
  };
}

/** Sum of the series of a name in a text of metrics; undefined when there is none. */
export function valueOf(text: string, name: string): number | undefined {
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].map(([, value]) =>
    Number(value),
  );
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0);
}

/** A configuration with one check, of one blob, over one path; `more`: further keys of the path. */
export function oneCheck(url: string, client: string, size: string, more: object = {}): object {
  return {
    registries: { sink: { repository: 'bench/blob', paths: { direct: { url, ...more } } } },
    checks: { blob: { size, every: '24h', clients: [client], retries: 'none' } },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
