import type { CauseName } from '../diagnose/causes.ts';
import type { AnsweredBy } from '../failure.ts';

/** What a log line says of one request. */
export interface LoggedRequest {
  /** Whose format the line is in. */
  readonly format: string;
  readonly method: string;
  /** Path, or URL, without its query. */
  readonly uri: string;
  /** absent: the line has none, because nobody answered. */
  readonly status?: number;
  /** Who made the answer, as far as the line tells; `other`: it came from behind the one that logged. */
  readonly answeredBy: AnsweredBy;
  /** The connection of the client ended before an answer: the client, or a hop between, gave up. */
  readonly clientGone?: boolean;
  readonly sentBytes?: number;
  readonly elapsedMs?: number;
  readonly userAgent?: string;
  readonly registryCode?: string;
  /** What the words, or the flags, of this line name without doubt. A status names nothing. */
  readonly names?: CauseName;
  /** The hop's own words. */
  readonly words?: string;
}

/** A format of log lines: undefined when the line is in another one. */
export interface LogFormat {
  readonly name: string;
  /** A line of it, for the documents. */
  readonly example: string;
  read(line: string): Omit<LoggedRequest, 'format'> | undefined;
}

/** The path or URL without query and login: states of uploads and tokens stand there. */
export function withoutQuery(uri: string): string {
  return uri.replace(/[?#].*$/s, '').replace(/^(\w+:\/\/)[^/@]*@/, '$1');
}

/** A number that is there; `-` and the like are not. */
export function numberIn(text: string | undefined): number | undefined {
  const value = Number(text);
  return text === undefined || text.trim() === '' || !Number.isFinite(value) ? undefined : value;
}
