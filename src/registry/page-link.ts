import { type Exchange, header } from '../network/exchange.ts';
import { isAllowedHost } from '../network/hosts.ts';
import type { NetworkPath } from '../network/path.ts';
import { ProtocolError } from './errors.ts';
import { parseUrl } from '../network/parse-url.ts';

/**
 * Where the next page of a list is: the `rel="next"` of the Link header (RFC 8288; distribution specification, end-8b), resolved
 * against the URL that was asked. undefined: this was the last page. Throws ProtocolError when the link is no http(s) URL, a
 * downgrade from https to http, or on a host that the path does not allow.
 */
export function nextPage(path: NetworkPath, exchange: Exchange): URL | undefined {
  const target = nextTarget(header(exchange, 'link'));
  if (target === undefined) return undefined;
  const facts = { step: 'pull', exchange } as const;
  const url = parseUrl(target, exchange.url);
  if (url === undefined) {
    throw new ProtocolError({
      ...facts,
      problem: 'location_unparsable',
      message: 'Link to the next page is not a URL',
    });
  }
  if (exchange.url.protocol === 'https:' && url.protocol === 'http:') {
    const message = `Link to the next page leads from https to http://${url.host}`;
    throw new ProtocolError({ ...facts, problem: 'location_downgrade', message });
  }
  if (url.username !== '' || url.password !== '' || !isAllowedHost(path, url)) {
    const message = `Link to the next page leads to ${url.host}, which path ${path.name} does not allow`;
    throw new ProtocolError({ ...facts, problem: 'location_foreign', message });
  }
  return url;
}

/** The target of the first link with rel=next, as registries write it; longer headers than 4 KiB are not looked at. */
function nextTarget(value: string | undefined): string | undefined {
  if (value === undefined || value.length > 4_096) return undefined;
  for (const [, target, parameters = ''] of value.matchAll(/<([^<>]*)>([^<>]*)/g))
    if (/;\s*rel\s*=\s*"?(?:[\w-]+ )*next\b/i.test(parameters)) return target;
  return undefined;
}
