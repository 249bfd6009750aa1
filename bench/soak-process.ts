import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDaemonParts } from '../src/daemon/daemon-parts.ts';
import { createEngine } from '../src/daemon/engine.ts';
import { openLedger } from '../src/daemon/ledger-at-start.ts';
import type { Logger } from '../src/daemon/log.ts';
import type { Config } from '../src/config/config.ts';
import { parseConfig } from '../src/config/load.ts';
import { Ledger } from '../src/probe/leftovers/ledger.ts';
import { rendered } from '../test/support/rendered.ts';
import type { RunCheck } from '../src/probe/outcome.ts';

/** What the process of the soak holds while it is paused and no run is under way. Handles and descriptors are the fewest of a few looks. */
export interface SoakSample {
  readonly heapBytes: number;
  readonly residentBytes: number;
  readonly handles: number;
  readonly descriptors: number;
}

export interface SoakReport {
  readonly runs: number;
  readonly failedRuns: number;
  readonly seconds: number;
  readonly samples: readonly SoakSample[];
  readonly historyRuns: number;
  readonly ledgerBytes: readonly number[];
}

interface Order {
  readonly folder: string;
  readonly urls: Readonly<Record<string, string>>;
  readonly runs: number;
  readonly longestMs: number;
}

const silent: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const samplesWanted = 30;
/** Far shorter than a file may say: the next slot is always there when a round has ended. */
const intervalMs = 20;

/** The parts of the daemon, saturated: what it does in a month, without the waiting. */
async function main({ folder, urls, runs, longestMs }: Order): Promise<SoakReport> {
  const ledgerFile = join(folder, 'ledger.jsonl');
  const readConfig = (): Config => configOf(urls, ledgerFile);
  const ledger = new Ledger();
  const engine = createEngine(ledger);
  const counts = { runs: 0, failedRuns: 0 };
  const run: RunCheck = async (check, options) => {
    const outcome = await engine.run(check, options);
    counts.runs += 1;
    counts.failedRuns += outcome.ok ? 0 : 1;
    return outcome;
  };
  const build = { version: '0', revision: 'soak', nodeVersion: process.version };
  const config = readConfig();
  const {
    daemon,
    metrics,
    history,
    onDemand,
    pause,
    reloads,
    runs: watched,
  } = createDaemonParts({
    config,
    readConfig,
    engine: { ...engine, run },
    build,
    log: silent,
  });
  openLedger(ledger, config, metrics, silent);
  daemon.start();
  onDemand.open();

  const startMs = performance.now();
  const samples: SoakSample[] = [];
  const ledgerBytes: number[] = [];
  while (counts.runs < runs && performance.now() - startMs < longestMs) {
    await sleep(250);
    await rendered(metrics);
    reloads.reload();
    onDemand.start({ registry: 'soak', path: 'direct', client: 'docker', size: `${1 + (counts.runs % 900)}B` }, {});
    const done = Math.max(counts.runs / runs, (performance.now() - startMs) / longestMs);
    if (done * samplesWanted > samples.length + 1) {
      // What is open then is what a run has left behind.
      pause.pause('request');
      while (watched.list().length > 0) await sleep(5);
      samples.push(await sample());
      pause.resume('request');
      ledgerBytes.push(statSync(ledgerFile).size);
      process.send?.(`${counts.runs} runs, ${Math.round((samples.at(-1)?.heapBytes ?? 0) / 1024)} KiB`);
    }
  }
  const seconds = (performance.now() - startMs) / 1000;
  const historyRuns = history.list().length;
  await Promise.all([daemon.stop(5_000), onDemand.stop()]);
  await ledger.close();
  return { ...counts, seconds, samples, historyRuns, ledgerBytes };
}

async function sample(): Promise<SoakSample> {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  let [handles, descriptors] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let look = 0; look < 40; look += 1) {
    handles = Math.min(handles, process.getActiveResourcesInfo().length);
    descriptors = Math.min(descriptors, readdirSync('/proc/self/fd').length);
    await sleep(5);
  }
  return { heapBytes: heapUsed + arrayBuffers, residentBytes: rss, handles, descriptors };
}

function configOf(urls: Order['urls'], ledgerFile: string): Config {
  const paths = Object.fromEntries(Object.entries(urls).map(([name, url]) => [name, { url }]));
  const clients = ['docker', 'docker-containerd', 'crane', 'oras', 'monolithic'];
  const common = { every: '2s', timeout: '2s', retries: 'none' };
  const text = JSON.stringify({
    registries: { soak: { repository: 'soak/blob', paths } },
    checks: {
      small: { ...common, size: '1KiB', clients },
      medium: { ...common, size: '16KiB', clients },
    },
    budget: { transfers: 16, bytesPerDay: '100TiB' },
    ledgerFile,
  });
  const config = parseConfig(text, 'soak.yaml', { env: {} });
  return { ...config, checks: config.checks.map((check) => ({ ...check, intervalMs })) };
}

process.once('disconnect', () => process.exit());
const report = await main(JSON.parse(process.argv[2] ?? '{}') as Order);
process.send?.(report);
