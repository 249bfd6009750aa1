import { stringify } from 'yaml';
import type { Config } from './config.ts';

const secretKeys = new Set(['password', 'token', 'identityToken']);

/** Headers that carry credentials by their name: Authorization, Cookie, X-Api-Key, CF-Access-Client-Secret, X-Auth-Token … */
const secretHeader = /auth|cookie|key|token|secret|passw|credential|session|signature|jwt/i;

const shown = '<secret>';

/** Replaces all secrets in the file's content. Names of files and variables stay: they say where a secret is, not what it is. */
export function redact(value: unknown, key?: string): unknown {
  if (key !== undefined && secretKeys.has(key)) return shown;
  if (Array.isArray(value)) return value.map((item) => redact(item));
  if (typeof value !== 'object' || value === null) return value;
  const inHeaders = key === 'headers';
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, inHeaders ? redactHeader(name, inner) : redact(inner, name)]),
  );
}

function redactHeader(name: string, value: unknown): unknown {
  return secretHeader.test(name) ? shown : value;
}

/** The running configuration as YAML, defaults filled in and secrets shown as `<secret>`. */
export function redactedConfig(config: Pick<Config, 'redactedSource'>): string {
  return stringify(config.redactedSource, { aliasDuplicateObjects: false, lineWidth: 0 });
}
