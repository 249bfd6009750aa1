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
  expect(load(first)).toBe(context);
  // Another host is checked against the built-in authorities, too.
  const elsewhere = load(first, 'token.example.net');
  expect(elsewhere).not.toBe(context);
  expect(load(first, 'token.example.net')).toBe(elsewhere);
  expect(load(second, 'token.example.net')).not.toBe(elsewhere);
});

test('what is loaded differs by client certificate and by the oldest version, and is kept for a few dozen', () => {
  const authority = createAuthority('a CA');
  const path = pathWithCa(authority.cert);
  const identity = authority.issue({ names: ['probe.example.org'], usage: 'client' });
  const [certFile, keyFile] = [join(folder, 'client.pem'), join(folder, 'client.key')];
  writeFileSync(certFile, identity.cert);
  writeFileSync(keyFile, identity.key);
  const target = { host: 'registry.example.org', port: 443 };
  const load = (tls: object, host = target.host) =>
    tlsSettings({ ...path, tls: { ...path.tls, ...tls } }, { ...target, host }, '1.1');
  const [plain, shown] = [load({}), load({ certFile, keyFile })];
  expect([plain.showsCertificate, shown.showsCertificate]).toEqual([false, true]);
  const contexts = [plain, shown, load({ minVersion: 'TLSv1.3' })].map(({ secureContext }) => secureContext);
  expect(new Set(contexts).size).toBe(3);
  // It is not shown to another host, and so is not loaded for it.
  expect(load({ certFile, keyFile }, 'tokens.example.com').secureContext).toBe(
    load({}, 'tokens.example.com').secureContext,
  );
  for (let other = 0; other < 64; other += 1) tlsSettings(pathWithCa(`${authority.cert}\n#${other}\n`), target, '1.1');
  pathWithCa(authority.cert);
  expect(load({}).secureContext).not.toBe(plain.secureContext);
});

test('what a handshake asks for follows from path and target', () => {
  const own = pathTo('https://registry.example.org', {
    tls: { insecure: false, minVersion: 'TLSv1.3', serverName: 'inner.example.org' },
  });
  const target = { host: 'registry.example.org', port: 443 };
  expect(tlsSettings(own, target, '1.1')).toMatchObject({
    host: 'inner.example.org',
    servername: 'inner.example.org',
    rejectUnauthorized: true,
    showsCertificate: false,
    ALPNProtocols: ['http/1.1'],
  });
  const elsewhere = { ...target, host: 'tokens.example.com' };
  expect(tlsSettings(own, elsewhere, 'h2-if-offered')).toMatchObject({
    host: 'tokens.example.com',
    servername: 'tokens.example.com',
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  const byAddress = pathTo('https://192.0.2.1', { tls: { insecure: true, minVersion: 'TLSv1.2' } });
  const settings = tlsSettings(byAddress, { host: '192.0.2.1', port: 443 }, '1.1');
  expect(settings).toMatchObject({ host: '192.0.2.1', rejectUnauthorized: false });
  // An address is no name to ask for (RFC 6066, section 3).
  expect(settings).not.toHaveProperty('servername');
});

test('a certificate counts for the names that it lists, and not for its common name', () => {
  const path = pathTo('https://registry.example.org');
  const { checkServerIdentity } = tlsSettings(path, { host: 'registry.example.org', port: 443 }, '1.1');
  const check = (subjectaltname: string | undefined, CN = 'registry.example.org'): unknown =>
    checkServerIdentity?.('registry.example.org', { subject: { CN }, subjectaltname } as never);
  expect(check('DNS:registry.example.org')).toBeUndefined();
  expect(check('DNS:other.example.org')).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  expect(check('IP Address:192.0.2.1')).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  for (const none of [undefined, '', 'DNS:']) expect(check(none)).toMatchObject({ code: 'CERT_NAME_IN_CN' });
});

test('a file that is missing is a failure of tls, and a half of a client certificate is not shown', () => {
  const path = pathTo('https://registry.example.org');
  const target = { host: 'registry.example.org', port: 443 };
  const gone = { ...path, tls: { ...path.tls, caFile: join(folder, 'gone.pem') } };
  expect(() => tlsSettings(gone, target, '1.1')).toThrow('cannot use a certificate file of path direct: ENOENT');
  const half = { ...path, tls: { ...path.tls, certFile: join(folder, 'gone.pem') } };
  expect(tlsSettings(half, target, '1.1').showsCertificate).toBe(false);
  const other = { ...path, tls: { ...path.tls, keyFile: join(folder, 'gone.pem') } };
  expect(tlsSettings(other, target, '1.1').showsCertificate).toBe(false);
  const whole = { ...half, tls: { ...half.tls, keyFile: join(folder, 'gone.pem') } };
  expect(() => tlsSettings(whole, target, '1.1')).toThrow(
    expect.objectContaining({ stage: 'tls', code: 'ENOENT', tlsProblem: 'own_files' }) as Error,
  );
  // Its files are not even read for another host.
  expect(tlsSettings(whole, { ...target, host: 'tokens.example.com' }, '1.1').showsCertificate).toBe(false);
});
