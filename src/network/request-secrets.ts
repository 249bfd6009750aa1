import { type Exchange, header } from './exchange.ts';
import { parseUrl } from './parse-url.ts';

/** Request headers whose values may be shown wherever a server repeats them: those that the client's kind decides. */
const openRequestHeaders =
  /^(?:user-agent|accept|accept-encoding|content-type|content-length|content-range|docker-distribution-api-version)$/i;
/** Query parameters that say what is asked for: names and counts, not who asks. */
const openParameters = /^(?:service|scope|digest|mount|from|n)$/;
/** Shorter values are no secrets, and replacing them would tear words apart. */
const minSecretChars = 4;

/**
 * What a request told its server in confidence: credentials and extra headers, userinfo and query values of its URL, and those
 * of the Location in the answer. Debug pages and firewalls repeat the request they refuse. Longest first, since a part of a
 * secret that is one itself must not keep the whole from being found.
 */
export function requestSecrets(exchange: Exchange): readonly string[] {
  return longestFirst([...headerSecrets(exchange.requestHeaders), ...urlSecrets(exchange)]);
}

/** Values of headers that are not the client's own; of credentials also what follows the scheme, and what Basic hides in base64. */
export function headerSecrets(headers: Exchange['requestHeaders']): string[] {
  return Object.entries(headers).flatMap(([name, value]) => (openRequestHeaders.test(name) ? [] : parts(value)));
}

/** Userinfo and query values of the URL asked and of the Location answered, decoded and as written. */
export function urlSecrets(exchange: Exchange): string[] {
  const { url } = exchange;
  const location = header(exchange, 'location');
  const next = location === undefined ? undefined : parseUrl(location, url);
  return [url, next].flatMap((one) => (one === undefined ? [] : secretsOf(one)));
}

/** How servers write a text they repeat: as it is, in URLs, forms, JSON and HTML. */
export function secretSpellings(secret: string): string[] {
  // Without lone surrogates, at which the encoders throw.
  const wellFormed = Buffer.from(secret, 'utf8').toString('utf8');
  const inHtml = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return [
    secret,
    encodeURIComponent(wellFormed),
    encodeURI(wellFormed),
    new URLSearchParams({ v: secret }).toString().slice(2),
    JSON.stringify(secret).slice(1, -1),
    inHtml,
    inHtml.replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
    inHtml.replaceAll('"', '&#34;').replaceAll("'", '&#39;'),
  ];
}

/** Each once, the longest first, without what is too short to be a secret. */
export function longestFirst(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text.length >= minSecretChars).toSorted((a, b) => b.length - a.length);
}

function parts(value: string): string[] {
  const [, scheme = '', rest = ''] = /^(\S+) +(\S+)$/.exec(value) ?? [];
  const pair = scheme.toLowerCase() === 'basic' ? Buffer.from(rest, 'base64').toString('utf8') : '';
  return [value, rest, pair, pair.slice(pair.indexOf(':') + 1)];
}

/** A digest is none; a query without `=` is all value. */
function secretsOf(url: URL): string[] {
  const decoded = [...url.searchParams]
    .filter(([name]) => !openParameters.test(name))
    .map(([name, value]) => (value === '' ? name : value));
  const written = url.search
    .slice(1)
    .split('&')
    .filter((part) => !openParameters.test(part.split('=', 1)[0] ?? ''))
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
