import { type KeyObject, createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import * as der from './der.ts';
import type { TlsIdentity } from './loopback-server.ts';

/** What a leaf certificate says. */
interface LeafOptions {
  /** DNS names and IP addresses for the subject alternative name; the first is the common name too. */
  readonly names: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** `client`: for client authentication; default `server`. */
  readonly usage?: 'server' | 'client';
}

/** A certificate authority with its own key. */
export interface CertificateAuthority {
  /** PEM, for the `caFile` of a path. */
  readonly cert: string;
  /** A leaf signed by this authority, with a key of its own. PEM. */
  readonly issue: (leaf: LeafOptions) => TlsIdentity;
}

const dayMs = 86_400_000;

/** A new authority, valid for 30 days. */
export function createAuthority(commonName: string): CertificateAuthority {
  const keys = newKeys();
  const cert = certificate({
    subject: commonName,
    issuer: commonName,
    publicKey: keys.publicKey,
    issuerKeys: keys,
    ...validity({ names: [] }),
    extensions: [
      der.extension('2.5.29.19', true, der.sequence(der.boolean(true))),
      // keyCertSign and cRLSign: bits 5 and 6.
      der.extension('2.5.29.15', true, der.bitString(Buffer.from([0x06]), 1)),
      keyIdentifier(keys.publicKey),
    ],
  });
  return { cert, issue: (leaf) => issueLeaf(leaf, { name: commonName, keys }) };
}

/** A leaf that its own key signed. PEM. */
export function createSelfSigned(names: readonly string[]): TlsIdentity {
  return issueLeaf({ names });
}

/** Without an issuer the leaf's own key signs it. */
function issueLeaf(leaf: LeafOptions, issuer?: { readonly name: string; readonly keys: KeyPair }): TlsIdentity {
  const keys = newKeys();
  const subject = leaf.names[0] ?? '';
  const cert = certificate({
    subject,
    issuer: issuer?.name ?? subject,
    publicKey: keys.publicKey,
    issuerKeys: issuer?.keys ?? keys,
    ...validity(leaf),
    extensions: [...leafExtensions(leaf), ...(issuer ? [authorityKeyIdentifier(issuer.keys.publicKey)] : [])],
  });
  return { cert, key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

function newKeys(): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function validity(leaf: LeafOptions): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return {
    notBefore: leaf.notBefore ?? new Date(now - dayMs),
    notAfter: leaf.notAfter ?? new Date(now + 30 * dayMs),
  };
}

function leafExtensions(leaf: LeafOptions): Buffer[] {
  const purpose = leaf.usage === 'client' ? '1.3.6.1.5.5.7.3.2' : '1.3.6.1.5.5.7.3.1';
  return [
    der.extension('2.5.29.19', true, der.sequence()),
    // digitalSignature: bit 0.
    der.extension('2.5.29.15', true, der.bitString(Buffer.from([0x80]), 7)),
    der.extension('2.5.29.37', false, der.sequence(der.oid(purpose))),
    der.extension('2.5.29.17', false, der.sequence(...leaf.names.map(generalName))),
  ];
}

/** GeneralName (RFC 5280 §4.2.1.6): iPAddress [7] as bytes, dNSName [2] as text. */
function generalName(name: string): Buffer {
  if (isIP(name) === 0) return der.element(0x82, Buffer.from(name, 'ascii'));
  if (isIP(name) === 4) return der.element(0x87, Buffer.from(name.split('.').map(Number)));
  return der.element(0x87, der.ipv6Bytes(name));
}

function keyIdentifierBytes(key: KeyObject): Buffer {
  return createHash('sha1')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
}

function keyIdentifier(key: KeyObject): Buffer {
  return der.extension('2.5.29.14', false, der.octetString(keyIdentifierBytes(key)));
}

function authorityKeyIdentifier(key: KeyObject): Buffer {
  return der.extension('2.5.29.35', false, der.sequence(der.element(0x80, keyIdentifierBytes(key))));
}

/** A signed X.509 v3 certificate (RFC 5280 §4.1) as PEM. */
function certificate(facts: {
  subject: string;
  issuer: string;
  publicKey: KeyObject;
  issuerKeys: KeyPair;
  notBefore: Date;
  notAfter: Date;
  extensions: readonly Buffer[];
}): string {
  const ecdsaWithSha256 = der.sequence(der.oid('1.2.840.10045.4.3.2'));
  // The top bit stays clear: serial numbers are positive.
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  const body = der.sequence(
    der.element(0xa0, der.integer(Buffer.from([2]))),
    der.integer(serial),
    ecdsaWithSha256,
    commonName(facts.issuer),
    der.sequence(der.time(facts.notBefore), der.time(facts.notAfter)),
    commonName(facts.subject),
    facts.publicKey.export({ type: 'spki', format: 'der' }),
    der.element(0xa3, der.sequence(...facts.extensions)),
  );
  const signature = sign('sha256', body, facts.issuerKeys.privateKey);
  const whole = der.sequence(body, ecdsaWithSha256, der.bitString(signature, 0));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function commonName(text: string): Buffer {
  return der.sequence(der.set(der.sequence(der.oid('2.5.4.3'), der.utf8String(text))));
}
