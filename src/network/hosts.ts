import type { NetworkPath } from './path.ts';
import { parseUrl } from './parse-url.ts';

/** Whether a target is the path's own host and port: only there do connectTo, serverName and client certificates apply. */
export function isOwnHost(path: NetworkPath, target: { readonly host: string; readonly port: number }): boolean {
  const own = new URL(path.origin);
  return bareHost(own) === target.host && effectivePort(own) === target.port;
}

/** Port of a URL, the scheme's default when it names none. */
export function effectivePort(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

/** Host of a URL without the brackets of an IPv6 literal. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/[[\]]/g, '');
}

/** A host as URLs have it: an IPv6 literal in brackets. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * Whether credentials, tokens and uploads of this path may go to the URL's host.
 * - The path's own host and port, in the path's scheme. `connectTo` changes the address, not the host, and so nothing here.
 *   An http path on port 80 also owns https on 443 of the same name: that only protects more.
 * - `allowHosts`: `host` stands for the scheme's default port, `host:port` for that port. Both mean https when the path is
 *   https, because credentials would otherwise go in clear; `http://host[:port]` allows that on purpose.
 * Names are compared after URL normalisation, so `127.1` or `0x7f000001` are the `127.0.0.1` they reach.
 */
export function isAllowedHost(path: Pick<NetworkPath, 'origin' | 'allowHosts'>, url: URL): boolean {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return false;
  return isOwnOrigin(path, url) || path.allowHosts.some((entry) => matches(entry, url, new URL(path.origin).protocol));
}

/** Whether the URL is at the path's own origin (see `isAllowedHost`). */
export function isOwnOrigin(path: Pick<NetworkPath, 'origin'>, url: URL): boolean {
  const own = new URL(path.origin);
  return url.origin === own.origin || (own.port === '' && url.origin === `https://${own.hostname}`);
}

function matches(entry: string, url: URL, pathProtocol: string): boolean {
  const explicit = entry.includes('://');
  if (!explicit && pathProtocol === 'https:' && url.protocol !== 'https:') return false;
  const text = explicit ? entry : `${url.protocol}//${entry}`;
  return parseUrl(text)?.origin === url.origin;
}
