import { urlBelow } from './ask-url.ts';
import { messageOf } from '../network/errors.ts';
import { webConfigReader } from '../config/web-config.ts';
import { webActions } from '../server/web-actions.ts';
import { type ListenAddress, parseListenAddress } from '../server/listen.ts';
import type { WebOptions } from '../daemon/web.ts';
import { type Flags, type FlagValues, manyValues, oneOf, oneValue, UsageError } from './flags.ts';
import { createLogger, logFormats, type Logger, logLevels } from '../daemon/log.ts';

const defaultListenAddress = ':10719';
const defaultMaxRequests = 40;
const defaultTimeoutOffset = '0.5';

/** Flags of the commands that run the daemon; names and meanings are those of Prometheus's own exporters. */
export const daemonFlags: Flags = {
  'web.listen-address': manyValues(
    '[HOST]:PORT',
    `Where to listen; may be repeated (default ${defaultListenAddress}).`,
  ),
  'web.external-url': oneValue('URL', 'URL by which users reach this daemon, for links.'),
  'web.route-prefix': oneValue('PATH', 'Prefix of all routes (default: the path of --web.external-url).'),
  'web.telemetry-path': oneValue('PATH', 'Path of the metrics (default /metrics).'),
  'web.max-requests': oneValue(
    'N',
    `Scrapes answered at the same time, 0 for no limit (default ${defaultMaxRequests}).`,
  ),
  'web.config.file': oneValue('FILE', "TLS, users, headers and rate limit, in the format of Prometheus's exporters."),
  'web.disable': manyValues(
    'ACTION',
    `Refuse requests for this action with 403: ${webActions.join(', ')}; may be repeated (default: all are allowed).`,
    webActions,
  ),
  'timeout-offset': oneValue(
    'SECONDS',
    `Subtract this from the scrape timeout that Prometheus sends to /probe (default ${defaultTimeoutOffset}).`,
  ),
  'log.level': oneValue('LEVEL', `${logLevels.join(', ')} (default info).`, logLevels),
  'log.format': oneValue('FORMAT', `${logFormats.join(' or ')} (default logfmt).`, logFormats),
};

/** Reads the `web.*` flags. Throws UsageError. */
export function webOptions(values: FlagValues): WebOptions {
  const addresses = values.list('web.listen-address');
  const webConfigFile = values.text('web.config.file');
  const externalUrl = values.text('web.external-url');
  const externalPath =
    externalUrl === undefined ? undefined : normalizePath(urlBelow('web.external-url', externalUrl, '').pathname);
  // As Prometheus has it: the daemon routes what users see, unless a proxy in between changes the path.
  const routePrefix = normalizePath(values.text('web.route-prefix') ?? externalPath ?? '/');
  return {
    listen: (addresses.length === 0 ? [defaultListenAddress] : addresses).map(listenAddress),
    paths: {
      routePrefix,
      externalPath: externalPath ?? routePrefix,
      telemetryPath: normalizePath(values.text('web.telemetry-path') ?? '/metrics', 'web.telemetry-path'),
    },
    maxRequests: maxRequests(values.text('web.max-requests') ?? String(defaultMaxRequests)),
    timeoutOffsetMs: timeoutOffsetMs(values.text('timeout-offset') ?? defaultTimeoutOffset),
    disabled: new Set(values.list('web.disable').map((text) => oneOf('web.disable', text, webActions))),
    webConfig: webConfigFile === undefined ? undefined : webConfigReader(webConfigFile),
  };
}

function maxRequests(text: string): number {
  if (!/^\d{1,6}$/.test(text))
    throw new UsageError(`flag --web.max-requests: expected a whole number, got ${JSON.stringify(text)}`);
  return Number(text);
}

function timeoutOffsetMs(text: string): number {
  if (!/^\d{1,4}(?:\.\d{1,3})?$/.test(text))
    throw new UsageError(`flag --timeout-offset: expected seconds such as 0.5, got ${JSON.stringify(text)}`);
  return Number(text) * 1_000;
}

function listenAddress(text: string): ListenAddress {
  try {
    return parseListenAddress(text);
  } catch (error) {
    throw new UsageError(`flag --web.listen-address: ${messageOf(error)}`);
  }
}

function normalizePath(path: string, flag = 'web.route-prefix'): string {
  if (!/^[\w./~-]*$/.test(path))
    throw new UsageError(`flag --${flag}: expected a path such as /blobprobe, got ${JSON.stringify(path)}`);
  return `/${path.split('/').filter(Boolean).join('/')}`;
}

/** Makes the log that the `log.*` flags ask for. Throws UsageError. */
export function loggerOf(values: FlagValues, write: (line: string) => void): Logger {
  return createLogger({
    level: oneOf('log.level', values.text('log.level') ?? 'info', logLevels),
    format: oneOf('log.format', values.text('log.format') ?? 'logfmt', logFormats),
    write,
  });
}
