/** What stands between the sockets and the routes, in the terms of exporter-toolkit's `--web.config.file`. */
export interface WebConfig {
  /** Absent: plain HTTP. */
  readonly tls?: WebTls;
  /** Extra response headers; they win over our own. */
  readonly headers: Readonly<Record<string, string>>;
  /** Name → bcrypt hash. Empty: everybody may come in. */
  readonly users: ReadonlyMap<string, string>;
  readonly rateLimit?: { readonly intervalMs: number; readonly burst: number };
}

export type Pem = { readonly kind: 'inline'; readonly text: string } | { readonly kind: 'file'; readonly file: string };

export const clientAuthPolicies = [
  'NoClientCert',
  'RequestClientCert',
  'RequireAnyClientCert',
  'VerifyClientCertIfGiven',
  'RequireAndVerifyClientCert',
] as const;
/** Go's names: the file is shared with exporters written in Go. */
type ClientAuthPolicy = (typeof clientAuthPolicies)[number];

type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

export interface WebTls {
  readonly cert: Pem;
  readonly key: Pem;
  readonly clientCa?: Pem;
  readonly clientAuth: ClientAuthPolicy;
  /** Subject alternative names of which a client's certificate must have one; empty: none does. */
  readonly clientAllowedSans?: readonly string[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL's names, for TLS 1.2 and older; empty: Node's defaults. */
  readonly ciphers: readonly string[];
  readonly preferServerCiphers: boolean;
  /** OpenSSL's names; empty: Node's defaults. */
  readonly curves: readonly string[];
}

/**
 * Reads the file anew. Called for each connection and each request, as exporter-toolkit does, so that certificates and
 * passwords change without a restart. Throws an Error whose message names what is wrong, without secrets.
 */
export type WebConfigSource = () => WebConfig;
