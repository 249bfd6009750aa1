import { dirname, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { secureOptions } from '../server/tls-server.ts';
import type { Pem, WebConfig, WebTls } from '../server/web-config.ts';
import { readConfigFile } from './config-file.ts';
import { expectation, quote } from './expected.ts';
import { ConfigError, type ConfigPath, type ConfigProblem } from './problem.ts';
import {
  cipherNames,
  curveNames,
  goDurationMs,
  type TlsFile,
  tlsVersions,
  type WebFile,
  webConfigSchema,
} from './schema/web.ts';
import { readYaml } from './yaml-source.ts';

/**
 * A reader of exporter-toolkit's web configuration file, to be called for each request: the text is read each time, and
 * understood anew when it has changed. Throws ConfigError.
 */
export function webConfigReader(file: string): () => WebConfig {
  let known: { text: string; config: WebConfig } | undefined;
  return () => {
    const text = readConfigFile(file);
    if (known?.text !== text) known = { text, config: parseWebConfig(text, file) };
    return known.config;
  };
}

/** Understands the text of a web configuration file; names of files in it start from its folder. Throws ConfigError. */
export function parseWebConfig(text: string, file: string): WebConfig {
  const yaml = readYaml(text, file);
  const problems: ConfigProblem[] = [...yaml.problems];
  const report = (path: ConfigPath, message: string): void => {
    problems.push({ file, position: yaml.valuePosition(path), path, message });
  };
  const result = webConfigSchema.safeParse(yaml.value ?? {}, { error: expectation });
  for (const issue of result.error?.issues ?? []) {
    const path = issue.path as ConfigPath;
    if (issue.code !== 'unrecognized_keys') {
      report(path, `expected ${issue.message}`);
      continue;
    }
    for (const key of issue.keys) {
      const keyPath = [...path, key];
      const message = `expected a key of the web configuration, got ${quote(key)}`;
      problems.push({ file, position: yaml.keyPosition(keyPath), path: keyPath, message });
    }
  }
  if (result.data === undefined) throw new ConfigError(problems);
  const config = toWebConfig(result.data, dirname(file));
  checkTls(result.data.tls_server_config ?? {}, config.tls, report);
  if (problems.length > 0) throw new ConfigError(problems);

  return config;
}

function toWebConfig(data: WebFile, folder: string): WebConfig {
  const tls = toTls(data.tls_server_config ?? {}, folder);
  const headers = Object.entries(data.http_server_config?.headers ?? {}).filter(([, value]) => value !== '');
  const intervalMs = goDurationMs(String(data.rate_limit?.interval ?? 0));
  return {
    headers: Object.fromEntries(headers) as Record<string, string>,
    users: new Map(Object.entries(data.basic_auth_users ?? {})),
    tls,
    rateLimit: intervalMs === 0 ? undefined : { intervalMs, burst: data.rate_limit?.burst ?? 0 },
  };
}

function isEnabled(tls: TlsFile): boolean {
  const values = [tls.cert, tls.cert_file, tls.key, tls.key_file, tls.client_ca, tls.client_ca_file];
  return [...values, tls.client_auth_type].some((value) => value !== undefined && value !== '');
}

function toTls(data: TlsFile, folder: string): WebTls | undefined {
  if (!isEnabled(data)) return undefined;
  const policy = data.client_auth_type;
  const clientCa = pemOf(data.client_ca, data.client_ca_file, folder);
  return {
    cert: pemOf(data.cert, data.cert_file, folder) ?? { kind: 'inline', text: '' },
    key: pemOf(data.key, data.key_file, folder) ?? { kind: 'inline', text: '' },
    clientCa,
    clientAuth: policy === 'RequireClientCert' ? 'RequireAnyClientCert' : policy || 'NoClientCert',
    clientAllowedSans: data.client_allowed_sans,
    minVersion: tlsVersions[data.min_version ?? 'TLS12'],
    maxVersion: tlsVersions[data.max_version ?? 'TLS13'],
    ciphers: (data.cipher_suites ?? []).flatMap((name) => cipherNames[name] ?? []),
    preferServerCiphers: data.prefer_server_cipher_suites ?? true,
    curves: (data.curve_preferences ?? []).map((name) => curveNames[name]),
  };
}

/** A file wins over inline text, as in exporter-toolkit. */
function pemOf(text: string | undefined, file: string | undefined, folder: string): Pem | undefined {
  if (file !== undefined && file !== '') return { kind: 'file', file: resolve(folder, file) };
  return text === undefined || text === '' ? undefined : { kind: 'inline', text };
}

/** The rules that exporter-toolkit checks when it starts, certificates and keys included. */
function checkTls(data: TlsFile, tls: WebTls | undefined, report: (path: ConfigPath, message: string) => void): void {
  const at = (key: string): ConfigPath => ['tls_server_config', key];
  if (tls === undefined) return;
  if (!data.cert && !data.cert_file) {
    report(['tls_server_config'], 'expected one of cert, cert_file, got neither');
    return;
  }
  if (!data.key && !data.key_file) {
    report(['tls_server_config'], 'expected one of key, key_file, got neither');
    return;
  }
  if (tls.clientCa !== undefined && tls.clientAuth === 'NoClientCert')
    report(['tls_server_config'], 'expected client_auth_type beside a client CA, got none');
  const required = tls.clientAuth === 'RequireAnyClientCert' || tls.clientAuth === 'RequireAndVerifyClientCert';
  if (tls.clientAllowedSans !== undefined && !required)
    report(at('client_allowed_sans'), 'expected client_auth_type RequireAnyClientCert or RequireAndVerifyClientCert');
  try {
    createSecureContext(secureOptions(tls));
  } catch (error) {
    const { code, path, message } = error as NodeJS.ErrnoException;
    report(
      ['tls_server_config'],
      path === undefined
        ? `expected a key that fits its certificate, got ${message}`
        : `expected a readable file, got ${path} (${code})`,
    );
  }
}
