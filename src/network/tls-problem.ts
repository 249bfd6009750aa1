/**
 * Why a TLS connection did not come about, as far as Node's error code or our timer tells. `plain_http`: none was made, though TLS is spoken there.
 * `plain_http_behind`: none was made, and the answer says that a port of TLS got plain HTTP, which this port is not.
 */
export const tlsProblems = [
  'not_tls',
  'plain_http',
  'plain_http_behind',
  'handshake_timeout',
  'handshake_cut',
  'expired',
  'not_yet_valid',
  'wrong_name',
  'name_in_cn',
  'name_unknown',
  'unknown_ca',
  'self_signed',
  'revoked',
  'client_certificate_wanted',
  'client_certificate_refused',
  'protocol_version',
  'refused',
  'own_files',
  'other',
] as const;
export type TlsProblem = (typeof tlsProblems)[number];

interface Row {
  readonly problem: TlsProblem;
  /** Codes of Node and OpenSSL; alerts under their one name (`oneName`). */
  readonly codes: RegExp;
  /** Completes "the TLS handshake failed: …". */
  readonly says: string;
}

const wanted: Row = {
  problem: 'client_certificate_wanted',
  codes: /^ALERT_(?:CERTIFICATE_REQUIRED|BAD_CERTIFICATE|NO_CERTIFICATE)$/,
  says: 'the server wants a client certificate',
};

const refused: Row = {
  problem: 'client_certificate_refused',
  codes: /^ALERT_(?:UNKNOWN_CA|ACCESS_DENIED|CERTIFICATE_(?:UNKNOWN|EXPIRED|REVOKED)|UNSUPPORTED_CERTIFICATE)$/,
  says: 'the server does not accept the client certificate',
};

/** First match wins. Alert names: RFC 8446 section 6.2. */
const rows: readonly Row[] = [
  {
    problem: 'not_tls',
    codes:
      /^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|HTTPS_PROXY_REQUEST|UNKNOWN_PROTOCOL)$/,
    says: 'what listens on this port does not speak TLS; plain HTTP, as a rule',
  },
  { problem: 'expired', codes: /^CERT_HAS_EXPIRED$/, says: "the server's certificate has expired" },
  { problem: 'not_yet_valid', codes: /^CERT_NOT_YET_VALID$/, says: "the server's certificate is not valid yet" },
  {
    problem: 'wrong_name',
    codes: /^(?:ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)$/,
    says: "the server's certificate is for another name",
  },
  {
    problem: 'name_in_cn',
    codes: /^CERT_NAME_IN_CN$/,
    says: "the server's certificate has its name as common name alone, where no client looks for it any more",
  },
  {
    problem: 'name_unknown',
    codes: /^ALERT_UNRECOGNIZED_NAME$/,
    says: 'the server does not know the name it was asked for (SNI)',
  },
  {
    problem: 'self_signed',
    codes: /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)$/,
    says: "the server's certificate, or the authority it sends along, is signed by itself and not trusted here",
  },
  {
    problem: 'unknown_ca',
    codes:
      /^(?:UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|CERT_UNTRUSTED|CERT_REJECTED|INVALID_CA|CERT_CHAIN_TOO_LONG|CERT_SIGNATURE_FAILURE)$/,
    says: "the authority of the server's certificate is not known here, or the server leaves out an intermediate certificate",
  },
  { problem: 'revoked', codes: /^CERT_REVOKED$/, says: "the server's certificate was revoked" },
  wanted,
  refused,
  {
    problem: 'protocol_version',
    codes:
      /^(?:ALERT_(?:PROTOCOL_VERSION|INAPPROPRIATE_FALLBACK)|ERR_SSL_(?:UNSUPPORTED_PROTOCOL|NO_PROTOCOLS_AVAILABLE|INAPPROPRIATE_FALLBACK|VERSION_TOO_LOW))$/,
    says: 'the server speaks no TLS version that this path accepts',
  },
  {
    problem: 'refused',
    codes: /^ALERT_/,
    says: 'the server refused the handshake: no cipher in common, or a client certificate is missing',
  },
  {
    problem: 'handshake_cut',
    codes: /^(?:ECONNRESET|EPIPE|ECONNABORTED|ERR_SSL_UNEXPECTED_EOF_WHILE_READING|ERR_STREAM_PREMATURE_CLOSE)$/,
    says: 'the connection was cut during the handshake',
  },
  {
    problem: 'handshake_timeout',
    codes: /^ETIMEDOUT$/,
    says: 'the handshake did not end in time: the server is silent, or its packets are lost on the way (MTU)',
  },
];

/**
 * OpenSSL puts before an alert's name the version that brought it, and that spelling changes: 3.5 (Node.js 24) writes SSL/TLS where
 * those before it write SSLV3. Which version it was says nothing here. UNRECOGNIZED_NAME comes without ALERT, too.
 */
const oneName = (code: string): string =>
  code.replace(/ERR_SSL_(?:SSLV3|SSL\/TLS|TLSV13?)_(?:ALERT_|(?=UNRECOGNIZED_NAME))/, 'ALERT_');

/**
 * Why a handshake ended with this code. `agreed`: the server had agreed on version and cipher, and so an alert 40 is about the client's
 * certificate. `showedCertificate`: this side had one to show.
 */
export function handshakeProblem(
  code: string,
  { agreed, showedCertificate }: { readonly agreed: boolean; readonly showedCertificate: boolean },
): Said {
  const row = rowOf(code);
  return isAboutCertificate(row) || (row.problem === 'refused' && agreed) ? certificateProblem(showedCertificate) : row;
}

/** What a code says that came later on an open connection, where TLS 1.3 servers say what they think of a certificate; undefined: nothing of TLS. */
export function laterProblem(code: string, showedCertificate: boolean | undefined): Said | undefined {
  return isAboutCertificate(rowOf(code)) ? certificateProblem(showedCertificate) : undefined;
}

type Said = Pick<Row, 'problem' | 'says'>;

function rowOf(code: string): Said {
  return rows.find(({ codes }) => codes.test(oneName(code))) ?? { problem: 'other', says: 'an error of TLS' };
}

function isAboutCertificate(row: Said): boolean {
  return row === wanted || row === refused;
}

function certificateProblem(showedCertificate: boolean | undefined): Said {
  return showedCertificate ? refused : wanted;
}
