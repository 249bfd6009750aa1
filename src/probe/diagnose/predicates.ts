import { pageMarks } from '../judge/answered-by.ts';
import type { TlsProblem } from '../../network/tls-problem.ts';
import type { AnsweredBy, Failure, FailureReason } from '../failure.ts';
import { isCut, isHungUp } from '../judge/is-cut.ts';
import { maintenanceWords, saidByRegistry, unreachableWords, wordsOf } from '../judge/words.ts';
import { timesAsked } from '../outcome.ts';
import type { Arrived } from './arrived.ts';
import type { Contrast } from './contrast.ts';
import type { Match } from './match.ts';
import { isPortal } from './observed.ts';

/** A reason, and who answered; undefined: whoever did. */
export const is =
  (reason: FailureReason, by?: AnsweredBy, also: Match = () => true): Match =>
  (f, x) =>
    f.reason === reason && (by === undefined || f.answeredBy === by) && also(f, x);

export const either =
  (...matches: readonly Match[]): Match =>
  (f, x) =>
    matches.some((match) => match(f, x));

export const status =
  (...values: readonly number[]): Match =>
  (f) =>
    values.some((value) => value === f.status);

/** The answer's own words. */
export const says =
  (words: RegExp): Match =>
  (f) =>
    words.test(wordsOf(f));

/** Why TLS did not come about. */
export const tlsProblem =
  (...problems: readonly TlsProblem[]): Match =>
  ({ evidence }) =>
    problems.some((problem) => problem === evidence.tlsProblem);

/** The code of the network error. */
export const code =
  (codes: RegExp): Match =>
  (f) =>
    codes.test(f.evidence.code ?? '');

export const isGateway: Match = (f) => f.status === 502 || f.status === 503 || f.status === 504;
/** What is wrong with the bytes showed on the way there, not on the way back. */
export const isPushed: Match = ({ phase }) => phase !== 'pull';
/** After the last byte of the body. */
export const inWait: Match = (f) => f.phase === 'wait' || f.phase === 'commit';
export const crossedCloudflare: Match = (f) => f.evidence.rayId !== undefined || f.answeredBy === 'cloudflare';
/** Refused or hung up on by a hop, and only where a body declares no length; that it is too large is another matter. */
export const lengthDecides: Match = (f, x) =>
  x.onlyStreamedFails &&
  (f.phase === 'send' || inWait(f, x)) &&
  f.answeredBy !== 'registry' &&
  (isHungUp(f) || ((f.status ?? 0) >= 400 && f.reason !== 'body_too_large' && f.reason !== 'response_timeout'));

/** Whenever the registry was asked for the sessions of a failure, it knew them: it is the request that it does not understand. */
export function alwaysKnown({ session: { known, disowned } }: Pick<Contrast, 'session'>): boolean {
  return known >= timesAsked && disowned === 0;
}

/** Cut without a word here, not on another path and not as a small body, and so much of it is at the registry. */
export const isCutWith =
  (...arrived: readonly Arrived[]): Match =>
  (f, x) =>
    isCut(f) && arrived.some((share) => share === x.arrived) && x.smallPassed;

export const atLimitOfTime: Match = (f, x) =>
  x.endedAfterMs !== undefined && f.elapsedMs >= 0.9 * x.endedAfterMs && f.phase !== 'start' && f.phase !== 'auth';

/** What the kernels of two hosts hold for each other at most, as Linux comes: 4 MiB to be sent, and 32 MiB to be read (6 MiB before 6.16). */
const mostBufferedBytes = 36 * 1024 * 1024;

/** At the pace at which this host's kernel took the body its last bytes may not have come to the hop yet; what is constant is no time after them. */
export const mayBeUnderWay: Match = ({ phase, elapsedMs, sentBytes, evidence: { sinceLastByteMs: waitedMs } }, x) =>
  phase === 'wait' &&
  waitedMs !== undefined &&
  (x.constantMs === undefined || x.constantMs > waitedMs) &&
  sentBytes * waitedMs <= mostBufferedBytes * (elapsedMs - waitedMs);

/** Cut when nothing had moved for about as long as a small body was allowed to rest; an end of our own making is none. */
export const cutInSilence: Match = (f, x) =>
  isCut(f) && f.evidence.timer === undefined && x.idleEndedAfterMs !== undefined && !atLimitOfTime(f, x);

/** nginx never says 503 of a server that it does not reach; Traefik says 502 then, and “no available server” when it knows none. */
export function saysItself({ status: answered, answeredBy, evidence }: Failure): boolean {
  const isOfTraefik = answeredBy === 'traefik' && !unreachableWords.test(evidence.body ?? '');
  return answered === 503 && (answeredBy === 'nginx' || isOfTraefik);
}

/** Envoy’s words for silence, of a body and of an answer. */
export const saysStreamTimeout: Match = says(/\bstream timeout/i);

/** An answer without words belongs to the page that others got: HEAD has none. */
export const ofMaintenance: Match = (f, x) =>
  (f.status ?? 0) >= 500 &&
  f.answeredBy !== 'registry' &&
  (says(maintenanceWords)(f, x) || (isEmpty(f) && x.maintenance));

/** Words of a filter that lets a request not through. */
export const blockWords =
  /modsecurity|web application firewall|\bwaf\b|access denied|request (?:was |has been )?(?:blocked|rejected)|requested url was rejected|web ?page (?:is )?blocked|incapsula incident|rbac: access denied|forbidden by rule/i;

/** Success that no registry answers with, on a path on which nothing bears a mark of one, and no upload was opened. */
export const ofNoRegistry: Match = (f, x) =>
  (f.status ?? 500) < 300 &&
  f.answeredBy !== 'registry' &&
  (f.reason === 'unexpected_response' || f.reason === 'location_invalid') &&
  !x.sessionOpened &&
  x.unmarked;

/** A page of success in the place of an answer, by a filter that says what it did. */
export const saysBlocked: Match = (f, x) => isPortal(f) && says(blockWords)(f, x);

/** Words of a hop that found the headers too large. */
export const headerWords =
  /request header or cookie too large|header(?:s| field| fields)? too (?:large|long|big)|request header fields exceeds|upstream sent too big header|size of a request header field exceeds/i;

/** 4xx. */
export function isRefusal({ status: answered = 0 }: Failure): boolean {
  return answered >= 400 && answered < 500;
}

/** Words of a registry that knows the login, and does not let it do this. Harbor's are the same for a token that it does not accept. */
export const scopeWords =
  /insufficient_scope|requested access to the resource is denied|reqPackageAccess|Gitea Package API|\bDENIED\b|unauthorized to access repository/i;

/** Words of a registry to which the login is known, and too old. */
export const expiredWords = /\b(?:authorization |access )?(?:token|password|credentials?) (?:has|have|is|are) expired/i;

/** Words of a registry that lets only some addresses in. */
export const foreignAddressWords =
  /\b(?:client with )?ip(?: address)?\b.{0,60}\b(?:not (?:allowed|permitted|authorized|whitelisted)|denied|blocked)|\bip allow ?list/i;

/** The host of the realm does not resolve: it is wrong rather than away. */
export function namesNobody({ evidence }: Failure): boolean {
  return /^(?:ENOTFOUND|ENODATA|EAI_)/.test(evidence.code ?? '');
}

/** The 401 names no way to log in. */
export function namesNoService({ evidence }: Failure): boolean {
  return evidence.authProblem === 'challenge_missing' || evidence.authProblem === 'challenge_unparsable';
}

/** The challenge names a token service that our own rule keeps us from. */
export function isNotAsked({ evidence }: Failure): boolean {
  return evidence.authProblem === 'realm_not_allowed';
}

export function lengthMissing({ status: answered, evidence }: Failure): boolean {
  return answered === 200 && evidence.headers !== undefined && evidence.headers['content-length'] === undefined;
}

/** The answer should say where to go on, and does not. */
export function hasNoLocation({ evidence }: Failure): boolean {
  return evidence.location === undefined;
}

/** The answer is a redirect, whatever its Location is. */
export function isRedirect({ status: answered = 0 }: Failure): boolean {
  return answered >= 300 && answered < 400;
}

/** A hop redirects what is read, on a path on which the registry opens uploads. */
export const redirectsRead: Match = (f, x) =>
  isRedirect(f) &&
  f.answeredBy !== 'registry' &&
  (f.evidence.method === 'GET' || f.evidence.method === 'HEAD') &&
  x.sessionOpened;

export function leavesTls({ evidence }: Failure): boolean {
  return evidence.url?.startsWith('https:') === true && evidence.location?.startsWith('http:') === true;
}

/** The other way: http was asked for, and the Location is https at the same host. */
export function entersTls({ evidence: { url, location } }: Failure): boolean {
  const host = hostAfter('https://', location);
  return host !== undefined && hostAfter('http://', url) === host;
}

/** https was asked for, and the token service that the challenge names is http at the same host. */
export function realmLeavesTls({ evidence: { url, challenge = '' } }: Failure): boolean {
  const host = hostAfter('http://', /\brealm="([^"]*)"/.exec(challenge)?.[1]);
  return host !== undefined && hostAfter('https://', url) === host;
}

/** As text: a host that a secret was taken out of is none for `URL`, and still the same host. */
function hostAfter(scheme: string, url = ''): string | undefined {
  return url.startsWith(scheme) ? /^(?:\[[^\]]*\]|[^/:?#]+)/.exec(url.slice(scheme.length))?.[0] : undefined;
}

/** The request had been redirected, and where it led nobody answers. */
export const leadsNowhere: Match = (f) =>
  f.evidence.redirectedFrom !== undefined &&
  f.answeredBy === 'none' &&
  ['dns_failure', 'connect_refused', 'connect_timeout', 'tls_failure'].includes(f.reason);

/** It was a read of a blob: registries send those to their store. */
export function leadsToStore({ evidence }: Failure): boolean {
  return /\/blobs\/[^/]+:/.test(evidence.redirectedFrom ?? '');
}

/** A store of blobs, to which the registry had redirected a read, answered with a refusal or an error. */
export const storeRefuses: Match = (f) => leadsToStore(f) && (f.status ?? 0) >= 400 && f.answeredBy !== 'registry';

/** A page for people, which no registry writes, from somebody who does not show to be one. */
export function isPageOfHop({ answeredBy, evidence }: Failure): boolean {
  return answeredBy !== 'registry' && pageMarks.test(evidence.body ?? '');
}

/** An answer without words. */
export function isEmpty({ evidence }: Failure): boolean {
  return (evidence.body ?? '') === '';
}

/** Cloudflare's own codes, and words of a CDN or tunnel, say which leg is broken: those have rows of their own. */
export function namedByEdge(f: Failure): boolean {
  const { answeredBy, status: answered = 0, evidence } = f;
  return (
    (answered >= 520 && answered <= 530) ||
    answeredBy === 'cloudfront' ||
    /unable to reach the origin service/i.test(evidence.body ?? '')
  );
}

/** A registry in maintenance says so; a file system that was mounted so is another trouble. */
const readOnlyWords: Match = says(/read[- ]?only(?! file ?system)/i);

/** The registry takes no uploads: in words, which a page over both paths says as well, or because it knows no POST where uploads begin. */
export const readOnly: Match = (f, x) =>
  ((saidByRegistry(f) || (x.direct === 'same' && (f.status ?? 0) >= 400)) && readOnlyWords(f, x)) ||
  (saidByRegistry(f) && f.reason === 'method_not_allowed' && f.phase === 'start');

/** Hops whose limits on time have rows of their own. */
const known: readonly AnsweredBy[] = [
  'registry',
  'nginx',
  'traefik',
  'haproxy',
  'envoy',
  'alb',
  'cloudfront',
  'apache',
];

/** Answered by a hop without such rows, or by nobody. */
export function ofStranger({ answeredBy }: Failure): boolean {
  return !known.includes(answeredBy);
}
