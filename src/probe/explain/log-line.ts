import { STATUS_CODES } from 'node:http';
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
  /** The registry, or a hop between, closed the connection before an answer, and the client got none. */
  readonly registryGone?: boolean;
  /** Why the line is about no failure, where it is so. */
  readonly harmless?: string;
  readonly sentBytes?: number;
  readonly elapsedMs?: number;
  readonly userAgent?: string;
  readonly registryCode?: string;
  /** What the words, or the flags, of this line name without doubt. A status names nothing. */
  readonly names?: CauseName;
  /** What the client got to read, where the line tells it by another name. */
  readonly answer?: string;
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

/** `"PATCH /v2/… HTTP/1.1"`. */
export const requestPattern = '"(?<method>[A-Z]+) (?<uri>\\S+) HTTP/[\\d.]+"';

/** nginx's own status, and Traefik's, for a client that went away. */
export const clientClosed = 499;

/** What every access log says. */
export function base({ method = '', uri = '', status, agent }: Record<string, string | undefined>) {
  const code = numberIn(status);
  const clientGone = code === clientClosed || code === 0;
  return {
    method,
    uri: withoutQuery(uri),
    status: clientGone ? undefined : code,
    clientGone,
    userAgent: agent === '-' ? undefined : agent,
  };
}

/** The path or URL without query and login: states of uploads and tokens stand there. */
export function withoutQuery(uri: string): string {
  return uri.replace(/[?#].*/s, '').replace(/^(\w+:\/\/)[^/@]*@/, '$1');
}

/** A number that is there; `-` and the like are not. */
export function numberIn(text: string | undefined): number | undefined {
  const value = Number(text);
  return text === undefined || text.trim() === '' || !Number.isFinite(value) ? undefined : value;
}

/** Traefik's own answers are their status in words: how long they are tells them from those that it passes on. */
export const traefikBytes: ReadonlyMap<number | undefined, number> = new Map(
  [502, 504].map((status) => [status, STATUS_CODES[status]?.length ?? 0]),
);

/** Answers that a proxy makes, and hardly any registry. */
export const ofProxies = new Set([408, 413, 502, 503, 504]);

/** Of a client that goes away in the middle of its body nginx writes 400, and that it sent nothing. */
export function ofNginx(groups: Record<string, string | undefined>): ReturnType<typeof base> {
  const read = base(groups);
  return read.status === 400 && groups['bytes'] === '0' ? { ...read, status: undefined, clientGone: true } : read;
}

/** Bytes that the head of a request may have. */
const mostHeadBytes = 8 * 1024;

/** Of a request of so many bytes: what is not longer than a head had no body that was read. */
export function bodyBytes(length = 0): number | undefined {
  return length > mostHeadBytes ? length : undefined;
}
