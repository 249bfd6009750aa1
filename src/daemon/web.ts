import { bracketed } from '../network/hosts.ts';
import type { Config } from '../config/config.ts';
import { dayMs, parseDuration } from '../config/duration.ts';
import { ConfigError } from '../config/problem.ts';
import { redactedConfig } from '../config/redact.ts';
import { formatTime } from '../publish/format.ts';
import type { Ledger } from '../probe/leftovers/ledger.ts';
import { verdictTexts } from '../publish/verdicts.ts';
import type { PauseSwitch } from '../schedule/pause.ts';
import type { PauseControl, ServerDeps, WebPaths } from '../server/deps.ts';
import type { ListenAddress, Listening } from '../server/listen.ts';
import { buildServer } from '../server/server.ts';
import { startServer } from '../server/start.ts';
import type { WebAction } from '../server/web-actions.ts';
import type { WebConfigSource } from '../server/web-config.ts';
import type { DaemonParts } from './daemon-parts.ts';
import { ledgerNotices } from './ledger-at-start.ts';
import type { Logger } from './log.ts';
import type { Hold } from '../schedule/rate-limits.ts';

/** Where and how the daemon is served, as the `web.*` flags say it. */
export interface WebOptions {
  readonly listen: readonly ListenAddress[];
  readonly paths: Pick<WebPaths, 'routePrefix' | 'externalPath'> & Partial<WebPaths>;
  readonly maxRequests?: number;
  readonly disabled?: ReadonlySet<WebAction>;
  readonly timeoutOffsetMs?: number;
  /** Reads the web configuration file anew. Throws ConfigError. */
  readonly webConfig?: WebConfigSource;
}

export interface WebDeps extends DaemonParts {
  readonly log: Logger;
  readonly extraRoutes?: ServerDeps['extraRoutes'];
  /** Its troubles are shown on the pages. */
  readonly ledger?: Pick<Ledger, 'status'>;
}

/** Beyond this somebody meant something else: an exporter that is not to run can be ended. */
const longestPauseMs = 366 * dayMs;

/** An address that cannot be listened on, or a web configuration file that cannot be used; the message has one line for each error. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** Serves the daemon over HTTP or HTTPS. Throws ListenError when an address cannot be had; then none is listened on. */
export async function startWeb(options: WebOptions, deps: WebDeps): Promise<Listening> {
  const { log } = deps;
  const serverDeps = serverDepsOf(options, deps);
  try {
    const listening = await startServer(buildServer(serverDeps), options.listen, serverDeps);
    for (const { host, port } of listening.addresses) log.info('listening', { address: `${bracketed(host)}:${port}` });
    return listening;
  } catch (error) {
    throw new ListenError(error instanceof ConfigError ? error.message : listenMessage(error), { cause: error });
  }
}

function serverDepsOf(options: WebOptions, deps: WebDeps): ServerDeps {
  const { build, daemon, metrics, history, log, reloads, tasks, verdicts } = deps;
  return {
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
      const errors = reloads.reload();
      return { ok: errors.length === 0, message: errors.length === 0 ? 'configuration loaded' : errors.join('\n') };
    },
    verdicts: () => verdictTexts(verdicts.list()),
    limits: () => tasks.limits(),
    rounds: () => verdicts.list(),
    apis: () => tasks.apis(),
    pause: pauseControl(deps.pause),
    notices: () => [
      ...whilePaused(deps.pause),
      ...deps.rateLimits.holds().map(whileHeld),
      ...reloads.notices(),
      ...(deps.ledger === undefined ? [] : ledgerNotices(deps.ledger.status)),
      ...insecurePaths(daemon.config),
    ],
    liveRuns: deps.runs,
    dueInMs: ({ registry, client, workload }) => daemon.dueInMs(`${registry}/${client}/${workload}`),
    onDemand: deps.onDemand,
    paths: options.paths,
    timeoutOffsetMs: options.timeoutOffsetMs,
    extraRoutes: deps.extraRoutes,
    disabled: options.disabled,
    maxRequests: options.maxRequests,
    webConfig: options.webConfig,
  };
}

function pauseControl(pause: PauseSwitch): PauseControl {
  return {
    state: () => pause.state(),
    resume: () => pause.resume('request'),
    pause(forText) {
      if (forText === undefined) return pause.pause('request');
      const forMs = durationMs(forText);
      return forMs > 0
        ? pause.pause('request', forMs)
        : { error: `for: expected a duration such as 90s or 1h30m, got ${JSON.stringify(forText.slice(0, 40))}` };
    },
  };
}

/** 0: not a duration that anybody could wait for. */
function durationMs(text: string): number {
  try {
    const ms = parseDuration(text);
    return ms <= longestPauseMs ? ms : 0;
  } catch {
    return 0;
  }
}

function whilePaused(pause: PauseSwitch): string[] {
  const state = pause.state();
  if (state === undefined) return [];
  const until = state.until === undefined ? '' : ` until ${formatTime(state.until)}`;
  return [
    `Paused since ${formatTime(state.since)}${until}: blobprobe pushes nothing and checks no API, so the results below get older. POST /api/v1/resume ends the pause.`,
  ];
}

function whileHeld({ registry, path, status, until }: Hold): string {
  const where = path === undefined ? `Registry ${registry}` : `Path ${path} to ${registry}`;
  return `${where} asked for a pause (${status}): blobprobe sends nothing there until ${formatTime(until)}.`;
}

function insecurePaths({ registries }: Config): string[] {
  return registries.flatMap(({ name, paths }) => {
    const insecure = paths.filter(({ tls }) => tls.insecure).map((path) => path.name);
    return insecure.length === 0
      ? []
      : [
          `Certificates are not verified on ${insecure.join(', ')} of ${name} (tls.insecure): anybody on the way can read the credentials.`,
        ];
  });
}

function listenMessage(error: unknown): string {
  const { code, address, port, message } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (address === undefined || port === undefined) return `cannot listen: ${message}`;
  const why = code === 'EADDRINUSE' ? 'the address is in use' : (code ?? message);
  return `cannot listen on ${bracketed(address)}:${port}: ${why}`;
}

function plain(facts: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(facts).map(([key, value]) => [
      key,
      value instanceof Error ? (value.stack ?? value.message) : String(value),
    ]),
  );
}
