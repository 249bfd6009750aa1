import type { AnsweredBy } from '../failure.ts';
import { type LogFormat, type LoggedRequest, numberIn, withoutQuery } from './log-line.ts';

/** `"PATCH /v2/… HTTP/1.1"`. */
const request = '"(?<method>[A-Z]+) (?<uri>\\S+) HTTP/[\\d.]+"';
const combined = new RegExp(
  `^\\S+ \\S+ \\S+ \\[[^\\]]+\\] ${request} (?<status>\\d{3}|0) (?:\\d+|-) "[^"]*" "(?<agent>[^"]*)"(?<rest>.*)$`,
);
/** What ingress-nginx appends: length and time of the request, service, upstream and its answer. */
const ofIngress =
  /^ (?<length>\d+) (?<seconds>[\d.]+) \[[^\]]*\] \[[^\]]*\] (?<upstream>\S+) \S+ \S+ (?<upstreamStatus>\d{3}|-) \S+$/;
/** What Traefik appends: number, router, service, duration. */
const ofTraefik = /^ \d+ "[^"]*" "(?<upstream>[^"]*)" (?<ms>\d+)ms$/;
/** Answers that a proxy makes, and hardly any registry. */
const ofProxies = new Set([408, 413, 502, 503, 504]);

/** nginx's own status for a client that went away. */
const clientClosed = 499;

function base({ method = '', uri = '', status, agent }: Record<string, string | undefined>) {
  const code = numberIn(status);
  return {
    method,
    uri: withoutQuery(uri),
    status: code === clientClosed || code === 0 ? undefined : code,
    clientGone: code === clientClosed || code === 0,
    userAgent: agent === '-' ? undefined : agent,
  };
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
    const read = base(groups);
    return {
      ...read,
      answeredBy: read.clientGone ? 'none' : own ? 'nginx' : 'other',
      sentBytes: numberIn(more['length']),
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
    const own = more['upstream'] === '-' || read.clientGone || read.status === 502 || read.status === 504;
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
    return {
      ...base({ method: text(method), uri: text(uri), status: String(status), agent: text(agent) }),
      answeredBy: origin === undefined || origin === 0 || origin === 499 ? 'traefik' : 'other',
      sentBytes: amount(fields['RequestContentSize']),
      elapsedMs: (amount(fields['Duration']) ?? 0) / 1e6,
    };
  },
};

/** Flags of Envoy by which its own answers are known (Envoy, access logging, RESPONSE_FLAGS). */
const ofEnvoy = /\b(?:UF|UH|UT|UC|UO|NR|LH|LR|RL|UAEX|SI|DPE|UPE|NC|NFCF|DT)\b/;
/** Those that name a limit of Envoy. */
const envoyLimits: readonly (readonly [flag: RegExp, LoggedRequest['names']])[] = [
  [/\bUT\b/, 'envoy_route_timeout'],
  [/\bSI\b/, 'envoy_idle_timeout'],
];
const envoy: LogFormat = {
  name: 'Envoy access log',
  example:
    '[2026-11-28T22:00:00.000Z] "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1" 504 UT 104857600 24 15001 - "-" "docker/29.7.2" "5f1c" "git.example.org" "10.0.0.5:5000"',
  read(line) {
    const pattern = new RegExp(
      `^\\[[^\\]]+\\] ${request} (?<status>\\d{1,3}) (?<flags>[A-Za-z,]+|-) (?:\\S+ (?:"[^"]*"|-) (?:"[^"]*"|-) )?(?<sent>\\d+) \\d+ (?<ms>\\d+) (?<service>\\d+|-) "[^"]*" "(?<agent>[^"]*)"`,
    );
    const { groups } = pattern.exec(line) ?? {};
    if (groups === undefined) return undefined;
    const { flags = '', service, status, sent, ms } = groups;
    const own = ofEnvoy.test(flags) || (service === '-' && status === '413');
    const read = base(groups);
    const gone = /\bDC\b/.test(flags);
    return {
      ...read,
      status: gone ? undefined : read.status,
      clientGone: gone || read.clientGone,
      answeredBy: gone ? 'none' : own ? 'envoy' : 'other',
      names: envoyLimits.find(([flag]) => flag.test(flags))?.[1],
      sentBytes: numberIn(sent),
      elapsedMs: numberIn(ms),
      words: flags === '-' ? undefined : `response flags ${flags}`,
    };
  },
};

/** `cD`: who ended it, and in which state (HAProxy configuration manual 8.5); `P` and `S` are its own answers. */
const haproxy: LogFormat = {
  name: 'HAProxy HTTP log',
  example:
    '10.0.0.9:41234 [28/Nov/2026:22:00:00.123] fe be/registry 0/0/1/-1/50002 504 198 - - sH-- 1/1/0/0/0 0/0 "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1"',
  read(line) {
    const pattern = new RegExp(
      `\\S+ \\[[^\\]]+\\] \\S+ \\S+ (?:[\\d-]+/){4}(?<ms>[\\d+-]+) (?<status>\\d{3}|-1) \\S+ \\S+ \\S+ (?<state>[A-Za-z-]{4}) \\S+ \\S+ (?:\\{[^}]*\\} )*${request}`,
    );
    const { groups } = pattern.exec(line) ?? {};
    if (groups === undefined) return undefined;
    const { state = '', ms, status } = groups;
    const gone = state.startsWith('C') || status === '-1';
    const own = /^[sScPR]/.test(state);
    const by: AnsweredBy = gone ? 'none' : own ? 'haproxy' : 'other';
    return {
      ...base(groups),
      status: gone ? undefined : numberIn(status),
      clientGone: gone,
      answeredBy: by,
      elapsedMs: numberIn(ms?.replace('+', '')),
      words: `termination state ${state}`,
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
    const read = base(groups);
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
