import type { Config } from '../config/config.ts';
import type { Ledger } from '../probe/ledger.ts';
import type { RunCheck } from '../probe/outcome.ts';
import type { ByteBudget } from '../schedule/byte-budget.ts';
import { keepBudget } from './budget-file.ts';
import { exitFailure, type Terminal } from './command.ts';
import type { WebOptions } from './daemon-flags.ts';
import { createDaemonParts } from './daemon-parts.ts';
import type { Engine } from './engine.ts';
import { openLedger, replayAtStart } from './ledger-at-start.ts';
import type { Logger } from './log.ts';
import type { AutoReload } from './reloads.ts';
import { endOnSignal, pushBoundMs } from './shutdown.ts';
import { buildInfo } from './version.ts';
import { ListenError, startWeb, type WebDeps } from './web.ts';

export interface RunDaemonOptions {
  readonly config: Config;
  readonly readConfig: () => Config;
  readonly run: RunCheck;
  readonly engine: Engine;
  readonly ledger: Ledger;
  readonly eventLoopLagSeconds: () => number;
  readonly web: WebOptions;
  readonly log: Logger;
  readonly terminal: Terminal;
  readonly extraRoutes?: WebDeps['extraRoutes'];
  /** Absent: the configuration is read anew only when somebody asks for it. */
  readonly autoReload?: AutoReload | undefined;
  /** Called with the URLs once all is running. */
  readonly onRunning?: (urls: readonly string[]) => void;
  /** Called last when the daemon ends. */
  readonly onEnded?: () => Promise<void>;
}

/** Runs the daemon until a signal ends the process. Resolves once it runs, or with an exit code when it cannot. */
export async function runDaemon(options: RunDaemonOptions): Promise<number | undefined> {
  const { log, config, ledger } = options;
  const build = buildInfo(options.terminal.env);
  log.info('starting', { version: build.version, revision: build.revision, node: build.nodeVersion });
  const parts = createDaemonParts({ ...options, build });
  const { daemon, onDemand, reloads, pause } = parts;
  openLedger(ledger, config, parts.metrics, log);
  const closeBudget = keepBudgetBeside(ledger, daemon.budget, config, log);
  const stopping = new AbortController();
  let closeWeb = async (): Promise<void> => {};
  endOnSignal(log, async () => {
    stopping.abort();
    await Promise.all([daemon.stop(pushBoundMs), onDemand.stop()]);
    closeBudget();
    await ledger.close();
    await closeWeb();
    await options.onEnded?.();
  });
  process.on('SIGHUP', () => void reloads.reload());
  // Not SIGUSR1, which opens Node's debugger.
  process.on('SIGUSR2', () => (pause.state() === undefined ? pause.pause('signal') : pause.resume('signal')));
  try {
    const listening = await startWeb(options.web, { ...parts, log, ledger, extraRoutes: options.extraRoutes });
    closeWeb = () => listening.close(1_000);
    await replayAtStart(ledger, config, log, stopping.signal);
    if (stopping.signal.aborted) {
      return undefined;
    }
    daemon.start();
    onDemand.open();
    if (options.autoReload !== undefined) {
      stopping.signal.addEventListener('abort', reloads.poll(options.autoReload), { once: true });
    }
    log.info('running', { checks: config.checks.length, transfers: config.budget.transfers });
    options.onRunning?.(listening.addresses.map(({ host, port }) => urlOf(host, port, options.web)));
    return undefined;
  } catch (error) {
    if (error instanceof ListenError) {
      options.terminal.err(`blobprobe: ${error.message}\n`);
      await options.onEnded?.();
      return exitFailure;
    }
    throw error;
  }
}

/** Beside the ledger, and by its lock: of two processes on one ledger the second keeps both in memory. */
function keepBudgetBeside(ledger: Ledger, budget: ByteBudget, { ledgerFile }: Config, log: Logger): () => void {
  return ledgerFile === undefined || ledger.status.inUse
    ? () => {}
    : keepBudget(budget, { file: `${ledgerFile}.budget`, log });
}

function urlOf(host: string, port: number, { paths, webConfig }: WebOptions): string {
  const wildcard = host === '::' || host === '0.0.0.0';
  const name = wildcard ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  const scheme = webConfig?.().tls === undefined ? 'http' : 'https';
  return `${scheme}://${name}:${port}${paths.routePrefix === '/' ? '' : paths.routePrefix}`;
}
