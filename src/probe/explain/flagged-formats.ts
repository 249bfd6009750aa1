import type { AnsweredBy } from '../failure.ts';
import { base, type LogFormat, type LoggedRequest, numberIn, requestPattern } from './log-line.ts';

/** Flags of Envoy by which its own answers are known (Envoy, access logging, RESPONSE_FLAGS). */
const ofEnvoy = /\b(?:UF|UH|UT|UC|UR|UO|UMSDR|NR|LH|LR|RL|FI|IH|UAEX|SI|DPE|UPE|NC|NFCF|DT|DF|OM)\b/;
/** Those that name a limit of Envoy. */
const envoyLimits: readonly (Pick<LoggedRequest, 'names' | 'answer'> & { readonly flag: RegExp })[] = [
  { flag: /\bUT\b/, names: 'envoy_route_timeout', answer: 'upstream request timeout' },
  { flag: /\bSI\b/, names: 'envoy_idle_timeout', answer: 'stream timeout' },
];
/** Answers of Envoy's that have no flag. */
const envoyStatuses: ReadonlySet<string | undefined> = new Set(['408', '413']);

export const envoy: LogFormat = {
  name: 'Envoy access log',
  example:
    '[2026-11-28T22:00:00.000Z] "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1" 504 UT 104857600 24 15001 - "-" "docker/29.7.2" "5f1c" "git.example.org" "10.0.0.5:5000"',
  read(line) {
    const pattern = new RegExp(
      `^\\[[^\\]]+\\] ${requestPattern} (?<status>\\d{1,3}) (?<flags>[A-Za-z,]+|-) (?:\\S+ (?:"[^"]*"|-) (?:"[^"]*"|-) )?(?<sent>\\d+) \\d+ (?<ms>\\d+) (?<service>\\d+|-) "[^"]*" "(?<agent>[^"]*)"`,
    );
    const { groups } = pattern.exec(line) ?? {};
    if (groups === undefined) return undefined;
    return ofEnvoyLine(groups);
  },
};

/** What the fields of a line of Envoy's say, whatever form they are in; `service`: how long the upstream took, `-` for one that did not answer. */
export function ofEnvoyLine(fields: Record<string, string | undefined>): Omit<LoggedRequest, 'format'> {
  const { flags = '-', service, status, sent, ms } = fields;
  const own = ofEnvoy.test(flags) || (service === '-' && envoyStatuses.has(status));
  const read = base(fields);
  const gone = /\b(?:DC|DR)\b/.test(flags);
  const { names, answer } = envoyLimits.find((limit) => limit.flag.test(flags)) ?? {};
  return {
    ...read,
    status: gone ? undefined : read.status,
    clientGone: gone || read.clientGone,
    answeredBy: gone ? 'none' : own ? 'envoy' : 'other',
    names,
    answer,
    sentBytes: numberIn(sent),
    elapsedMs: numberIn(ms),
    words: flags === '-' ? undefined : `response flags ${flags}`,
  };
}

/** Time limits of HAProxy, by its termination state. */
const haproxyLimits: readonly (readonly [state: RegExp, names: LoggedRequest['names']])[] = [
  [/^sH/, 'haproxy_server_timeout'],
  [/^c[DH]/, 'haproxy_client_timeout'],
];

/** `cD`: who ended it, and in which state (HAProxy configuration manual 8.5). */
export const haproxy: LogFormat = {
  name: 'HAProxy HTTP log',
  example:
    '10.0.0.9:41234 [28/Nov/2026:22:00:00.123] fe be/registry 0/0/1/-1/50002 504 198 - - sH-- 1/1/0/0/0 0/0 "PATCH /v2/team/app/blobs/uploads/1 HTTP/1.1"',
  read(line) {
    const pattern = new RegExp(
      `\\S+ \\[[^\\]]+\\] \\S+ \\S+ (?:[\\d-]+/){4}(?<ms>[\\d+-]+) (?<status>\\d{3}|-1) \\S+ \\S+ \\S+ (?<state>[A-Za-z-]{4}) \\S+ \\S+ (?:\\{[^}]*\\} )*${requestPattern}`,
    );
    const { groups } = pattern.exec(line) ?? {};
    if (groups === undefined) return undefined;
    const { state = '', ms, status } = groups;
    const noAnswer = status === '-1';
    const registryGone = noAnswer && /^[sS]/.test(state);
    const gone = state.startsWith('C') || (noAnswer && !registryGone);
    // Its own answers: `L` of `http-request return`, `I` of an error within it.
    const own = /^[sScPRLI]/.test(state) && !noAnswer;
    const by: AnsweredBy = gone ? 'none' : own ? 'haproxy' : 'other';
    return {
      ...base(groups),
      status: gone || noAnswer ? undefined : numberIn(status),
      clientGone: gone,
      registryGone,
      answeredBy: registryGone ? 'none' : by,
      names: haproxyLimits.find(([pattern]) => pattern.test(state))?.[1],
      elapsedMs: numberIn(ms),
      words: `termination state ${state}`,
    };
  },
};
