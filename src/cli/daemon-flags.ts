import { type Flags, type FlagValues, oneOf, UsageError } from './flags.ts';
import { defaultListenAddress, type ListenAddress, parseListenAddress } from './listen-address.ts';
import { createLogger, logFormats, type Logger, logLevels } from './log.ts';

/** Flags of the commands that run the daemon; names and meanings are those of Prometheus's own exporters. */
export const daemonFlags: Flags = {
  'web.listen-address': {
    kind: 'list',
    placeholder: '[HOST]:PORT',
    help: `Where to listen; may be repeated (default ${defaultListenAddress}).`,
  },
  'web.config.file': {
    kind: 'text',
    placeholder: 'FILE',
    help: 'TLS and basic authentication, in the format of the exporter-toolkit.',
  },
  'web.external-url': { kind: 'text', placeholder: 'URL', help: 'URL under which users reach this daemon, for links.' },
  'web.route-prefix': {
    kind: 'text',
    placeholder: 'PATH',
    help: 'Prefix of all routes (default: the path of --web.external-url).',
  },
  'log.level': { kind: 'text', placeholder: 'LEVEL', help: `${logLevels.join(', ')} (default info).` },
  'log.format': { kind: 'text', placeholder: 'FORMAT', help: `${logFormats.join(' or ')} (default logfmt).` },
};

export interface WebOptions {
  readonly listen: readonly ListenAddress[];
  readonly configFile?: string;
  readonly externalUrl?: string;
  readonly routePrefix?: string;
}

/** Reads the `web.*` flags. Throws UsageError. */
export function webOptions(values: FlagValues): WebOptions {
  const addresses = values.list('web.listen-address');
  const configFile = values.text('web.config.file');
  const externalUrl = values.text('web.external-url');
  const routePrefix = values.text('web.route-prefix');
  if (externalUrl !== undefined && !(/^https?:\/\//i.test(externalUrl) && URL.canParse(externalUrl))) {
    throw new UsageError(`flag --web.external-url: expected an http or https URL, got ${JSON.stringify(externalUrl)}`);
  }
  return {
    listen: (addresses.length === 0 ? [defaultListenAddress] : addresses).map(parseListenAddress),
    ...(configFile === undefined ? {} : { configFile }),
    ...(externalUrl === undefined ? {} : { externalUrl }),
    ...(routePrefix === undefined ? {} : { routePrefix }),
  };
}

/** Makes the log that the `log.*` flags ask for. Throws UsageError. */
export function loggerOf(values: FlagValues, write: (line: string) => void): Logger {
  return createLogger({
    level: oneOf('log.level', values.text('log.level') ?? 'info', logLevels),
    format: oneOf('log.format', values.text('log.format') ?? 'logfmt', logFormats),
    write,
  });
}
