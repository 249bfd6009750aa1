import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext, rootCertificates, type SecureContextOptions } from 'node:tls';
import { NetworkError } from './errors.ts';
import { isOwnHost } from './hosts.ts';
import type { NetworkPath } from './path.ts';
import { errorCode } from './resolve.ts';

/**
 * TLS options of a path for one target. The files are read anew for each connection, so that rotated ones take effect. Call it before
 * the clock of the handshake starts: reading files and loading certificates (tens of milliseconds for a CA besides the built-in ones)
 * is no time of the peer's. Throws NetworkError (stage `tls`) when a file cannot be read or used.
 */
export function tlsSettings(
  path: NetworkPath,
  target: { readonly host: string; readonly port: number },
  httpVersion: '1.1' | 'h2-if-offered',
): ConnectionOptions {
  const { tls } = path;
  const own = isOwnHost(path, target);
  const name = own ? (tls.serverName ?? target.host) : target.host;
  const settings: ConnectionOptions = {
    host: name,
    rejectUnauthorized: !tls.insecure,
    ALPNProtocols: httpVersion === '1.1' ? ['http/1.1'] : ['h2', 'http/1.1'],
  };
  if (isIP(name) === 0) {
    settings.servername = name;
  }
  const context: SecureContextOptions = { minVersion: tls.minVersion };
  try {
    if (tls.caFile !== undefined) {
      // The path's own host is checked against its CA alone; other allowed hosts (a public token service) may be either.
      const ca = readFileSync(tls.caFile, 'utf8');
      context.ca = own ? ca : [ca, ...rootCertificates];
    }
    if (own && tls.certFile !== undefined && tls.keyFile !== undefined) {
      context.cert = readFileSync(tls.certFile);
      context.key = readFileSync(tls.keyFile);
    }
    settings.secureContext = createSecureContext(context);
  } catch (error) {
    const code = errorCode(error) ?? 'EREAD';
    throw new NetworkError({
      stage: 'tls',
      code,
      message: `cannot use a certificate file of path ${path.name}: ${code}`,
      cause: error,
    });
  }
  return settings;
}
