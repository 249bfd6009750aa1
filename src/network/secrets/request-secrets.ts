import { type Exchange, header } from '../exchange.ts';
import { parseUrl, percentDecoded } from '../parse-url.ts';

/** Request headers whose values may be shown wherever a server repeats them: those that the client's kind decides. */
const openRequestHeaders =
  /^(?:user-agent|accept|accept-encoding|connection|range|referer|content-type|content-length|content-range|docker-distribution-api-version)$/i;
/** Query parameters that say what is asked for: names and counts, not who asks. */
const openParameters = /^(?:service|scope|digest|mount|from|n)(?:=|$)/;
/**
 * Values of headers that are not the client's own. `credentials`: secrets in themselves, also in parts: what follows the scheme, the
 * password that Basic hides in base64. `around`: what they stand in, of which a part is none: scheme and credentials, user and password.
 */
export function headerSecrets(headers: readonly (readonly [name: string, value: string])[]): {
  credentials: string[];
  around: string[];
} {
  const values = headers.filter(([name]) => !openRequestHeaders.test(name));
  const parts = values.map(([, value]) => partsOf(value));
  return { credentials: parts.flatMap(({ own }) => own), around: parts.flatMap(({ around }) => around) };
}

/** Userinfo and query values of the URL asked and of the Location answered, decoded and as written. */
export function urlSecrets(exchange: Exchange): string[] {
  const { url } = exchange;
  const location = header(exchange, 'location');
  const next = location === undefined ? undefined : parseUrl(location, url);
  return [url, next].flatMap((one) => (one === undefined ? [] : secretsOf(one)));
}

function partsOf(value: string): { own: string[]; around: string[] } {
  const [, scheme = '', rest = ''] = /^(\S+) +(\S+)$/.exec(value) ?? [];
  const pair = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString('utf8') : '';
  const credentials = [rest, pair.slice(pair.indexOf(':') + 1)];
  return rest === '' ? { own: [value], around: [] } : { own: credentials, around: [value, pair] };
}

/** A digest is none; a query without `=` is all value. */
function secretsOf(url: URL): string[] {
  const decoded = [...url.searchParams]
    .filter(([name]) => !openParameters.test(name))
    .map(([name, value]) => (value === '' ? name : value));
  const written = url.search
    .slice(1)
    .split('&')
    .filter((part) => !openParameters.test(part))
    .map((part) => part.slice(part.indexOf('=') + 1));
  const values = [...decoded, ...written].filter((value) => !/^sha\d+(?::|%3A)[a-f0-9]+$/i.test(value));
  return [...values, url.username, url.password, percentDecoded(url.password)];
}
