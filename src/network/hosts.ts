import type { NetworkPath } from './path.ts';

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
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** Whether a URL stays on the path: its own host and port, or one that `allowHosts` names (`host` or `host:port`). */
export function isAllowedHost(path: NetworkPath, url: URL): boolean {
  const target = { host: bareHost(url), port: effectivePort(url) };
  return (
    isOwnHost(path, target) ||
    path.allowHosts.some((allowed) => allowed === url.hostname || allowed === `${url.hostname}:${target.port}`)
  );
}
