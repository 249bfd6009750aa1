import { type Exchange, header } from '../network/exchange.ts';
import type { NetworkPath } from '../network/path.ts';
import { isAllowedHost } from '../network/hosts.ts';
import { ProtocolError, type ProtocolProblem, type Step } from './errors.ts';
import { parseUrl } from '../network/parse-url.ts';

/**
 * Where the next request of an upload goes: the `Location` of an answer, resolved against the URL that was asked. The only
 * place that vets it. Throws ProtocolError when it is missing, no http(s) URL, a downgrade from https to http, or on a host
 * that the path does not allow: credentials and bytes must not leave the path unseen.
 */
export function nextLocation(path: NetworkPath, exchange: Exchange, step: Step): URL {
  const value = header(exchange, 'location');
  const fail = (problem: ProtocolProblem, message: string): ProtocolError =>
    new ProtocolError({ step, problem, exchange, message });
  if (value === undefined || value === '') {
    throw fail('location_missing', `${exchange.method} was answered without Location`);
  }
  const location = parseUrl(value, exchange.url);
  if (location === undefined) {
    throw fail('location_unparsable', 'Location is not a URL');
  }
  if (location.protocol !== 'https:' && location.protocol !== 'http:') {
    throw fail('location_unparsable', `Location has scheme ${location.protocol}`);
  }
  if (location.username !== '' || location.password !== '') {
    throw fail('location_unparsable', 'Location holds credentials');
  }
  if (exchange.url.protocol === 'https:' && location.protocol === 'http:') {
    throw fail('location_downgrade', `Location leads from https to http://${location.host}`);
  }
  if (!isAllowedHost(path, location)) {
    throw fail('location_foreign', `Location leads to ${location.host}, which path ${path.name} does not allow`);
  }
  return location;
}

/** The commit URL of an upload: its Location verbatim, `digest` appended (percent-encoded, as the Go clients do). */
export function withDigest(location: URL, digest: string): URL {
  const url = new URL(location);
  // Not through searchParams: that would re-encode what the registry put there, which must be replayed verbatim.
  url.search = `${location.search === '' ? '?' : `${location.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}
