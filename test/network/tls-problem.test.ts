import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';
import { createCertificates } from '../support/certificates.ts';
import type { NetworkError } from '../../src/network/exchange.ts';
import type { PathTls } from '../../src/network/path.ts';
import { formatDuration } from '../../src/network/duration-words.ts';
import { handshakeProblem, laterProblem } from '../../src/network/tls-problem.ts';
import { classify } from '../../src/probe/judge/classify.ts';
import { noContext } from '../../src/probe/judge/facts.ts';
import { pathTo } from '../support/paths.ts';
import { failureOf, get, Opened } from '../support/servers.ts';

const opened = new Opened();
afterEach(() => opened.closeAll());
const folder = mkdtempSync(join(tmpdir(), 'blobprobe-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fileOf = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const certificates = createCertificates();
const { ca } = certificates;
const caFile = fileOf('ca.pem', ca.cert);
const stranger = createAuthority('stranger');

async function failing(port: number, tls: Partial<PathTls> = {}, tlsTimeoutMs = 5_000): Promise<NetworkError> {
  const path = pathTo(`https://127.0.0.1:${port}`, { tls: { insecure: false, minVersion: 'TLSv1.2', caFile, ...tls } });
  return failureOf(opened.transport(path, { tlsTimeoutMs }).exchange(get(path.origin)));
}

async function secure(options: object): Promise<number> {
  const server = createServer({ ...certificates.valid, ...options }, (_request, response) => response.end('ok'));
  server.on('tlsClientError', () => {});
  return (await opened.listen(server)).port;
}

const day = 86_400_000;
const wanted = { requestCert: true, rejectUnauthorized: true, ca: ca.cert };

describe('a TLS failure is named by what Node says of it', () => {
  test.each<[string, () => Promise<NetworkError>]>([
    ['not_tls', async () => failing((await opened.listen(createPlainServer((_q, s) => s.end('plain')))).port)],
    [
      'expired',
      async () =>
        failing(
          await secure(
            ca.issue({
              names: ['127.0.0.1'],
              notBefore: new Date(Date.now() - 9 * day),
              notAfter: new Date(Date.now() - day),
            }),
          ),
        ),
    ],
    [
      'not_yet_valid',
      async () => failing(await secure(ca.issue({ names: ['127.0.0.1'], notBefore: new Date(Date.now() + day) }))),
    ],
    ['wrong_name', async () => failing(await secure(certificates.wrongName))],
    ['name_in_cn', async () => failing(await secure(ca.issue({ names: [] })))],
    ['self_signed', async () => failing(await secure(certificates.selfSigned))],
    ['unknown_ca', async () => failing(await secure(stranger.issue({ names: ['127.0.0.1'] })))],
    ['client_certificate_wanted', async () => failing(await secure({ ...wanted, maxVersion: 'TLSv1.2' }))],
    ['client_certificate_wanted', async () => failing(await secure({ ...wanted, minVersion: 'TLSv1.3' }))],
    ['protocol_version', async () => failing(await secure({ maxVersion: 'TLSv1.2' }), { minVersion: 'TLSv1.3' })],
    [
      'handshake_cut',
      async () => failing((await opened.tcp((socket) => void socket.once('data', () => socket.destroy()))).port),
    ],
    ['handshake_timeout', async () => failing((await opened.tcp((socket) => socket.resume())).port, {}, 200)],
    ['own_files', async () => failing(await secure({}), { caFile: join(folder, 'none.pem') })],
  ])('%s', async (problem, fail) => {
    const error = await fail();
    expect([error.tlsProblem, error.code, error.message]).toEqual([
      problem,
      expect.anything(),
      expect.stringContaining(error.code),
    ]);
    const { reason, evidence } = classify(error, { ...noContext, step: 'auth' });
    expect(reason).toBe('tls_failure');
    expect(evidence.tlsProblem).toBe(problem);
  });

  test('that ends by our timer says so, and how long it took', async () => {
    const { port } = await opened.tcp((socket) => socket.resume());
    const error = await failing(port, {}, 200);
    const failure = classify(error, { ...noContext, step: 'auth' });
    expect(failure.evidence).toMatchObject({ code: 'ETIMEDOUT', timer: 'tls' });
    const took = formatDuration(failure.elapsedMs);
    expect(failure.evidence.message).toContain(`the TLS handshake failed after ${took}: `);
    expect(failure.evidence.message).toMatch(/MTU.*\(ETIMEDOUT\)$/);
  });
});

describe('a code', () => {
  interface Circumstances {
    readonly inHandshake: boolean;
    readonly agreed?: boolean;
    readonly showedCertificate?: boolean;
  }
  const problemOf = (code: string, circumstances: Circumstances): string | undefined => {
    const { inHandshake, agreed = false, showedCertificate = false } = circumstances;
    return (inHandshake ? handshakeProblem(code, { agreed, showedCertificate }) : laterProblem(code, showedCertificate))
      ?.problem;
  };

  test.each([
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', { inHandshake: true }, 'refused'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', { inHandshake: true, agreed: true }, 'client_certificate_wanted'],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', { inHandshake: true, agreed: true }, 'client_certificate_wanted'],
    ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', { inHandshake: true }, 'refused'],
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', { inHandshake: false }, 'client_certificate_wanted'],
    [
      'ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE',
      { inHandshake: true, showedCertificate: true },
      'client_certificate_refused',
    ],
    ['ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', { inHandshake: false, showedCertificate: true }, 'client_certificate_refused'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', { inHandshake: false }, 'client_certificate_wanted'],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', { inHandshake: true }, 'not_tls'],
    ['ERR_SSL_SOMETHING_NEW', { inHandshake: true }, 'other'],
    ['ECONNRESET', { inHandshake: false }, undefined],
    ['ETIMEDOUT', { inHandshake: false }, undefined],
  ])('%s %j: %s', (code, circumstances, problem) => {
    expect(problemOf(code, circumstances)).toBe(problem);
  });

  // What OpenSSL 1.1 to 3.5 put before the names of alerts.
  const spellings = ['SSLV3', 'SSL/TLS', 'TLSV1', 'TLSV13'].map((version) => `ERR_SSL_${version}_ALERT_`);
  const inHandshake = { inHandshake: true };
  test.each([
    ['HANDSHAKE_FAILURE', inHandshake, 'refused'],
    ['HANDSHAKE_FAILURE', { ...inHandshake, agreed: true }, 'client_certificate_wanted'],
    ['BAD_CERTIFICATE', inHandshake, 'client_certificate_wanted'],
    ['NO_CERTIFICATE', inHandshake, 'client_certificate_wanted'],
    ['CERTIFICATE_REQUIRED', { inHandshake: false }, 'client_certificate_wanted'],
    ...[
      'UNKNOWN_CA',
      'ACCESS_DENIED',
      'CERTIFICATE_UNKNOWN',
      'CERTIFICATE_EXPIRED',
      'CERTIFICATE_REVOKED',
      'UNSUPPORTED_CERTIFICATE',
    ].map((alert) => [alert, { inHandshake: false, showedCertificate: true }, 'client_certificate_refused'] as const),
    ['PROTOCOL_VERSION', inHandshake, 'protocol_version'],
    ['INAPPROPRIATE_FALLBACK', inHandshake, 'protocol_version'],
    ['UNRECOGNIZED_NAME', inHandshake, 'name_unknown'],
    ['INTERNAL_ERROR', inHandshake, 'refused'],
    ['HANDSHAKE_FAILURE', { inHandshake: false }, undefined],
  ] as const)('the alert %s %j is read in each spelling: %s', (alert, circumstances, problem) => {
    const read = spellings.map((spelling) => problemOf(`${spelling}${alert}`, circumstances));
    expect(read).toEqual(spellings.map(() => problem));
  });

  test('UNRECOGNIZED_NAME is an alert without the word, too', () => {
    expect(problemOf('ERR_SSL_TLSV1_UNRECOGNIZED_NAME', inHandshake)).toBe('name_unknown');
  });
});
