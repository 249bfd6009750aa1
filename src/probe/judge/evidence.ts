import { type Exchange, header, type HttpResponse } from '../../network/exchange.ts';
import type { Redactor } from '../../network/secrets/redactor.ts';
import { bodyText } from './answered-by.ts';
import type { Facts } from './facts.ts';
import type { Evidence } from '../failure.ts';
import { type Challenge, parseChallenges } from '../../registry/auth/challenge.ts';
import { originOf, parseUrl } from '../../network/parse-url.ts';
import { tokenTimes } from './token-times.ts';

/** Response headers that tell hops apart or that an operator looks for in a log. None of them carries a credential. */
const shownHeaders = [
  'server',
  'via',
  'cf-ray',
  'cf-cache-status',
  'cf-mitigated',
  'cf-error-type',
  'x-cache',
  'age',
  'x-amz-cf-id',
  'x-envoy-upstream-service-time',
  'x-request-id',
  'x-served-by',
  'docker-distribution-api-version',
  'docker-upload-uuid',
  'docker-content-digest',
  'content-type',
  'x-envoy-overloaded',
  'x-envoy-ratelimited',
  'content-length',
  'range',
  'retry-after',
  'connection',
  'transfer-encoding',
  'warning',
  'proxy-authenticate',
  'x-squid-error',
  'oci-chunk-min-length',
] as const;
/** Puts something else in the place of secrets. */
type Redact = (text: string) => string;

const maxHeaderBytes = 200;
/** All shown headers together. With quotes escaped, the evidence of a failure stays below 4 KiB of JSON. */
const maxHeadersBytes = 700;
const maxBodyBytes = 500;
/** Of a body: enough to fill the above when tags and blanks are many. */
const readBodyBytes = 4096;
const maxUrlBytes = 400;

/**
 * A URL fit for logs and pages: no userinfo, and query values cut (upload states and signatures are credentials in effect).
 * `redact` sees it before it is shortened: the beginning of a secret would not be known for one.
 */
export function shownUrl(url: URL, redact: Redact = (text) => text): string {
  const query = [...url.searchParams].map(([name, value]) => {
    if (name === 'digest' && /^[a-z0-9+._-]{1,32}:[a-f0-9]{32,128}$/.test(value)) return `digest=${value}`;
    // A query without `=` is all value.
    return value !== '' && /^[\w.-]{1,32}$/.test(name) ? `${name}=…` : '…';
  });
  const shown = `${originOf(url)}${url.pathname}${query.length > 0 ? `?${query.join('&')}` : ''}`;
  return cleanText(redact(shown), maxUrlBytes);
}

/** The identifying headers of a response, bounded one by one and together, without control characters. */
export function shownResponseHeaders(
  response: HttpResponse | undefined,
  redact: Redact = (text) => text,
): Record<string, string> {
  const shown: Record<string, string> = {};
  let leftBytes = maxHeadersBytes;
  for (const name of shownHeaders) {
    const values = response?.headers[name];
    if (values !== undefined && values.length > 0 && leftBytes > name.length) {
      const value = cleanText(redact(values.join(', ')), Math.min(maxHeaderBytes, leftBytes - name.length));
      shown[name] = value;
      leftBytes -= name.length + Buffer.byteLength(value);
    }
  }
  return shown;
}

/** Text from a server that is not trusted: one line, no control or formatting characters, at most `maxBytes` of UTF-8. */
export function cleanText(text: string, maxBytes: number): string {
  const flat = text
    .slice(0, maxBytes * 4)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  if (Buffer.byteLength(flat) <= maxBytes) return flat;
  const bytes = Buffer.from(flat).subarray(0, Math.max(0, maxBytes - 3));
  // What was cut in the middle of a character decodes to U+FFFD.
  return `${bytes.toString('utf8').replace(/\uFFFD$/u, '')}…`;
}

/** What a person needs to believe the reason. `message` is our own wording; the rest is from the wire. */
export function evidenceOf(facts: Facts, message: string, redactor: Redactor): Evidence {
  const { exchange, network } = facts;
  return {
    message: cleanText(redactor.redact(message, exchange), 300),
    code: network === undefined ? undefined : cleanText(network.code, 60),
    timer: network?.timer,
    tlsProblem: network?.tlsProblem,
    authProblem: facts.authProblem,
    proxyStatus: network?.proxyAnswer?.status,
    ...(exchange === undefined ? {} : exchangeEvidence(exchange, network?.proxyAnswer, redactor)),
    ...(exchange === undefined || facts.step !== 'pull' ? {} : pullEvidence(exchange, redactor)),
  };
}

/** How far a pull came whose head said that the blob follows. */
function pullEvidence(exchange: Exchange, redactor: Redactor): Pick<Evidence, 'pulledBytes' | 'silentMs' | 'coding'> {
  const { response, silentMs, redirectedFrom, url } = exchange;
  const isList = !/\/(?:blobs|manifests)\//.test((redirectedFrom ?? url).pathname);
  if (isList || response === undefined || response.status >= 300) return {};
  const coding = header(exchange, 'content-encoding');
  return {
    pulledBytes: response.bodyBytes,
    silentMs: silentMs === undefined ? undefined : Math.round(silentMs),
    coding: coding === undefined ? undefined : cleanText(redactor.redact(coding, exchange), 60),
  };
}

/**
 * What a 401 asks for: realm, service, scope and the error that it names, of each challenge; nothing else of the header is shown.
 * Where there are two, the scheme that the request was sent with, too.
 */
function challengeOf(exchange: Exchange, redact: Redact): string | undefined {
  const challenges = parseChallenges(exchange.response?.headers['www-authenticate'] ?? []);
  const shown = challenges.map((challenge) => challengeText(challenge, redact));
  const sent = authorizationOf(exchange);
  if (shown.length === 0) return undefined;
  const text = cleanText(shown.join('; '), maxUrlBytes);
  if (shown.length === 1 || sent === undefined) return text;
  return `${text}; answered with ${/^basic /i.test(sent) ? 'basic' : 'bearer'}`;
}

/** What the request was sent with; a header of the path's own has the name as it was written. */
function authorizationOf({ requestHeaders }: Exchange): string | undefined {
  return Object.entries(requestHeaders).find(([name]) => name.toLowerCase() === 'authorization')?.[1];
}

function challengeText({ scheme, parameters }: Challenge, redact: Redact): string {
  const shown = ['realm', 'service', 'scope', 'error', 'error_description'].flatMap((name) => {
    const value = parameters.get(name);
    if (value === undefined) return [];
    const url = name === 'realm' ? parseUrl(value) : undefined;
    return [`${name}="${url === undefined ? redact(value) : shownUrl(url, redact)}"`];
  });
  return [scheme, ...shown].join(' ');
}

function exchangeEvidence(
  exchange: Exchange,
  proxyAnswer: HttpResponse | undefined,
  redactor: Redactor,
): Omit<Evidence, 'message'> {
  const { answerHead, opening } = exchange;
  const response = exchange.response ?? proxyAnswer;
  const redact: Redact = (text) => redactor.redact(text, exchange);
  const target = header(exchange, 'location');
  const location = target === undefined ? undefined : parseUrl(target, exchange.url);
  const range = header(exchange, 'range');
  const rayId = header(exchange, 'cf-ray');
  const body = cleanText(shownBody(response?.body ?? beginning(exchange), exchange, redactor), maxBodyBytes);
  return {
    method: exchange.method,
    url: shownUrl(exchange.url, redact),
    redirectedFrom: exchange.redirectedFrom === undefined ? undefined : shownUrl(exchange.redirectedFrom, redact),
    early: exchange.early,
    socketReused: exchange.socketReused,
    headers: shownResponseHeaders(response, redact),
    informational: answerHead?.informational === 0 ? undefined : answerHead?.informational,
    oddities: answerHead?.oddities.length === 0 ? undefined : answerHead?.oddities,
    tried: triedBefore(opening),
    httpVersion: exchange.connection?.httpVersion,
    challenge: challengeOf(exchange, redact),
    tokenTimes: exchange.response?.status === 401 ? tokenTimes(authorizationOf(exchange)) : undefined,
    body: body === '' ? undefined : body,
    range: range === undefined ? undefined : cleanText(redact(range), 60),
    askedRange: exchange.requestHeaders['range'],
    location: location === undefined ? undefined : shownUrl(location, redact),
    rayId: rayId === undefined ? undefined : cleanText(redact(rayId), 60),
    kernel: stuckBody(exchange),
    sinceLastByteMs: exchange.waitMs === undefined ? undefined : Math.round(exchange.waitMs),
  };
}

function stuckBody({ kernel }: Exchange): Evidence['kernel'] {
  if (kernel === undefined) return undefined;
  const { ackedBytes, mssBytes, pathMtuBytes, viaProxy, end } = kernel;
  const { unackedSegments, timeoutsInRow, probes, windowBytes } = end;
  return {
    ackedBytes,
    unackedSegments,
    timeoutsInRow,
    probes,
    windowBytes,
    mssBytes,
    pathMtuBytes,
    viaProxy,
  };
}

/** Header lines whose values let somebody in. */
const secretLines = /^((?:set-cookie|location|docker-upload-uuid|[^:\n]*(?:auth|token|key|session)[^:\n]*):).*$/gim;

/** All there is to show of what came and cannot be read. */
function beginning({ answerHead }: Exchange): Uint8Array {
  const text = Buffer.from(answerHead?.beginning ?? []).toString('latin1');
  return Buffer.from(text.replace(secretLines, '$1 …'));
}

/** The addresses of an opening, when there is something to say of them; a name may have very many. */
export function triedBefore(opening: Exchange['opening']): Evidence['tried'] {
  const tried = opening?.tried?.slice(0, 8).map(({ address, ms, code }) => ({ address, ms: Math.round(ms), code }));
  return tried?.some(({ code }) => code !== undefined) ? tried : undefined;
}

function shownBody(body: Uint8Array, exchange: Exchange, redactor: Redactor): string {
  const text = bodyText({ body }, readBodyBytes);
  return body.byteLength > readBodyBytes ? redactor.redactCut(text, exchange) : redactor.redact(text, exchange);
}
