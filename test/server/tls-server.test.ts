import { get, type RequestOptions } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';
import { createCertificates } from '../support/certificates.ts';
import type { Listening } from '../../src/server/listen.ts';
import { buildServer } from '../../src/server/server.ts';
import { startServer } from '../../src/server/start.ts';
import { alternativeNames } from '../../src/server/tls-server.ts';
import type { Pem, WebConfig, WebTls } from '../../src/server/web-config.ts';
import { type LogLine, memoryLog, serverDeps, tlsWith } from '../support/server-fixtures.ts';

const certificates = createCertificates();
const stranger = createAuthority('a stranger').issue({ names: ['localhost'], usage: 'client' });
const client = certificates.ca.issue({ names: ['scraper.example.org', '192.0.2.7', '2001:db8::1'], usage: 'client' });

function inline(text: string): Pem {
  return { kind: 'inline', text };
}

const tls = tlsWith(certificates.valid);

let listening: Listening | undefined;
afterEach(async () => {
  await listening?.close(0);
  listening = undefined;
});

async function serve(current: () => WebTls | undefined): Promise<{ port: number; lines: LogLine[] }> {
  const { lines, log } = memoryLog();
  const webConfig = (): WebConfig => {
    const now = current();
    return { headers: {}, users: new Map(), ...(now === undefined ? {} : { tls: now }) };
  };
  const deps = serverDeps({ log, webConfig });
  listening = await startServer(buildServer(deps), [{ host: '127.0.0.1', port: 0 }], deps);
  return { port: listening.addresses[0]!.port, lines };
}

interface Answer {
  readonly status: number;
  readonly serial: string;
  readonly protocol: string | null;
  readonly cipher: string;
}

function fetchOver(port: number, options: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { host: '127.0.0.1', port, path: '/metrics', ca: certificates.ca.cert, agent: false as const };
    get({ ...all, ...options }, (response) => {
      const socket = response.socket as TLSSocket;
      const answer = {
        status: response.statusCode ?? 0,
        serial: socket.getPeerX509Certificate()?.serialNumber ?? '',
        protocol: socket.getProtocol(),
        cipher: socket.getCipher().standardName,
      };
      response.resume().on('end', () => resolve(answer));
    }).on('error', reject);
  });
}

describe('certificates', () => {
  test('are taken anew with the next handshake; while they are wrong, connections are refused and logged', async () => {
    let current = tls;
    const { port, lines } = await serve(() => current);
    const before = await fetchOver(port);
    expect(before.status).toBe(200);
    const renewed = certificates.ca.issue({ names: ['127.0.0.1'] });
    current = { ...tls, cert: inline(renewed.cert), key: inline(renewed.key) };
    const after = await fetchOver(port);
    expect(after.serial).not.toBe(before.serial);
    current = { ...tls, cert: inline(certificates.valid.cert), key: inline(renewed.key) };
    await expect(fetchOver(port)).rejects.toThrow(/socket hang up|ECONNRESET|disconnected/);
    expect(lines.map(({ message }) => message)).toContain('TLS configuration is wrong; connections are refused');
    current = tls;
    expect((await fetchOver(port)).serial).toBe(before.serial);
  });

  test('a wrong one keeps the server from starting', async () => {
    await expect(serve(() => ({ ...tls, key: inline(certificates.expired.key) }))).rejects.toThrow(
      /key values mismatch/,
    );
  });

  test('without tls_server_config it is plain HTTP', async () => {
    const { port } = await serve(() => undefined);
    const answer = await fetch(`http://127.0.0.1:${port}/-/healthy`);
    expect(answer.status).toBe(200);
  });
});

describe('versions and ciphers', () => {
  test('as configured, TLS 1.3 staying when only older ciphers are named', async () => {
    const { port } = await serve(() => ({ ...tls, ciphers: ['ECDHE-ECDSA-AES128-GCM-SHA256'] }));
    expect((await fetchOver(port)).protocol).toBe('TLSv1.3');
    expect(await fetchOver(port, { maxVersion: 'TLSv1.2' })).toMatchObject({
      protocol: 'TLSv1.2',
      cipher: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    });
    await expect(fetchOver(port, { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' })).rejects.toThrow(
      /handshake failure/,
    );
  });

  test('a client that is too old is refused', async () => {
    const { port } = await serve(() => ({ ...tls, minVersion: 'TLSv1.3' }));
    await expect(fetchOver(port, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/protocol version|unsupported protocol/);
  });
});

describe('client certificates', () => {
  const withCa = { clientCa: inline(certificates.ca.cert) };
  const none = {};
  const good = { cert: client.cert, key: client.key };
  const bad = { cert: stranger.cert, key: stranger.key };
  test.each<[WebTls['clientAuth'], string[]]>([
    ['NoClientCert', ['200', '200', '200']],
    ['RequestClientCert', ['200', '200', '200']],
    ['RequireAnyClientCert', ['refused', '200', '200']],
    ['VerifyClientCertIfGiven', ['200', 'refused', '200']],
    ['RequireAndVerifyClientCert', ['refused', 'refused', '200']],
  ])('%s: none, of a stranger, of our CA → %j', async (clientAuth, expected) => {
    const { port } = await serve(() => ({ ...tls, ...(clientAuth === 'NoClientCert' ? {} : withCa), clientAuth }));
    const outcomes = [];
    for (const identity of [none, bad, good]) {
      outcomes.push(
        await fetchOver(port, identity).then(
          ({ status }) => String(status),
          () => 'refused',
        ),
      );
    }
    expect(outcomes).toEqual(expected);
  });

  test.each([
    ['scraper.example.org', '200'],
    ['192.0.2.7', '200'],
    ['2001:db8::1', '200'],
    ['other.example.org', 'refused'],
  ])('with %s as the only allowed name: %s', async (name, expected) => {
    const { port, lines } = await serve(() => ({
      ...tls,
      ...withCa,
      clientAuth: 'RequireAndVerifyClientCert',
      clientAllowedSans: [name],
    }));
    const outcome = await fetchOver(port, good).then(
      ({ status }) => String(status),
      () => 'refused',
    );
    expect(outcome).toBe(expected);
    expect(lines.map(({ message }) => message)).toEqual(
      expected === '200' ? [] : ['client refused: no allowed subject alternative name'],
    );
  });
});

test.each([
  ['', []],
  ['DNS:a.example, DNS:b.example', ['a.example', 'b.example']],
  ['IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:1', ['192.0.2.7', '2001:db8::1']],
  ['DNS:fe80::1%eth0', ['fe80::1%eth0']],
  ['email:x@example.org, URI:spiffe://a/b', ['x@example.org', 'spiffe://a/b']],
  ['DNS:"a, DNS:evil.example", DNS:b', ['a, DNS:evil.example', 'b']],
  ['othername:<unsupported>, DNS:c', ['c']],
])('the names in "%s"', (text, names) => {
  expect(alternativeNames(text)).toEqual(names);
});
