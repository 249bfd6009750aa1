import { X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createCertificates } from '../support/certificates.ts';
import { startRegistry } from '../support/lab/registry.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { send } from '../support/wire.ts';

const certificates = createCertificates();

test('the leaf is signed by the authority and names what it is for', () => {
  const leaf = new X509Certificate(certificates.valid.cert);
  const ca = new X509Certificate(certificates.ca.cert);
  expect(leaf.verify(ca.publicKey)).toBe(true);
  expect(leaf.checkIssued(ca)).toBe(true);
  expect(ca.ca).toBe(true);
  expect(leaf.ca).toBe(false);
  expect(leaf.checkHost('localhost')).toBe('localhost');
  expect(leaf.checkHost('other.example.org')).toBeUndefined();
  expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(leaf.checkIP('::1')).toBe('::1');
  expect(leaf.checkIP('127.0.0.2')).toBeUndefined();
  expect(leaf.issuer).toBe('CN=blobprobe demo CA');
  expect(leaf.subject).toBe('CN=localhost');
  expect(new X509Certificate(certificates.untrusted.cert).verify(ca.publicKey)).toBe(false);
});

const judged: [keyof typeof certificates, string | undefined][] = [
  ['valid', undefined],
  ['expired', 'CERT_HAS_EXPIRED'],
  ['notYetValid', 'CERT_NOT_YET_VALID'],
  ['wrongName', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ['untrusted', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
  ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
];
test.each(judged)('a client that trusts the authority meets %s with %s', async (name, code) => {
  const identity = certificates[name];
  if (!('key' in identity)) throw new Error('not a leaf');
  const registry = await startRegistry({ tls: identity });
  try {
    const reply = send(`${registry.url}/v2/`, { ca: certificates.ca.cert });
    const met = await reply.then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    );
    expect(met).toBe(code);
  } finally {
    await registry.close();
  }
});

test('a long chain of names is encoded right', () => {
  const names = Array.from({ length: 40 }, (_, index) => `host-${index}.registry.example.org`);
  const leaf = new X509Certificate(certificates.ca.issue({ names }).cert);
  expect(leaf.subjectAltName?.split(', ')).toEqual(names.map((name) => `DNS:${name}`));
});

describeWithComponents(['openssl'], 'openssl', () => {
  test('verifies the chain strictly', () => {
    const folder = mkdtempSync(join(tmpdir(), 'blobprobe-certificates-'));
    try {
      writeFileSync(join(folder, 'ca.pem'), certificates.ca.cert);
      writeFileSync(join(folder, 'leaf.pem'), certificates.valid.cert);
      const options = ['verify', '-x509_strict', '-CAfile', 'ca.pem', '-purpose', 'sslserver', 'leaf.pem'];
      expect(execFileSync(requireComponent('openssl'), options, { cwd: folder }).toString()).toBe('leaf.pem: OK\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
