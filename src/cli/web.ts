import { ConfigError } from '../config/problem.ts';
import { redactedConfig } from '../config/redact.ts';
import type { History } from '../publish/history.ts';
import type { Metrics } from '../publish/metrics.ts';
import type { ServerDeps } from '../server/deps.ts';
import type { Listening } from '../server/listen.ts';
import { buildServer } from '../server/server.ts';
import { startServer } from '../server/start.ts';
import type { Daemon } from './daemon.ts';
import type { WebOptions } from './daemon-flags.ts';
import type { Logger } from './log.ts';
import type { BuildInfo } from './version.ts';

export interface WebDeps {
  readonly build: BuildInfo;
  readonly daemon: Daemon;
  readonly metrics: Metrics;
  readonly history: History;
  readonly log: Logger;
}

/** An address that cannot be listened on, or a web configuration file that cannot be used; the message has one line for each error. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** Serves the daemon over HTTP or HTTPS. Throws ListenError when an address cannot be had; then none is listened on. */
export async function startWeb(options: WebOptions, deps: WebDeps): Promise<Listening> {
  const { build, daemon, metrics, history, log } = deps;
  const serverDeps: ServerDeps = {
    build,
    history,
    log: {
      error: (facts, message) => log.error(message, plain(facts)),
      warn: (facts, message) => log.warn(message, plain(facts)),
    },
    readiness: () => (daemon.ready ? { ready: true } : { ready: false, reason: 'the schedule is not running' }),
    renderMetrics: (format) => metrics.render(format),
    checks: () => daemon.config.checks,
    redactedConfig: () => redactedConfig(daemon.config),
    reload: async () => {
      const errors = daemon.reload();
      return { ok: errors.length === 0, message: errors.length === 0 ? 'configuration loaded' : errors.join('\n') };
    },
    paths: options.paths,
    ...(options.maxRequests === undefined ? {} : { maxRequests: options.maxRequests }),
    ...(options.webConfig === undefined ? {} : { webConfig: options.webConfig }),
  };
  try {
    const listening = await startServer(buildServer(serverDeps), options.listen, serverDeps);
    for (const { host, port } of listening.addresses) {
      log.info('listening', { address: host.includes(':') ? `[${host}]:${port}` : `${host}:${port}` });
    }
    return listening;
  } catch (error) {
    throw new ListenError(error instanceof ConfigError ? error.message : listenMessage(error), { cause: error });
  }
}

function listenMessage(error: unknown): string {
  const { code, address, port, message } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (address === undefined || port === undefined) {
    return `cannot listen: ${message}`;
  }
  const why = code === 'EADDRINUSE' ? 'the address is in use' : (code ?? message);
  return `cannot listen on ${address.includes(':') ? `[${address}]` : address}:${port}: ${why}`;
}

function plain(facts: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [
      key,
      value instanceof Error ? (value.stack ?? value.message) : String(value),
    ]),
  );
}
