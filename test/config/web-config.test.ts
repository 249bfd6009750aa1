import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseWebConfig, webConfigReader } from '../../src/config/web-config.ts';
import { createCertificates } from '../support/certificates.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';

const certificates = createCertificates();
let folder = '';
let file = '';

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'blobprobe-web-'));
  file = path.join(folder, 'web.yml');
  writeFileSync(path.join(folder, 'server.crt'), certificates.valid.cert);
  writeFileSync(path.join(folder, 'server.key'), certificates.valid.key);
  writeFileSync(path.join(folder, 'other.key'), certificates.expired.key);
  writeFileSync(path.join(folder, 'ca.crt'), certificates.ca.cert);
});
afterAll(() => rmSync(folder, { recursive: true }));

const files = 'cert_file: server.crt, key_file: server.key';
const hash = '$2y$10$qRTBuFoULoYNA7AQ/F3ck.trZBPyjV64.oA4ZsSBCIWvXuvQlQTuu';

// The kinds of files in exporter-toolkit's own test data (web/testdata, 2026-07), with its verdicts.
const accepted: readonly (readonly [name: string, text: string])[] = [
  ['an empty file', ''],
  ['TLS with files', `tls_server_config: { ${files} }`],
  ['an empty section', 'tls_server_config:'],
  ['a client certificate if given', `tls_server_config: { ${files}, client_auth_type: VerifyClientCertIfGiven }`],
  ['the old name RequireClientCert', `tls_server_config: { ${files}, client_auth_type: RequireClientCert }`],
  [
    'allowed names',
    `tls_server_config: { ${files}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ca.crt, client_allowed_sans: [a] }`,
  ],
  [
    'ciphers, of TLS 1.3 too',
    `tls_server_config: { ${files}, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, TLS_AES_128_GCM_SHA256] }`,
  ],
  [
    'ciphers that HTTP/2 forbids, without HTTP/2',
    `tls_server_config: { ${files}, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA] }\nhttp_server_config: { http2: false }`,
  ],
  [
    'such ciphers when TLS 1.3 is the least, of which they are no part',
    `tls_server_config: { ${files}, min_version: TLS13, cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA] }`,
  ],
  ['all curves', `tls_server_config: { ${files}, curve_preferences: [CurveP256, CurveP384, CurveP521, X25519] }`],
  ['versions', `tls_server_config: { ${files}, min_version: TLS13, max_version: TLS13 }`],
  ['no HTTP/2', `tls_server_config: { ${files} }\nhttp_server_config: { http2: false }`],
  ['users without TLS', `basic_auth_users: { carol: ${hash} }`],
  ['a rate limit', 'rate_limit: { interval: 1s, burst: 20 }'],
  ['no rate limit', 'rate_limit: { interval: 0, burst: 0 }'],
  [
    'all headers',
    'http_server_config: { headers: { Strict-Transport-Security: max-age=1, X-Content-Type-Options: nosniff, X-Frame-Options: sameorigin, X-XSS-Protection: "0", Content-Security-Policy: "default-src \'none\'" } }',
  ],
];
const refused: readonly (readonly [name: string, text: string, message: string])[] = [
  ['an unknown section', 'tls: {}', '1:1: tls: expected a key of the web configuration, got "tls"'],
  ['an unknown key', 'tls_server_config: { cert_filse: x }', 'cert_filse: expected a key of the web configuration'],
  [
    'no certificate',
    'tls_server_config: { key_file: server.key }',
    ': tls_server_config: expected one of cert, cert_file, got neither',
  ],
  [
    'no key',
    'tls_server_config: { cert_file: server.crt, key: "" }',
    ': tls_server_config: expected one of key, key_file, got neither',
  ],
  ['a missing file', 'tls_server_config: { cert_file: none.crt, key_file: server.key }', '/none.crt (ENOENT)'],
  [
    'a key of another certificate',
    'tls_server_config: { cert_file: server.crt, key_file: other.key }',
    ': tls_server_config: expected a key that fits its certificate, got ',
  ],
  [
    'a certificate that is none',
    'tls_server_config: { cert: nonsense, key_file: server.key }',
    ': tls_server_config: expected a key that fits its certificate, got ',
  ],
  [
    'a client CA without policy',
    `tls_server_config: { ${files}, client_ca_file: ca.crt }`,
    ': tls_server_config: expected client_auth_type beside a client CA, got none',
  ],
  [
    'a client CA that is missing',
    `tls_server_config: { ${files}, client_ca_file: none, client_auth_type: VerifyClientCertIfGiven }`,
    '/none (ENOENT)',
  ],
  [
    'allowed names without required certificates',
    `tls_server_config: { ${files}, client_auth_type: VerifyClientCertIfGiven, client_allowed_sans: [a] }`,
    ': tls_server_config.client_allowed_sans: expected client_auth_type RequireAnyClientCert or RequireAndVerifyClientCert',
  ],
  [
    'an unknown policy',
    `tls_server_config: { ${files}, client_auth_type: Maybe }`,
    'client_auth_type: expected one of',
  ],
  [
    'an invented cipher',
    `tls_server_config: { ${files}, cipher_suites: [TLS_X] }`,
    'cipher_suites[0]: expected one of',
  ],
  [
    'an invented curve',
    `tls_server_config: { ${files}, curve_preferences: [P1] }`,
    'curve_preferences[0]: expected one',
  ],
  ['a wrong version', `tls_server_config: { ${files}, min_version: TLS111 }`, 'min_version: expected one of TLS10'],
  ['a password in clear', 'basic_auth_users: { john: doe }', 'basic_auth_users.john: expected a bcrypt hash'],
  [
    'a header that is not for configuration',
    'http_server_config: { headers: { X-Other: a } }',
    'X-Other: expected a key',
  ],
  [
    'a wrong frame option',
    'http_server_config: { headers: { X-Frame-Options: foo } }',
    'expected one of deny, sameorigin',
  ],
  ['a rate limit without unit', 'rate_limit: { interval: 5, burst: 1 }', 'rate_limit.interval: expected'],
  ['no map', '- a', 'expected a map'],
  ['no YAML', 'a: [', 'web.yml:1:'],
];

describe('accepted, as exporter-toolkit accepts them', () => {
  test.each(accepted)('%s', (_name, text) => {
    expect(() => parseWebConfig(text, file)).not.toThrow();
  });
});

describe('refused, as exporter-toolkit refuses them, in one line each', () => {
  test.each(refused)('%s', (_name, text, message) => {
    let error: unknown;
    try {
      parseWebConfig(text, file);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toContain(message);
    expect((error as Error).message.split('\n')).toHaveLength(1);
    expect((error as Error).message).not.toContain('doe');
  });
});

/** What promtool 2.42 does not check: fields that exporter-toolkit got later, and what Go's server says when it starts. */
const laterThanPromtool = /rate_limit|client_allowed_sans|cert: |HTTP\/2 needs/;

describeWithComponents(['promtool'], "promtool, which reads the file with exporter-toolkit's code", () => {
  test('has the same verdicts', () => {
    const all = [
      ...accepted.map((one) => [...one, 'accepted']),
      ...refused.map(([name, text]) => [name, text, 'refused']),
    ];
    const asked = all.filter((one) => !laterThanPromtool.test(one.join(' ')));
    const names = asked.map(([name = '', text = ''], index) => {
      writeFileSync(path.join(folder, `${index}.yml`), text);
      return { name, file: `${index}.yml` };
    });
    const { stderr } = spawnSync(
      requireComponent('promtool'),
      ['check', 'web-config', ...names.map((one) => one.file)],
      { cwd: folder, encoding: 'utf8' },
    );
    const verdicts = names.map((one) => [one.name, stderr.includes(`${one.file} SUCCESS`) ? 'accepted' : 'refused']);
    expect(verdicts).toEqual(asked.map(([name, , verdict]) => [name, verdict]));
    expect(asked.length).toBeGreaterThan(25);
  });
});

test('what the file says arrives', () => {
  const config = parseWebConfig(
    [
      `tls_server_config: { ${files}, client_ca_file: ca.crt, client_auth_type: RequireAndVerifyClientCert,`,
      '  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384], curve_preferences: [X25519, CurveP256], max_version: TLS12 }',
      'http_server_config: { http2: false, headers: { X-Frame-Options: sameorigin, X-XSS-Protection: "" } }',
      `basic_auth_users: { carol: ${hash} }`,
      'rate_limit: { interval: 1m0.5s, burst: 3 }',
    ].join('\n'),
    file,
  );
  expect(config).toEqual({
    tls: {
      cert: { kind: 'file', file: path.join(folder, 'server.crt') },
      key: { kind: 'file', file: path.join(folder, 'server.key') },
      clientCa: { kind: 'file', file: path.join(folder, 'ca.crt') },
      clientAuth: 'RequireAndVerifyClientCert',
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.2',
      ciphers: ['ECDHE-RSA-AES256-GCM-SHA384'],
      preferServerCiphers: true,
      curves: ['X25519', 'P-256'],
    },
    headers: { 'X-Frame-Options': 'sameorigin' },
    users: new Map([['carol', hash]]),
    rateLimit: { intervalMs: 60_500, burst: 3 },
  });
});

test('the reader sees each change of the file, and refuses while it is wrong or gone', () => {
  const changing = path.join(folder, 'changing.yml');
  writeFileSync(changing, '');
  const read = webConfigReader(changing);
  expect(read().users.size).toBe(0);
  expect(read()).toBe(read());
  writeFileSync(changing, `basic_auth_users: { carol: ${hash} }`);
  expect(read().users.size).toBe(1);
  writeFileSync(changing, 'basic_auth_users: 1');
  expect(read).toThrow('expected a map');
  writeFileSync(changing, '# ü\n', 'latin1');
  expect(read).toThrow('changing.yml:1:3: expected UTF-8 text, got another encoding: save the file as UTF-8');
  rmSync(changing);
  expect(read).toThrow('expected a readable file, got none (ENOENT)');
  writeFileSync(changing, '');
  expect(read().users.size).toBe(0);
});

describe('what a section of TLS says', () => {
  const tlsOf = (text: string) => parseWebConfig(`tls_server_config: { ${text} }`, file).tls;

  test.each([
    [files, 'NoClientCert'],
    [`${files}, client_auth_type: ""`, 'NoClientCert'],
    [`${files}, client_auth_type: NoClientCert`, 'NoClientCert'],
    [`${files}, client_auth_type: RequestClientCert`, 'RequestClientCert'],
    [`${files}, client_auth_type: RequireClientCert`, 'RequireAnyClientCert'],
    [`${files}, client_auth_type: RequireAnyClientCert, client_allowed_sans: [a]`, 'RequireAnyClientCert'],
  ])('%s: of clients %s', (text, clientAuth) => {
    expect(tlsOf(text)?.clientAuth).toBe(clientAuth);
  });

  test('has defaults', () => {
    expect(tlsOf(files)).toEqual({
      cert: { kind: 'file', file: path.join(folder, 'server.crt') },
      key: { kind: 'file', file: path.join(folder, 'server.key') },
      clientCa: undefined,
      clientAuth: 'NoClientCert',
      clientAllowedSans: undefined,
      minVersion: 'TLSv1.2',
      maxVersion: 'TLSv1.3',
      ciphers: [],
      preferServerCiphers: true,
      curves: [],
    });
    expect(tlsOf(`${files}, prefer_server_cipher_suites: false, min_version: TLS10`)).toMatchObject({
      preferServerCiphers: false,
      minVersion: 'TLSv1',
    });
  });

  test('has no ciphers of TLS 1.3, which are always on', () => {
    expect(tlsOf(`${files}, cipher_suites: [TLS_AES_128_GCM_SHA256]`)?.ciphers).toEqual([]);
  });

  test('is none where nothing in it is set', () => {
    for (const text of ['', 'min_version: TLS13', 'cert: "", key_file: "", client_auth_type: ""'])
      expect(tlsOf(text)).toBeUndefined();
  });

  test('may hold the certificate itself; a file beside it counts', () => {
    const inline = (key: string, text: string): string => `${key}: ${JSON.stringify(text)}`;
    const { cert, key } = certificates.valid;
    expect(tlsOf(`${inline('cert', cert)}, ${inline('key', key)}`)).toMatchObject({
      cert: { kind: 'inline', text: cert },
      key: { kind: 'inline', text: key },
    });
    expect(tlsOf(`cert: nonsense, key: nonsense, ${files}`)).toMatchObject({
      cert: { kind: 'file' },
      key: { kind: 'file' },
    });
    expect(tlsOf(`${files}, client_ca: ""`)?.clientCa).toBeUndefined();
    expect(tlsOf(`cert_file: "", ${inline('cert', cert)}, key_file: server.key`)?.cert.kind).toBe('inline');
  });
});

test.each([
  ['rate_limit: { interval: 0, burst: 5 }', undefined],
  ['rate_limit: { burst: 5 }', undefined],
  ['rate_limit: { interval: 0s }', undefined],
  ['rate_limit: { interval: 1s }', { intervalMs: 1000, burst: 0 }],
])('%s', (text, rateLimit) => {
  expect(parseWebConfig(text, file).rateLimit).toEqual(rateLimit);
});

test('a headers section without headers, and no users', () => {
  for (const text of ['http_server_config: { headers: }', 'http_server_config:', 'basic_auth_users:'])
    expect(parseWebConfig(text, file)).toMatchObject({ headers: {}, users: new Map(), tls: undefined });
});
