import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createAuthority } from '../../src/lab/certificates.ts';
import { NetworkError } from '../../src/network/exchange.ts';
import { tlsSettings } from '../../src/network/tls.ts';
import { pathTo } from '../support/paths.ts';

const folder = mkdtempSync(join(tmpdir(), 'blobprobe-tls-'));
afterAll(() => rmSync(folder, { recursive: true }));

function pathWithCa(content: string): ReturnType<typeof pathTo> {
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, content);
  const path = pathTo('https://registry.example.org');
  return { ...path, tls: { ...path.tls, caFile } };
}

test.each(['registry.example.org', 'tokens.example.com'])(
  'certificates for %s are loaded before the clock of the handshake starts, not by the handshake',
  (host) => {
    const path = pathWithCa(createAuthority('a CA').cert);
    const settings = tlsSettings(path, { host, port: 443 }, '1.1');
    expect(settings.secureContext).toBeDefined();
    // What stands beside the context is loaded by nobody.
    expect(settings).not.toHaveProperty('ca');
  },
);

test('a key that is none is a failure of tls that names the path', () => {
  const path = pathWithCa(createAuthority('a CA').cert);
  const files = { certFile: join(folder, 'ca.pem'), keyFile: join(folder, 'key.pem') };
  writeFileSync(files.keyFile, 'no key');
  Object.assign(path.tls, files);
  const load = (): unknown => tlsSettings(path, { host: 'registry.example.org', port: 443 }, '1.1');
  expect(load).toThrow(NetworkError);
  expect(load).toThrow(`cannot use a certificate file of path ${path.name}: ERR_OSSL`);
});

test('certificates are loaded once for what is in their files, so that rotated ones take effect', () => {
  const target = { host: 'registry.example.org', port: 443 };
  const load = (content: string, host = target.host): unknown =>
    tlsSettings(pathWithCa(content), { ...target, host }, '1.1').secureContext;
  const [first, second] = [createAuthority('one').cert, createAuthority('two').cert];
  const context = load(first);
  expect(context).toBeDefined();
  expect(load(first)).toBe(context);
  expect(load(second)).not.toBe(context);
  // Another host is checked against the built-in authorities, too.
  const elsewhere = load(first, 'token.example.net');
  expect(elsewhere).not.toBe(context);
  expect(load(first, 'token.example.net')).toBe(elsewhere);
});
