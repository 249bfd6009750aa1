import { STATUS_CODES } from 'node:http';
import type { AnsweredBy } from '../failure.ts';
import { envoy, haproxy } from './flagged-formats.ts';
import { base, clientClosed, type LogFormat, numberIn, requestPattern } from './log-line.ts';

const combined = new RegExp(
  `^\\S+ \\S+ \\S+ \\[[^\\]]+\\] ${requestPattern} (?<status>\\d{3}|0) (?<bytes>\\d+|-) "[^"]*" "(?<agent>[^"]*)"(?<rest>.*)$`,
);
/** What ingress-nginx appends: length and time of the request, service, upstream and its answer. */
const ofIngress =
  /^ (?<length>\d+) (?<seconds>[\d.]+) \[[^\]]*\] \[[^\]]*\] (?<upstream>\S+) \S+ \S+ (?<upstreamStatus>\d{3}|-) \S+$/;
/** What Traefik appends: number, router, service, duration. */
const ofTraefik = /^ \d+ "[^"]*" "(?<upstream>[^"]*)" (?<ms>\d+)ms$/;
/** Traefik's own answers are their status in words: how long they are tells them from those that it passes on. */
const traefikBytes: ReadonlyMap<number | undefined, number> = new Map(
  [502, 504].map((status) => [status, STATUS_CODES[status]?.length ?? 0]),
);
/** Bytes that the head of a request may have; what is not longer had no body that was read. */
const mostHeadBytes = 8 * 1024;
/** Answers that a proxy makes, and hardly any registry. */
const ofProxies = new Set([408, 413, 502, 503, 504]);

/** Of a client that goes away in the middle of its body nginx writes 400, and that it sent nothing. */
function ofNginx(groups: Record<string, string | undefined>): ReturnType<typeof base> {
  const read = base(groups);
  return read.status === 400 && groups['bytes'] === '0' ? { ...read, status: undefined, clientGone: true } : read;
}

const nginxIngress: LogFormat = {
  name: 'ingress-nginx access log',
  example:
    '10.0.0.9 - - [28/Nov/2026:22:00:00 +0000] "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1" 413 176 "-" "docker/29.7.2" 1048800 0.412 [registry-5000] [] - - - - 4bf9',
  read(line) {
    const { groups } = combined.exec(line) ?? {};
    const { groups: more } = ofIngress.exec(groups?.['rest'] ?? '') ?? {};
    if (groups === undefined || more === undefined) return undefined;
    const own = ['-', '502', '504'].includes(more['upstreamStatus'] ?? '');
    const read = ofNginx(groups);
    const length = numberIn(more['length']) ?? 0;
    return {
      ...read,
      answeredBy: read.clientGone ? 'none' : own ? 'nginx' : 'other',
      sentBytes: length > mostHeadBytes ? length : undefined,
      elapsedMs: Math.round((numberIn(more['seconds']) ?? 0) * 1_000),
    };
  },
};

const traefikCommon: LogFormat = {
  name: 'Traefik access log',
  example:
    '10.0.0.9 - - [28/Nov/2026:22:00:00 +0000] "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1" 499 21 "-" "docker/29.7.2" 7 "registry@docker" "http://10.0.0.5:5000" 60001ms',
  read(line) {
    const { groups } = combined.exec(line) ?? {};
    const { groups: more } = ofTraefik.exec(groups?.['rest'] ?? '') ?? {};
    if (groups === undefined || more === undefined) return undefined;
    const read = base(groups);
    const isText = traefikBytes.get(read.status) === numberIn(groups['bytes']);
    const own = more['upstream'] === '-' || read.clientGone || isText;
    return { ...read, answeredBy: own ? 'traefik' : 'other', elapsedMs: numberIn(more['ms']) };
  },
};

const traefikJson: LogFormat = {
  name: 'Traefik access log in JSON',
  example:
    '{"DownstreamStatus":413,"Duration":51000000,"OriginStatus":0,"RequestContentSize":0,"RequestMethod":"PATCH","RequestPath":"/v2/team/app/blobs/uploads/1"}',
  read(line) {
    const fields = jsonFields(line);
    if (fields === undefined || typeof fields['DownstreamStatus'] !== 'number') return undefined;
    const { DownstreamStatus: status, OriginStatus: origin, RequestMethod: method, RequestPath: uri } = fields;
    const agent = fields['request_User-Agent'];
    // Traefik counts what it says itself of a server as the server's answer.
    const isText = traefikBytes.get(amount(origin)) === amount(fields['OriginContentSize']);
    const own = origin === undefined || origin === 0 || origin === clientClosed || isText;
    return {
      ...base({ method: text(method), uri: text(uri), status: String(status), agent: text(agent) }),
      answeredBy: own ? 'traefik' : 'other',
      sentBytes: amount(fields['RequestContentSize']),
      elapsedMs: (amount(fields['Duration']) ?? 0) / 1e6,
    };
  },
};

const plainCombined: LogFormat = {
  name: "combined access log, taken for nginx's",
  example:
    '10.0.0.9 - - [28/Nov/2026:22:00:00 +0000] "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1" 413 176 "-" "docker/29.7.2"',
  read(line) {
    const { groups } = combined.exec(line) ?? {};
    if (groups === undefined) return undefined;
    const read = ofNginx(groups);
    // The line does not say who made the answer, or who wrote the line.
    const by: AnsweredBy = read.clientGone ? 'none' : 'other';
    return { ...read, answeredBy: ofProxies.has(read.status ?? 0) ? 'nginx' : by };
  },
};

function jsonFields(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function amount(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** The first that can read a line is right: the more particular come first. */
export const accessFormats: readonly LogFormat[] = [
  nginxIngress,
  traefikCommon,
  traefikJson,
  envoy,
  haproxy,
  plainCombined,
];
