import { type Attempt, type RequestRecord, requestsOf, type Run } from '../outcome.ts';
import type { Failure, Phase } from '../failure.ts';
import { fullSegmentCame } from './kernel-signs.ts';
import { type Examined, requestsOver, type Trial } from './trial.ts';
import { maintenanceWords, wordsOf } from '../judge/words.ts';

/** What was seen over a path as a whole, whatever failed. */
export interface Observed {
  /** Some answer over this path was the registry's own. */
  readonly registryAnswered: boolean;
  /** Requests were answered over this path, no push got through, and no answer bore a mark that only a registry sets. */
  readonly unmarked: boolean;
  /** A POST opened an upload session. */
  readonly sessionOpened: boolean;
  /** A request of an upload that had been opened was taken. */
  readonly sessionTaken: boolean;
  /** An upload got through although the answer to its PATCH bore no Range: what is absent there says nothing. */
  readonly rangeNotSaid: boolean;
  /** A token service gave a token for these credentials. */
  readonly tokenServed: boolean;
  /** GET /v2/ was answered 401. */
  readonly pingAsks: boolean;
  /** A request with the credentials was let in. */
  readonly loginWorks: boolean;
  /** GET of the registry's API is answered with a page for people. */
  readonly portal: boolean;
  /** A request of the login, or of an upload, was answered with such a page. */
  readonly pagedPushes: boolean;
  /** GET /v2/ was answered 404. */
  readonly pingMissing: boolean;
  /** A page on this path spoke of maintenance. */
  readonly maintenance: boolean;
  /** Every answer was a 404, and none was known to be the registry's. */
  readonly everything404: boolean;
  /** Answers bore Cloudflare's ray id. */
  readonly crossedCloudflare: boolean;
  /** Answers bore squid's name in `Via`. */
  readonly crossedSquid: boolean;
  /** A port behind this path's said that it got plain HTTP and speaks TLS. */
  readonly plainBehind: boolean;
  /** The same request was answered by a hop's 502, 503 or 504, then by the registry, then so again: no single outage. */
  readonly byTurns: boolean;
  /** The next host acknowledged a segment of full size; false also where the kernel does not tell. */
  readonly fullSegmentCame: boolean;
  /** Longest time for which a token was used with success, in milliseconds. */
  readonly oldestTokenMs: number;
  /** The age of the youngest token that was refused, in milliseconds; infinite: none was. */
  readonly youngestRefusedMs: number;
}

interface SeenOver extends Pick<Examined, 'api'> {
  readonly trials: readonly Pick<Trial, 'run'>[];
}

const marks = ['docker-distribution-api-version', 'docker-upload-uuid', 'docker-content-digest', 'range'] as const;

/** All that pushes and questions saw, whatever they were made for. Pure. */
export function observedOf({ api, trials }: SeenOver): Observed {
  const ages = trials.flatMap(({ run }) => run.attempts.flatMap((one) => [...agesOf(one)]));
  const requests = requestsOver(trials);
  const states = Object.values(api?.endpoints ?? {});
  const failures = [
    ...states.flatMap((state) => (state.up ? [] : [state.failure])),
    ...trials.flatMap(({ run }) => run.failure ?? []),
  ];
  const passed = trials.some(({ run }) => run.ok);
  const isMarked =
    passed || failures.some(({ answeredBy }) => answeredBy === 'registry') || requests.some(isOfRegistry);
  const registryAnswered =
    isMarked ||
    api?.endpoints.auth.up === true ||
    // With a note: a login was asked for, by whomever.
    (api?.endpoints.ping.up === true && api.endpoints.ping.note === undefined);
  return {
    registryAnswered,
    unmarked: !isMarked && requests.some(({ status }) => status !== undefined),
    sessionOpened: passed || requests.some(({ method, status }) => method === 'POST' && status === 202),
    sessionTaken: requests.some(
      ({ phase, status }) => (phase === 'send' || phase === 'commit') && (status ?? 500) < 300,
    ),
    rangeNotSaid: trials.some(({ run }) => run.ok && requestsOf(run).some(isWithoutRange)),
    tokenServed: requests.some(isToken),
    pingAsks: requests.some((one) => isPing(one) && one.status === 401),
    loginWorks: passed || requests.some(({ phase, status }) => phase === 'start' && (status ?? 500) < 300),
    portal: failures.some(isPortal),
    pagedPushes: failures.some(
      (failure) => isPortal(failure) && !isTokenReply(failure) && pushPhases.has(failure.phase),
    ),
    pingMissing:
      requests.some((one) => isPing(one) && one.status === 404) ||
      (api?.endpoints.ping.up === false && api.endpoints.ping.failure.status === 404),
    maintenance: failures.some(
      (failure) => failure.answeredBy !== 'registry' && maintenanceWords.test(wordsOf(failure)),
    ),
    everything404:
      failures.length > 0 && !registryAnswered && [...failures, ...requests].every(({ status }) => isAbsent(status)),
    crossedCloudflare: requests.some(({ responseHeaders }) => responseHeaders['cf-ray'] !== undefined),
    crossedSquid: requests.some(({ responseHeaders }) => /\(squid\b/i.test(responseHeaders['via'] ?? '')),
    plainBehind: failures.some(({ evidence }) => evidence.tlsProblem === 'plain_http_behind'),
    byTurns: isByTurns(requests),
    fullSegmentCame: trials.some(({ run }) => fullSegmentCame(run)),
    oldestTokenMs: Math.max(0, ...ages.map(({ leastMs, status }) => (status < 400 ? leastMs : 0))),
    youngestRefusedMs: Math.min(...ages.flatMap(({ mostMs, status }) => (status === 401 ? mostMs : []))),
  };
}

function isAbsent(status: number | undefined): boolean {
  return status === 404 || status === 410;
}

/** A header is on the answer that only a registry sets. */
export function isOfRegistry({ responseHeaders, status }: RequestRecord): boolean {
  return status !== undefined && marks.some((name) => responseHeaders[name] !== undefined);
}

function isWithoutRange({ method, status, plannedBytes, responseHeaders }: RequestRecord): boolean {
  return method === 'PATCH' && status === 202 && plannedBytes !== 0 && responseHeaders['range'] === undefined;
}

/** A request of the login that does not go to the registry's own API: the token service's. */
function isToken({ phase, url, status }: RequestRecord): boolean {
  return phase === 'auth' && status === 200 && !isPing({ url });
}

/** GET /v2/, by its URL. */
export function isPing({ url = '' }: { readonly url?: string | undefined }): boolean {
  return /\/v2\/(?:\?|$)/.test(url);
}

/** An answer of success in HTML where the registry's API should be. */
export function isPortal({ status, evidence, answeredBy }: Failure): boolean {
  const { headers, body = '' } = evidence;
  const isHtml = /^text\/html/i.test(headers?.['content-type'] ?? '') || /^<(?:!doctype )?html/i.test(body);
  return (status ?? 500) < 300 && answeredBy !== 'registry' && isHtml;
}

/** What the token service gives instead of a token. */
export function isTokenReply({ evidence }: Failure): boolean {
  return evidence.authProblem === 'token_reply_invalid';
}

/** Before a push is verified: what is asked for is there, or is made. */
const pushPhases: ReadonlySet<Phase> = new Set(['auth', 'start', 'send', 'wait', 'commit']);

const gateway: ReadonlySet<number> = new Set([502, 503, 504]);

function isByTurns(requests: readonly RequestRecord[]): boolean {
  // Requests without a body need nothing of the registry but that it is there.
  const bare = requests.filter(({ plannedBytes, phase }) => plannedBytes === 0 && phase !== 'commit');
  const isOfHop = (one: RequestRecord): boolean => gateway.has(one.status ?? 0) && !isOfRegistry(one);
  return bare.some((one) => {
    const alike = bare.filter((other) => isSameRequest(one, other));
    const [first, last] = [alike.findIndex(isOfHop), alike.findLastIndex(isOfHop)];
    return alike.slice(first, last).some(({ status }) => (status ?? 599) < 500);
  });
}

/** Same method, same host as it is written, same place: the names of blobs and sessions aside. */
function isSameRequest(one: RequestRecord, other: RequestRecord): boolean {
  return one.method === other.method && one.phase === other.phase && placeOf(one) === placeOf(other);
}

function placeOf({ url }: RequestRecord): string {
  return url.replace(/\?.*/, '').replace(/(\/blobs\/(?:uploads\/)?)[^/]+$/, '$1');
}

/**
 * Ages of the token with each request that bore it, from its coming. The registry looks at it somewhere between the start and the
 * end of a request: one that was taken was at least as old as at the start, one that was refused at most as old as at the end.
 */
function* agesOf({
  requests,
}: Attempt): Generator<{ readonly leastMs: number; readonly mostMs: number; readonly status: number }> {
  let cameAtMs: number | undefined;
  for (const request of requests) {
    const endMs = request.startMs + request.durationMs;
    if (isToken(request)) cameAtMs = endMs;
    else if (cameAtMs !== undefined)
      yield { leastMs: request.startMs - cameAtMs, mostMs: endMs - cameAtMs, status: request.status ?? 500 };
  }
}

/** How old the token was that the last request of a run bore, in milliseconds; undefined: it had none. */
export function lastTokenAge({ attempts }: Run): number | undefined {
  const last = attempts.at(-1);
  return last === undefined ? undefined : [...agesOf(last)].at(-1)?.mostMs;
}
