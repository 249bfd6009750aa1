import { plainToTlsWords } from '../judge/words.ts';
import type { Match } from './match.ts';
import { either, says } from './predicates.ts';
import type { AnsweredBy } from '../failure.ts';

/**
 * A hop gives up waiting, also where nothing of the registry is needed but that it is there; and that it is so slow shows on no path. Then
 * it may not even have a connection: nginx says 504 of both.
 */
export const asksInVain: Match = (f, x) =>
  f.reason === 'response_timeout' &&
  f.status === 504 &&
  f.answeredBy !== 'registry' &&
  x.bareFails &&
  !x.registryAnswered &&
  x.direct !== 'slow';

/**
 * A forward proxy gets requests without TLS whole, and may answer them itself: squid names itself, and of others it is said where nothing comes
 * through that works over another path.
 */
export const ofForwardProxy: Match = (f, x) => {
  const isNameless = f.answeredBy === 'other' && x.bareFails && !x.registryAnswered && x.direct === 'ok';
  return x.throughProxy && (f.answeredBy === 'squid' || isNameless) && f.evidence.url?.startsWith('http:') === true;
};

/** Words of TLS that did not come about behind a hop. */
export const hopTlsWords = new RegExp(`TLS_error|SSL routines|WRONG_VERSION_NUMBER|${plainToTlsWords.source}`, 'i');

/**
 * What the client spoke was right: behind the hop that answered, one side speaks TLS, and the other does not. Go answers plain HTTP on a port of TLS
 * without a single header; whoever passes that on adds some, but for HAProxy.
 */
export const hopTlsDiffers: Match = (f, x) => {
  const hasHeaders = Object.keys(f.evidence.headers ?? {}).length > 0;
  const isOfGo = /HTTP request to an HTTPS server/i.test(f.evidence.body ?? '') && hasHeaders;
  const isToldBehind = x.plainBehind || f.evidence.tlsProblem === 'plain_http_behind';
  const isBehind = isOfGo || isToldBehind || f.evidence.url?.startsWith('https:') === true || (f.status ?? 0) >= 500;
  return f.status !== undefined && isBehind && says(hopTlsWords)(f, x);
};

/** Envoy’s words for a server that does not speak its version of HTTP. */
export const httpVersionWords = /reset reason: protocol error/i;

/** Every request is answered with bytes that are no answer. */
export const notHttp: Match = (f, x) => f.evidence.code === 'UNREADABLE_ANSWER' && x.bareFails && !x.registryAnswered;

/** The token service gave no token, with one of these statuses. */
export const tokenRefusedWith =
  (...statuses: readonly number[]): Match =>
  ({ evidence, status = 0 }) =>
    evidence.authProblem === 'token_refused' && statuses.includes(status);

/** Nobody known, or known by a name that stands on whatever passes. */
const unknownByPage: ReadonlySet<AnsweredBy> = new Set(['registry', 'none', 'other', 'cloudflare', 'cloudfront']);

/** A hop that is known by its page refuses the way to the token service. */
export const hopRefusesToken: Match = (f, x) => tokenRefusedWith(403)(f, x) && !unknownByPage.has(f.answeredBy);

/** Statuses with which a token service says that nothing is there, or that there were too many. */
export const missingStatuses = [404, 405, 410] as const;

/** Only Basic was asked for, and that has no tokens. */
export const asksForNoToken: Match = ({ evidence: { challenge = '' } }) =>
  /\bbasic\b/i.test(challenge) && !/\bbearer\b/i.test(challenge);

/** What refuses the token says nothing of the login. */
export const notOfLogin: Match = either(hopRefusesToken, tokenRefusedWith(...missingStatuses, 429));
