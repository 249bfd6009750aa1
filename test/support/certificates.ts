import { type CertificateAuthority, createAuthority, createSelfSigned } from '../../src/lab/certificates.ts';
import type { TlsIdentity } from '../../src/lab/loopback-server.ts';

export interface Certificates {
  readonly ca: CertificateAuthority;
  /** For `localhost`, `127.0.0.1` and `::1`, valid from yesterday for 30 days. */
  readonly valid: TlsIdentity;
  /** The same names, expired yesterday. */
  readonly expired: TlsIdentity;
  /** Valid from tomorrow. */
  readonly notYetValid: TlsIdentity;
  /** For another host. */
  readonly wrongName: TlsIdentity;
  /** Right names, but signed by an authority nobody trusts. */
  readonly untrusted: TlsIdentity;
  /** Right names, signed by its own key. */
  readonly selfSigned: TlsIdentity;
}

const dayMs = 86_400_000;
const hostNames = ['localhost', '127.0.0.1', '::1'];

/** A set of certificates for tests, with fresh P-256 keys. Nothing touches the disk. */
export function createCertificates(): Certificates {
  const ca = createAuthority('blobprobe demo CA');
  const day = (offset: number): Date => new Date(Date.now() + offset * dayMs);
  return {
    ca,
    valid: ca.issue({ names: hostNames }),
    expired: ca.issue({ names: hostNames, notBefore: day(-30), notAfter: day(-1) }),
    notYetValid: ca.issue({ names: hostNames, notBefore: day(1), notAfter: day(30) }),
    wrongName: ca.issue({ names: ['other.example.org'] }),
    untrusted: createAuthority('an unknown CA').issue({ names: hostNames }),
    selfSigned: createSelfSigned(hostNames),
  };
}
