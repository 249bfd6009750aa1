import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { isIPv6 } from 'node:net';
import type { SecureContextOptions, Server as TlsServer, TLSSocket } from 'node:tls';
import { parseUrl } from '../network/parse-url.ts';
import type { ServerLog } from './deps.ts';
import type { WebHandler, WebServer } from './web-server.ts';
import { connectionsCheckMs } from './slow-clients.ts';
import type { Pem, WebConfigSource, WebTls } from './web-config.ts';

/** TLS 1.3's cipher suites cannot be chosen in Go; without naming them OpenSSL would drop TLS 1.3. */
const tls13Ciphers = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];

/** As long as the pushes themselves wait for a handshake. */
const handshakeMs = 10_000;

/**
 * An HTTPS server that reads its certificates anew for each connection: the next handshake has the new ones. A file
 * that has become wrong refuses connections and says so in the log, as exporter-toolkit does. It speaks HTTP/1.1 only, which
 * scrapers and browsers speak as well: one connection then costs no more than one request at a time. Whether clients are asked
 * for a certificate at all is settled at the start.
 * Throws when the configuration, a certificate or a key is wrong.
 */
export function createTlsServer(handler: WebHandler, source: WebConfigSource, log: ServerLog): WebServer {
  const first = tlsOf(source);
  const inForce = secureOptions(first);
  const requestCert = first.clientAuth !== 'NoClientCert';
  const options = {
    ...inForce,
    requestCert,
    rejectUnauthorized: false,
    handshakeTimeout: handshakeMs,
    connectionsCheckingInterval: connectionsCheckMs,
  };
  const server = createServer(options, handler);
  renewCertificates(server, inForce, source, log);
  admitClients(server, source, log);
  return server;
}

function renewCertificates(
  server: TlsServer,
  atStart: SecureContextOptions,
  source: WebConfigSource,
  log: ServerLog,
): void {
  let inForce = atStart;
  server.prependListener('connection', (socket) => {
    try {
      const wanted = secureOptions(tlsOf(source));
      if (JSON.stringify(wanted) !== JSON.stringify(inForce)) {
        server.setSecureContext(wanted);
        inForce = wanted;
      }
    } catch (error) {
      log.error({ err: error }, 'TLS configuration is wrong; connections are refused');
      socket.destroy();
    }
  });
}

/** Puts itself before all that listens for connections: a client that is refused is not served. */
function admitClients(server: WebServer, source: WebConfigSource, log: ServerLog): void {
  const listeners = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    const why = whyRefused(socket, tlsOrUndefined(source));
    if (why === undefined) {
      listeners.forEach((listener) => void listener.call(server, socket));
      return;
    }
    log.warn({ remoteAddress: socket.remoteAddress }, `client refused: ${why}`);
    socket.destroy();
  });
}

function tlsOf(source: WebConfigSource): WebTls {
  const { tls } = source();
  if (tls === undefined) throw new Error('tls_server_config is gone; it can only be removed with a restart');
  return tls;
}

function tlsOrUndefined(source: WebConfigSource): WebTls | undefined {
  try {
    return source().tls;
  } catch {
    return undefined;
  }
}

/** The part of the configuration that can change under a running server. Reads the files. */
export function secureOptions(tls: WebTls): SecureContextOptions {
  return {
    cert: pem(tls.cert),
    key: pem(tls.key),
    ca: tls.clientCa === undefined ? undefined : pem(tls.clientCa),
    minVersion: tls.minVersion,
    maxVersion: tls.maxVersion,
    ciphers: tls.ciphers.length === 0 ? undefined : [...tls13Ciphers, ...tls.ciphers].join(':'),
    honorCipherOrder: tls.preferServerCiphers,
    ...(tls.curves.length === 0 ? {} : { ecdhCurve: tls.curves.join(':') }),
  };
}

function pem(source: Pem): string {
  return source.kind === 'inline' ? source.text : readFileSync(source.file, 'utf8');
}

/** Why a client's certificate is not good enough, or undefined when it is. */
function whyRefused(socket: TLSSocket, tls: WebTls | undefined): string | undefined {
  if (tls === undefined) return 'the TLS configuration is wrong';
  const certificate = socket.getPeerX509Certificate();
  const required = tls.clientAuth === 'RequireAnyClientCert' || tls.clientAuth === 'RequireAndVerifyClientCert';
  const verified = tls.clientAuth === 'VerifyClientCertIfGiven' || tls.clientAuth === 'RequireAndVerifyClientCert';
  if (certificate === undefined) return required ? 'no certificate' : undefined;
  if (verified && !socket.authorized) return `certificate not valid (${String(socket.authorizationError)})`;
  const allowed = tls.clientAllowedSans;
  if (
    allowed !== undefined &&
    !alternativeNames(certificate.subjectAltName ?? '').some((name) => allowed.includes(name))
  )
    return 'no allowed subject alternative name';
  return undefined;
}

const alternativeName = /(?:^|, )(?:DNS|IP Address|email|URI):("(?:[^"\\]|\\.)*"|[^,]*)/g;

/** The values of Node's `subjectAltName` text, which quotes as JSON what could be taken for a separator. */
export function alternativeNames(text: string): string[] {
  return [...text.matchAll(alternativeName)].map(([, value = '']) => {
    const name = value.startsWith('"') ? String(JSON.parse(value)) : value;
    // An address with a zone is one as well, and none in a URL.
    return (isIPv6(name) ? parseUrl(`http://[${name}]`)?.hostname.slice(1, -1) : undefined) ?? name;
  });
}
