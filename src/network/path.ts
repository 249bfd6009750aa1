import type { Secret } from './secrets/secret.ts';

/** One network way to a registry: where bytes go, and by which address, resolver, proxy and TLS settings they get there. */
export interface NetworkPath {
  readonly name: string;
  /** Scheme, host and port only, as written (an explicit `:443` goes out as Host), without trailing slash: `/v2/` must stand at the root of a registry's host. */
  readonly origin: string;
  /** What stands in the way as far as the operator knows; used for wording and blame, never for measurement. */
  readonly kind: PathKind;
  /** Connect to this host and port instead of the URL's, with Host header and SNI unchanged (like `curl --connect-to`). */
  readonly connectTo?: { readonly host: string; readonly port: number };
  /** Ask these resolvers (`address` or `address:port`) instead of the system's. Resolved anew for each connection. */
  readonly dnsServers: readonly string[];
  readonly family?: 4 | 6;
  readonly localAddress?: string;
  readonly proxy?: HttpProxy;
  /**
   * Chooses the proxy by URL (`proxyFromEnvironment`): `proxy` is what it says of `origin`, and answers may lead to other hosts.
   * Throws when it names one that cannot be used.
   */
  readonly environmentProxy?: (url: URL) => HttpProxy | undefined;
  /** Extra headers on each request that goes to one of the path's own hosts. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: PathTls;
  /** Hosts (`host` or `host:port`) besides the URL's own to which tokens and uploads may go. Reads follow redirects elsewhere, too. */
  readonly allowHosts: readonly string[];
  /** `rewrite`: ask for tokens at the path's own origin, whatever host the challenge names (Gitea's realm may be its public ROOT_URL). */
  readonly realm: 'follow' | 'rewrite';
}

export const pathKinds = ['direct', 'edge', 'ingress', 'loadbalancer', 'internal'] as const;
export type PathKind = (typeof pathKinds)[number];

/** An HTTP proxy: it is asked for a tunnel to https URLs, and asked itself, in absolute form, for http ones. */
export interface HttpProxy {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: Secret;
}

export interface PathTls {
  /** PEM file, read anew for each connection, so that a rotated CA or certificate is picked up. */
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  /** SNI and certificate name to expect, when not the URL's host. */
  readonly serverName?: string;
  readonly insecure: boolean;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** What of a path is as it is where nobody says otherwise. */
export const pathDefaults = {
  dnsServers: [],
  headers: {},
  tls: { insecure: false, minVersion: 'TLSv1.2' },
  allowHosts: [],
  realm: 'follow',
} as const satisfies Partial<NetworkPath>;
