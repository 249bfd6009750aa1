import { pino } from 'pino';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];
export const logFormats = ['logfmt', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

type Field = string | number | boolean | undefined;

/** Fields hold plain values in the metrics' own words; whoever logs keeps secrets out. */
export type Fields = Readonly<Record<string, Field>>;

/** One line per event: a constant message, and what varies as fields. */
export type Logger = Readonly<Record<LogLevel, (message: string, fields?: Fields) => void>>;

/** Lines as Prometheus's own tools write them: time, level, msg, then the fields; `write` gets each with its line end. */
export function createLogger(options: {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly write: (line: string) => void;
}): Logger {
  const { format, write } = options;
  const lines = {
    write: (json: string) => write(format === 'json' ? json : toLogfmt(JSON.parse(json) as Record<string, unknown>)),
  };
  const log = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'msg',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
    },
    lines,
  );
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  };
}

function toLogfmt({ time, level, msg, ...fields }: Record<string, unknown>): string {
  const pairs = Object.entries({ time, level, msg, ...fields });
  return `${pairs.map(([key, value]) => `${key}=${quoted(value)}`).join(' ')}\n`;
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Control characters are escaped by JSON.stringify, so that an answer of a peer cannot forge a line.
  return /^[^\s"=\\\p{C}]+$/u.test(text) ? text : JSON.stringify(text);
}
