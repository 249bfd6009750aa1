import { z } from 'zod';
import { isBcryptHash } from '../../server/password-check.ts';
import { clientAuthPolicies } from '../../server/web-config.ts';

/** Go's names of cipher suites to OpenSSL's. Those of TLS 1.3 are always on, in Go as here. */
export const cipherNames: Readonly<Record<string, string | undefined>> = {
  TLS_AES_128_GCM_SHA256: undefined,
  TLS_AES_256_GCM_SHA384: undefined,
  TLS_CHACHA20_POLY1305_SHA256: undefined,
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
};

export const curveNames = { CurveP256: 'P-256', CurveP384: 'P-384', CurveP521: 'P-521', X25519: 'X25519' } as const;
export const tlsVersions = { TLS10: 'TLSv1', TLS11: 'TLSv1.1', TLS12: 'TLSv1.2', TLS13: 'TLSv1.3' } as const;

function keysOf<T extends object>(table: T): [keyof T & string, ...(keyof T & string)[]] {
  return Object.keys(table) as [keyof T & string, ...(keyof T & string)[]];
}

const tlsSchema = z.strictObject({
  cert: z.string().optional(),
  key: z.string().optional(),
  client_ca: z.string().optional(),
  cert_file: z.string().optional(),
  key_file: z.string().optional(),
  client_ca_file: z.string().optional(),
  // RequireClientCert is an old name that exporter-toolkit still takes.
  client_auth_type: z.enum(['', 'RequireClientCert', ...clientAuthPolicies]).optional(),
  client_allowed_sans: z.array(z.string()).optional(),
  min_version: z.enum(keysOf(tlsVersions)).optional(),
  max_version: z.enum(keysOf(tlsVersions)).optional(),
  cipher_suites: z.array(z.enum(keysOf(cipherNames))).optional(),
  prefer_server_cipher_suites: z.boolean().optional(),
  curve_preferences: z.array(z.enum(keysOf(curveNames))).optional(),
});

/** Go's time.Duration as exporter-toolkit's YAML takes it: `1s`, `1m30s`, `100ms`, `0`. */
const goDuration = /^(?:0|(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+)$/;

/** exporter-toolkit's web configuration file, field by field. */
export const webConfigSchema = z.strictObject({
  tls_server_config: tlsSchema.nullish(),
  http_server_config: z
    .strictObject({
      // Read and not used: over TLS this daemon speaks HTTP/1.1 only.
      http2: z.boolean().optional(),
      headers: z
        .strictObject({
          'Strict-Transport-Security': z.string().optional(),
          'X-Content-Type-Options': z.enum(['nosniff']).optional(),
          'X-Frame-Options': z.enum(['deny', 'sameorigin']).optional(),
          'X-XSS-Protection': z.string().optional(),
          'Content-Security-Policy': z.string().optional(),
        })
        .nullish(),
    })
    .nullish(),
  basic_auth_users: z.record(z.string(), z.string().refine(isBcryptHash, 'a bcrypt hash')).nullish(),
  rate_limit: z
    .strictObject({
      interval: z.union([z.literal(0), z.string().regex(goDuration, 'a duration such as 1s')]).optional(),
      burst: z.int().min(0).optional(),
    })
    .nullish(),
});
export type WebFile = z.infer<typeof webConfigSchema>;
export type TlsFile = z.infer<typeof tlsSchema>;

const goUnitsMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds of a text that `goDuration` matches. */
export function goDurationMs(text: string): number {
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (goUnitsMs[unit] ?? 0),
    0,
  );
}
