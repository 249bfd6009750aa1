import { type Exchange, header, type HttpResponse } from '../network/exchange.ts';
import type { Confidences } from '../network/confidences.ts';
import { bodyText } from './answered-by.ts';
import type { Facts } from './facts.ts';
import type { Evidence } from './failure.ts';
import { parseUrl } from '../network/parse-url.ts';

/** Response headers that tell hops apart or that an operator looks for in a log. None of them carries a credential. */
const shownHeaders = [
  'server',
  'via',
  'cf-ray',
  'cf-cache-status',
  'cf-mitigated',
  'cf-error-type',
  'x-cache',
  'x-amz-cf-id',
  'x-envoy-upstream-service-time',
  'x-request-id',
  'x-served-by',
  'docker-distribution-api-version',
  'docker-upload-uuid',
  'docker-content-digest',
  'content-type',
  'content-length',
  'range',
  'retry-after',
  'connection',
  'warning',
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
    if (name === 'digest' && /^[a-z0-9+._-]{1,32}:[a-f0-9]{32,128}$/.test(value)) {
      return `digest=${value}`;
    }
    // A query without `=` is all value.
    return value !== '' && /^[\w.-]{1,32}$/.test(name) ? `${name}=…` : '…';
  });
  const shown = `${url.origin}${url.pathname}${query.length > 0 ? `?${query.join('&')}` : ''}`;
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
  if (Buffer.byteLength(flat) <= maxBytes) {
    return flat;
  }
  const bytes = Buffer.from(flat).subarray(0, Math.max(0, maxBytes - 3));
  // What was cut in the middle of a character decodes to U+FFFD.
  return `${bytes.toString('utf8').replace(/\uFFFD+$/u, '')}…`;
}

/** What a person needs to believe the reason. `message` is our own wording; the rest is from the wire. */
export function evidenceOf(facts: Facts, message: string, confidences: Confidences): Evidence {
  const { exchange, network } = facts;
  return {
    message: cleanText(confidences.blank(message, exchange), 300),
    ...(network === undefined ? {} : { code: cleanText(network.code, 60) }),
    ...(network?.timer === undefined ? {} : { timer: network.timer }),
    ...(exchange === undefined ? {} : exchangeEvidence(exchange, confidences)),
  };
}

function exchangeEvidence(exchange: Exchange, confidences: Confidences): Omit<Evidence, 'message'> {
  const { response } = exchange;
  const redact: Redact = (text) => confidences.blank(text, exchange);
  const target = header(exchange, 'location');
  const location = target === undefined ? undefined : parseUrl(target, exchange.url);
  const range = header(exchange, 'range');
  const rayId = header(exchange, 'cf-ray');
  const body = response === undefined ? '' : cleanText(shownBody(response, exchange, confidences), maxBodyBytes);
  return {
    method: exchange.method,
    url: shownUrl(exchange.url, redact),
    early: exchange.early,
    socketReused: exchange.socketReused,
    headers: shownResponseHeaders(response, redact),
    ...(exchange.connection === undefined ? {} : { httpVersion: exchange.connection.httpVersion }),
    ...(body === '' ? {} : { body }),
    ...(range === undefined ? {} : { range: cleanText(redact(range), 60) }),
    ...(location === undefined ? {} : { location: shownUrl(location, redact) }),
    ...(rayId === undefined ? {} : { rayId: cleanText(redact(rayId), 60) }),
    ...(exchange.waitMs === undefined ? {} : { sinceLastByteMs: Math.round(exchange.waitMs) }),
  };
}

function shownBody(response: HttpResponse, exchange: Exchange, confidences: Confidences): string {
  const text = bodyText(response, readBodyBytes);
  return response.body.byteLength > readBodyBytes
    ? confidences.blankCut(text, exchange)
    : confidences.blank(text, exchange);
}
