import type { AnsweredBy } from '../failure.ts';
import { envoy, haproxy } from './flagged-formats.ts';
import { jsonFormats } from './json-formats.ts';
import {
  base,
  bodyBytes,
  type LogFormat,
  numberIn,
  ofNginx,
  ofProxies,
  requestPattern,
  traefikBytes,
} from './log-line.ts';

const combined = `^(?:\\S+ )?\\S+ \\S+ \\S+ \\[[^\\]]+\\] ${requestPattern} (?<status>\\d{3}|0) (?<bytes>\\d+|-) "[^"]*" "(?<agent>[^"]*)"`;
const ofCombined = new RegExp(combined);
const ofRegistry = new RegExp(`${combined}$`);
/** ingress-nginx appends length and time of the request, service, upstream and its answer. */
const ofIngress = new RegExp(
  `${combined} (?<length>\\d+) (?<seconds>[\\d.]+) \\[[^\\]]*\\] \\[[^\\]]*\\] \\S+ \\S+ \\S+ (?<upstreamStatus>\\d{3}|-) \\S+$`,
);
/** What an upstream says, according to ingress-nginx, when the answer is nginx's own. */
const ownStatuses: ReadonlySet<string | undefined> = new Set(['-', '502', '504']);
/** Traefik appends number, router, service, duration. */
const ofTraefik = new RegExp(`${combined} \\d+ "[^"]*" "(?<upstream>[^"]*)" (?<ms>\\d+)ms$`);

const nginxIngress: LogFormat = {
  name: 'ingress-nginx access log',
  example:
    '10.0.0.9 - - [28/Nov/2026:22:00:00 +0000] "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1" 413 176 "-" "docker/29.7.2" 1048800 0.412 [registry-5000] [] - - - - 4bf9',
  read(line) {
    const { groups } = ofIngress.exec(line) ?? {};
    if (groups === undefined) return undefined;
    const own = ownStatuses.has(groups['upstreamStatus']);
    const read = ofNginx(groups);
    return {
      ...read,
      answeredBy: read.clientGone ? 'none' : own ? 'nginx' : 'other',
      sentBytes: bodyBytes(numberIn(groups['length'])),
      elapsedMs: Math.round((numberIn(groups['seconds']) ?? 0) * 1_000),
    };
  },
};

const traefikCommon: LogFormat = {
  name: 'Traefik access log',
  example:
    '10.0.0.9 - - [28/Nov/2026:22:00:00 +0000] "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1" 499 21 "-" "docker/29.7.2" 7 "registry@docker" "http://10.0.0.5:5000" 60001ms',
  read(line) {
    const { groups } = ofTraefik.exec(line) ?? {};
    if (groups === undefined) return undefined;
    const read = base(groups);
    const isText = traefikBytes.get(read.status) === numberIn(groups['bytes']);
    const own = groups['upstream'] === '-' || read.clientGone || isText;
    return { ...read, answeredBy: own ? 'traefik' : 'other', elapsedMs: numberIn(groups['ms']) };
  },
};

/** Go's registries write no referer as nothing, where nginx writes a dash. */
const registryCombined: LogFormat = {
  name: 'access log of a registry (Gitea, Forgejo, distribution)',
  example:
    '10.0.0.9 - probe [28/Nov/2026:22:00:00 +0000] "PUT /v2/team/app/blobs/uploads/1 HTTP/1.1" 403 0 "" "docker/29.7.2"',
  read(line) {
    const { groups } = ofRegistry.exec(line) ?? {};
    if (groups === undefined || !line.includes(' "" "')) return undefined;
    const read = base(groups);
    // They write 500 of a client that went away in the middle of its body, as of a storage that fails.
    const isKnown = read.status !== 500;
    return { ...read, answeredBy: isKnown ? 'registry' : 'other', answer: groups['bytes'] === '0' ? '' : undefined };
  },
};

const plainCombined: LogFormat = {
  name: "combined access log, taken for nginx's",
  example:
    '10.0.0.9 - - [28/Nov/2026:22:00:00 +0000] "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1" 413 176 "-" "docker/29.7.2"',
  read(line) {
    const { groups } = ofCombined.exec(line) ?? {};
    if (groups === undefined) return undefined;
    const read = ofNginx(groups);
    // The line does not say who made the answer, or who wrote the line.
    const by: AnsweredBy = read.clientGone ? 'none' : 'other';
    return { ...read, answeredBy: ofProxies.has(read.status ?? 0) ? 'nginx' : by };
  },
};

/** The first that can read a line is right: the more particular come first. */
export const accessFormats: readonly LogFormat[] = [
  nginxIngress,
  traefikCommon,
  ...jsonFormats,
  envoy,
  haproxy,
  registryCombined,
  plainCombined,
];
