import { type Exchange, header } from './exchange.ts';

/** Request headers whose values may be shown wherever a server repeats them: those that the client's kind decides. */
const openRequestHeaders =
  /^(?:user-agent|accept|accept-encoding|content-type|content-length|content-range|docker-distribution-api-version)$/i;
/** Shorter values are no secrets, and replacing them would tear words apart. */
const minSecretChars = 4;

/**
 * What a request told its server in confidence: credentials and extra headers, userinfo and query values of its URL, and those
 * of the Location in the answer. Debug pages and firewalls repeat the request they refuse. Longest first, since a part of a
 * secret that is one itself must not keep the whole from being found.
 */
export function requestSecrets(exchange: Exchange): readonly string[] {
  const { requestHeaders, url } = exchange;
  const location = header(exchange, 'location');
  const next = location !== undefined && URL.canParse(location, url.href) ? [new URL(location, url)] : [];
  return [
    ...Object.entries(requestHeaders).flatMap(([name, value]) =>
      openRequestHeaders.test(name) ? [] : spellings(value),
    ),
    ...[url, ...next].flatMap(urlSecrets),
  ]
    .filter((text) => text.length >= minSecretChars)
    .toSorted((a, b) => b.length - a.length);
}

/** A header's value, what follows its scheme, and what Basic hides in base64. */
function spellings(value: string): string[] {
  const [, scheme = '', rest = ''] = /^(\S+) +(\S+)$/.exec(value) ?? [];
  const pair = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString('utf8') : '';
  return [value, rest, pair, pair.slice(pair.indexOf(':') + 1)];
}

/** Decoded and as written. A digest is none; a query without `=` is all value. */
function urlSecrets(url: URL): string[] {
  const decoded = [...url.searchParams].map(([name, value]) => (value === '' ? name : value));
  const written = url.search
    .slice(1)
    .split('&')
    .map((part) => part.slice(part.indexOf('=') + 1));
  const values = [...decoded, ...written].filter((value) => !/^sha\d+(?::|%3A)[a-f0-9]+$/i.test(value));
  return [...values, url.username, url.password, decodeURIComponentSafely(url.password)];
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
