import type { TlsProblem } from '../../network/tls-problem.ts';
import type { Cause } from './cause.ts';
import { dockerCertificates } from './manuals.ts';
import { is, tlsProblem } from './predicates.ts';

const common = {
  hop: 'path',
  reference: dockerCertificates,
  refutedBy: ['wasRedirected', 'registryAnswered'],
} as const satisfies Partial<Cause>;

/** The rows of the problems that the TLS library names: its word explains the failure and proves the cause. */
function namedByTls(
  problems: readonly [TlsProblem, ...TlsProblem[]],
  row: Pick<Cause, 'title' | 'remedy' | 'nextTest'> & Partial<Cause>,
): Cause {
  return {
    ...common,
    explains: is('tls_failure', 'none', tlsProblem(...problems)),
    provenBy: [new RegExp(`\\btls:(?:${problems.join('|')})\\b`)],
    ...row,
  };
}

/** TLS that does not come about. */
export const tlsCauses = {
  tls_to_plain_http: namedByTls(['not_tls'], {
    title: 'the path uses TLS, but the port speaks plain HTTP',
    remedy:
      'Write http:// in the URL of this path, or the port that speaks TLS; or make the load balancer end TLS on this port.',
    nextTest: '`curl -v http://HOST:PORT/v2/`.',
  }),
  tls_expired: namedByTls(['expired'], {
    title: 'the certificate of this path has expired',
    remedy: 'Renew the certificate, and reload the hop that serves it; when it is not old, set the clock of this host.',
    nextTest: '`openssl s_client -connect HOST:PORT -servername NAME` and read `notAfter`.',
  }),
  tls_not_yet_valid: namedByTls(['not_yet_valid'], {
    title: 'the certificate of this path is not valid yet',
    remedy: 'Set the clock of this host, or of the host that issued the certificate.',
    nextTest: '`openssl s_client -connect HOST:PORT -servername NAME` and read `notBefore`; `date -u`.',
  }),
  tls_wrong_name: namedByTls(['wrong_name'], {
    title: 'the certificate of this path belongs to another host',
    remedy:
      'Issue it for this name, or make the hop choose the certificate by the name that is asked for (SNI); a path that connects by address needs `tls.serverName`.',
    nextTest: '`openssl s_client -connect HOST:PORT -servername NAME` and read the names.',
  }),
  tls_name_in_cn: namedByTls(['name_in_cn'], {
    title: 'the certificate of this path has its name as common name alone, where no client looks for it any more',
    remedy:
      'Issue it anew with the name as subjectAltName (`openssl req … -addext subjectAltName=DNS:NAME`; for an address `IP:ADDRESS`).',
    nextTest: '`openssl s_client -connect HOST:PORT -servername NAME`, then `openssl x509 -noout -ext subjectAltName`.',
  }),
  tls_unknown_ca: namedByTls(['unknown_ca', 'self_signed'], {
    title: 'the certificate of this path is signed by an authority unknown to this host',
    remedy:
      'Serve the whole chain with its intermediate certificates; for a private CA set `tls.caFile` here and install it on the clients (/etc/docker/certs.d/HOST/ca.crt).',
    nextTest: '`openssl s_client -connect HOST:PORT -servername NAME` `-showcerts`: is the chain complete?',
  }),
  tls_version: namedByTls(['protocol_version'], {
    title: 'the two sides have no version of TLS in common',
    remedy:
      'Switch TLS 1.2 and 1.3 on at the hop that ends TLS (nginx: `ssl_protocols TLSv1.2 TLSv1.3;`), or lower `tls.minVersion` of this path.',
    nextTest: '`openssl s_client -connect HOST:PORT -servername NAME` with `-tls1_2` and `-tls1_3`.',
  }),
  tls_no_certificate_for_name: namedByTls(['name_unknown'], {
    title: 'the other side has no certificate for this name',
    remedy: 'Add the name to the hop that ends TLS; a path that connects by address needs `tls.serverName`.',
    nextTest: '`openssl s_client -connect HOST:PORT -servername NAME`.',
  }),
  tls_revoked: namedByTls(['revoked'], {
    title: 'the certificate of this path was revoked',
    remedy: 'Issue a new certificate and reload the hop that serves it.',
    nextTest: '`openssl s_client -connect HOST:PORT -servername NAME`.',
  }),
  tls_own_files: namedByTls(['own_files'], {
    title: 'the TLS files of this path cannot be used',
    hop: 'prober',
    remedy:
      'Correct `tls.caFile`, `tls.certFile` and `tls.keyFile` of this path: they must exist and be PEM, and certificate and key must belong together.',
    nextTest: '`openssl x509 -noout -in FILE` and `openssl pkey -noout -in FILE`.',
  }),
  tls_silent: {
    title:
      'the handshake of TLS gets no answer, though the connection stands: large packets are lost, or the hop hangs',
    hop: 'client_network',
    remedy:
      'Lower the MTU on this way, or clamp the MSS (`iptables … TCPMSS --clamp-mss-to-pmtu`), and let ICMP “fragmentation needed” through; else look whether the hop that ends TLS is overloaded.',
    reference: 'https://www.rfc-editor.org/rfc/rfc2923',
    rank: 'inferred',
    explains: is('tls_failure', 'none', tlsProblem('handshake_timeout')),
    refutedBy: ['wasRedirected', 'registryAnswered', 'failsEverywhere'],
    provenBy: ['path'],
    nextTest:
      '`ping -M do -s 1472 HOST` and smaller sizes; `tcpdump` of one handshake: does the server’s hello arrive?',
  },
  tls_cut: {
    title: 'the other side ends the TLS handshake',
    remedy:
      'Look at the hop that ends TLS: does it serve this name, does it ask for client certificates, are its ciphers those of the clients; a firewall that filters by name (SNI) cuts in the same way.',
    reference: 'https://www.rfc-editor.org/rfc/rfc8446#section-6.2',
    rank: 'general',
    explains: is('tls_failure', 'none', tlsProblem('handshake_cut', 'refused')),
    refutedBy: ['wasRedirected', 'registryAnswered', 'namedByCode'],
    provenBy: ['path'],
    nextTest:
      '`openssl s_client -connect HOST:PORT -servername NAME`, and with the name of another host of the same address.',
  },
  tls_not_trusted: {
    title: 'no TLS connection is made on this path',
    hop: 'path',
    remedy: 'Read the error code in the evidence: it names what the TLS library found wrong.',
    reference: 'https://nodejs.org/api/errors.html#openssl-error-codes',
    rank: 'general',
    explains: is('tls_failure', 'none'),
    refutedBy: ['wasRedirected', 'registryAnswered', 'namedByCode'],
    provenBy: ['path'],
    nextTest: '`openssl s_client -connect HOST:PORT -servername NAME`.',
  },
} as const satisfies Readonly<Record<string, Cause>>;
