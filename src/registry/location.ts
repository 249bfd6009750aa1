import { type Exchange, header } from '../network/exchange.ts';
import type { NetworkPath } from '../network/path.ts';
import { isAllowedHost } from '../network/hosts.ts';
import { ProtocolError, type ProtocolProblem, type Step } from './errors.ts';
import type { Refusal } from './refusals.ts';
import { parseUrl, WrittenUrl } from '../network/parse-url.ts';

/**
 * Where the next request of an upload goes: the `Location` of an answer, resolved against the URL that was asked. The only
 * place that vets it. Throws ProtocolError when it is missing, no http(s) URL, a downgrade from https to http, when the client
 * itself does not follow it (`refusesLocation`), or when it is on a host that the path does not allow: credentials and bytes must
 * not leave the path unseen.
 */
export function nextLocation(
  { path, refusesLocation }: { readonly path: NetworkPath; readonly refusesLocation?: Refusal | undefined },
  exchange: Exchange,
  step: Step,
): URL {
  const location = vettedLocation(exchange, step);
  const fail = (problem: ProtocolProblem, message: string): ProtocolError =>
    new ProtocolError({ step, problem, exchange, message });
  if (exchange.url.protocol === 'https:' && location.protocol === 'http:')
    throw fail('location_downgrade', `Location leads from https to http://${location.host}`);
  const refusal = refusesLocation?.(location, exchange.url);
  if (refusal !== undefined)
    throw fail('location_refused_by_client', `the client does not follow a Location ${refusal}`);
  if (!isAllowedHost(path, location)) {
    const message = `Location leads to ${location.host}, which path ${path.name} does not allow: our rule, not the client's`;
    throw fail('location_foreign', message);
  }
  return location;
}

/** The `Location` of an answer on whatever host; what goes there must be no secret. Throws ProtocolError. */
export function vettedLocation(exchange: Exchange, step: Step): URL {
  const value = header(exchange, 'location');
  const fail = (problem: ProtocolProblem, message: string): ProtocolError =>
    new ProtocolError({ step, problem, exchange, message });
  if (value === undefined || value === '')
    throw fail('location_missing', `${exchange.method} was answered without Location`);
  const location = parseUrl(value, exchange.url);
  if (location === undefined) throw fail('location_unparsable', 'Location is not a URL');
  if (location.protocol !== 'https:' && location.protocol !== 'http:')
    throw fail('location_unparsable', `Location has scheme ${location.protocol}`);
  if (location.username !== '' || location.password !== '')
    throw fail('location_unparsable', 'Location holds credentials');
  return location;
}

/** The commit URL of an upload: its Location verbatim, `digest` appended (percent-encoded, as the Go clients do). */
export function withDigest(location: URL, digest: string): URL {
  const url = new WrittenUrl(location);
  // Not through searchParams: that would re-encode what the registry put there, which must be replayed verbatim.
  url.search = `${location.search === '' ? '' : `${location.search}&`}digest=${encodeURIComponent(digest)}`;
  return url;
}
