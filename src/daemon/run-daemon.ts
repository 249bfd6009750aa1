import { bracketed } from '../network/hosts.ts';
import type { Config } from '../config/config.ts';
import type { Ledger } from '../probe/leftovers/ledger.ts';
import type { ByteBudget } from '../schedule/byte-budget.ts';
import { keepBudget } from './budget-file.ts';
import { createDaemonParts } from './daemon-parts.ts';
import type { Engine } from './engine.ts';
import { openLedger, replayAtStart } from './ledger-at-start.ts';
import type { Logger } from './log.ts';
import type { AutoReload } from './reloads.ts';
import { warnOfShortSecrets } from './short-secrets.ts';
import { endOnSignal, pushBoundMs } from './shutdown.ts';
import { buildInfo } from './version.ts';
import { ListenError, startWeb, type WebDeps, type WebOptions } from './web.ts';

export interface RunDaemonOptions {
  readonly config: Config;
  readonly readConfig: () => Config;
  readonly engine: Engine;
  readonly ledger: Ledger;
  readonly eventLoopLagSeconds: () => number;
  readonly web: WebOptions;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly extraRoutes?: WebDeps['extraRoutes'];
  /** Absent: the configuration is read anew only when somebody asks for it. */
  readonly autoReload?: AutoReload | undefined;
  /** Called with the URLs once all is running. */
  readonly onRunning?: (urls: readonly string[]) => void;
  /** Called last when the daemon ends. */
  readonly onEnded?: () => Promise<void>;
}

/**
 * Runs the daemon until a signal ends the process. Resolves once it runs, or was ended meanwhile.
 * Throws ListenError when it cannot listen; then nothing runs.
 */
export async function runDaemon(options: RunDaemonOptions): Promise<void> {
  const { log, config, ledger } = options;
  const build = buildInfo(options.env);
  log.info('starting', { version: build.version, revision: build.revision, node: build.nodeVersion });
  warnOfShortSecrets(config, log);
  const parts = createDaemonParts({ ...options, build });
  const { daemon, onDemand, reloads, pause } = parts;
  const stopping = new AbortController();
  let closeWeb = async (): Promise<void> => {};
  let closeBudget = (): void => {};
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
    // Only now: a ledger on a slow disk, or one full of noise, must not keep the daemon from saying so.
    openLedger(ledger, config, parts.metrics, log);
    closeBudget = keepBudgetBeside(ledger, parts.budget, config, log);
    await replayAtStart(ledger, config, log, stopping.signal);
    if (stopping.signal.aborted) return;
    daemon.start();
    onDemand.open();
    if (options.autoReload !== undefined)
      stopping.signal.addEventListener('abort', reloads.poll(options.autoReload), { once: true });
    log.info('running', { checks: config.checks.length, transfers: config.budget.transfers });
    options.onRunning?.(listening.addresses.map(({ host, port }) => urlOf(host, port, options.web)));
  } catch (error) {
    if (error instanceof ListenError) await options.onEnded?.();
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
  const name = wildcard ? 'localhost' : bracketed(host);
  const scheme = webConfig?.().tls === undefined ? 'http' : 'https';
  return `${scheme}://${name}:${port}${paths.routePrefix === '/' ? '' : paths.routePrefix}`;
}
