import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import {
  checkServerIdentity,
  type ConnectionOptions,
  createSecureContext,
  type PeerCertificate,
  rootCertificates,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls';
import { NetworkError } from './exchange.ts';
import { isOwnHost } from './hosts.ts';
import type { NetworkPath } from './path.ts';
import { codeOf } from './errors.ts';

/** Paths and their two kinds of targets; more are loaded anew. */
const mostContexts = 64;
/** Loaded once for what is in the files, not for where they are: rotated ones are other ones. */
const contexts = new Map<string, SecureContext>();

/** Loading a CA besides the built-in ones takes tens of milliseconds of the event loop, which other runs would be late by. */
function contextOf(options: SecureContextOptions): SecureContext {
  // The built-in authorities are the same for all, and long.
  const { ca, ...others } = options;
  const own = Array.isArray(ca) ? ['and built-in', ca[0]] : [ca];
  const key = createHash('sha256')
    .update(JSON.stringify([own, others]))
    .digest('base64');
  const context = contexts.get(key) ?? createSecureContext(options);
  if (contexts.size >= mostContexts) contexts.clear();
  contexts.set(key, context);
  return context;
}

export type TlsSettings = ConnectionOptions & { readonly showsCertificate: boolean };

/** Go’s clients do not look at the common name (crypto/x509, since Go 1.15); Node does where a certificate has no other name. */
function checkName(host: string, certificate: PeerCertificate): Error | undefined {
  // `DNS:` is what newer versions of Node say of a list without names.
  if (!/:./.test(certificate.subjectaltname ?? ''))
    return Object.assign(new Error('no subjectAltName'), { code: 'CERT_NAME_IN_CN' });
  return checkServerIdentity(host, { ...certificate, subject: {} });
}

/**
 * TLS options of a path for one target. The files are read anew for each connection, so that rotated ones take effect. Call it before
 * the clock of the handshake starts: reading files and loading certificates (tens of milliseconds for a CA besides the built-in ones)
 * is no time of the peer's. Throws NetworkError (stage `tls`) when a file cannot be read or used.
 */
export function tlsSettings(
  path: NetworkPath,
  target: { readonly host: string; readonly port: number },
  httpVersion: '1.1' | 'h2-if-offered',
): TlsSettings {
  const { tls } = path;
  const own = isOwnHost(path, target);
  const name = own ? (tls.serverName ?? target.host) : target.host;
  const { caFile, certFile, keyFile } = tls;
  const shown = own && certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined;
  const settings: TlsSettings = {
    showsCertificate: shown !== undefined,
    host: name,
    rejectUnauthorized: !tls.insecure,
    checkServerIdentity: checkName,
    ALPNProtocols: httpVersion === '1.1' ? ['http/1.1'] : ['h2', 'http/1.1'],
  };
  if (isIP(name) === 0) settings.servername = name;
  const context: SecureContextOptions = { minVersion: tls.minVersion };
  try {
    if (caFile !== undefined) {
      // The path's own host is checked against its CA alone; other allowed hosts (a public token service) may be either.
      const ca = readFileSync(caFile, 'utf8');
      context.ca = own ? ca : [ca, ...rootCertificates];
    }
    if (shown !== undefined) {
      context.cert = readFileSync(shown.certFile);
      context.key = readFileSync(shown.keyFile);
    }
    settings.secureContext = contextOf(context);
  } catch (error) {
    const code = codeOf(error);
    throw new NetworkError({
      stage: 'tls',
      code,
      message: `cannot use a certificate file of path ${path.name}: ${code}`,
      cause: error,
      tlsProblem: 'own_files',
    });
  }
  return settings;
}
