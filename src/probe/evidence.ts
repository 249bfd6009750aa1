import { type Exchange, header, type HttpResponse } from '../network/exchange.ts';
import { bodyText } from './answered-by.ts';
import type { Facts } from './facts.ts';
import type { Evidence } from './failure.ts';

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
const maxHeaderChars = 200;
const maxBodyChars = 500;

/** A URL fit for logs and pages: no userinfo, and query values cut (upload states and signatures are credentials in effect). */
export function shownUrl(url: URL): string {
  const query = [...url.searchParams.keys()].map((name) =>
    name === 'digest' ? `digest=${url.searchParams.get('digest') ?? ''}` : `${name}=…`,
  );
  return cleanText(`${url.origin}${url.pathname}${query.length > 0 ? `?${query.join('&')}` : ''}`, 400);
}

/** The identifying headers of a response, bounded, without control characters; a Location without its query values. */
export function shownResponseHeaders(response: HttpResponse | undefined): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const name of shownHeaders) {
    const values = response?.headers[name];
    if (values !== undefined && values.length > 0) {
      shown[name] = cleanText(values.join(', '), maxHeaderChars);
    }
  }
  return shown;
}

/** Text from a server that is not trusted: one line, no control or formatting characters, at most `maxChars`. */
export function cleanText(text: string, maxChars: number): string {
  const flat = text
    .slice(0, maxChars * 4)
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim();
  return flat.length > maxChars ? `${flat.slice(0, maxChars - 1)}…` : flat;
}

/** What a person needs to believe the reason. `message` is our own wording; the rest is from the wire. */
export function evidenceOf(facts: Facts, message: string): Evidence {
  const { exchange, network } = facts;
  return {
    message: cleanText(message, 300),
    ...(network === undefined ? {} : { code: network.code }),
    ...(network?.timer === undefined ? {} : { timer: network.timer }),
    ...(exchange === undefined ? {} : exchangeEvidence(exchange)),
  };
}

function exchangeEvidence(exchange: Exchange): Omit<Evidence, 'message'> {
  const { response } = exchange;
  const location = header(exchange, 'location');
  const range = header(exchange, 'range');
  const rayId = header(exchange, 'cf-ray');
  const body = response === undefined ? '' : cleanText(bodyText(response, 4096), maxBodyChars);
  return {
    method: exchange.method,
    url: shownUrl(exchange.url),
    early: exchange.early,
    socketReused: exchange.socketReused,
    headers: shownResponseHeaders(response),
    ...(exchange.connection === undefined ? {} : { httpVersion: exchange.connection.httpVersion }),
    ...(body === '' ? {} : { body }),
    ...(range === undefined ? {} : { range: cleanText(range, 60) }),
    ...(location === undefined || !URL.canParse(location, exchange.url.href)
      ? {}
      : { location: shownUrl(new URL(location, exchange.url)) }),
    ...(rayId === undefined ? {} : { rayId: cleanText(rayId, 60) }),
    ...(exchange.waitMs === undefined ? {} : { sinceLastByteMs: Math.round(exchange.waitMs) }),
  };
}
