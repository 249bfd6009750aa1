import { stringify } from 'yaml';
import type { Config } from './config.ts';

const secretKeys = new Set<string | undefined>(['password', 'token', 'identityToken']);

/** Headers that carry credentials by their name: Authorization, Cookie, X-Api-Key, CF-Access-Client-Secret, X-Auth-Token … */
const secretHeader = /auth|cookie|key|token|secret|passw|credential|session|signature|jwt/i;

const shown = '<secret>';

/** Replaces all secrets in the file's content. Names of files and variables stay: they say where a secret is, not what it is. */
export function redact(value: unknown, key?: string): unknown {
  if (Array.isArray(value)) return value.map((item) => redact(item));
  // A registry, path or check may have such a name too; then its value is a map.
  if (typeof value !== 'object' || value === null) return secretKeys.has(key) ? shown : value;
  const inner = key === 'headers' ? redactHeader : redact;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, inner(entry, name)]));
}

function redactHeader(value: unknown, name: string): unknown {
  if (typeof value !== 'string') return redact(value, name);
  return secretHeader.test(name) || /^(?:basic|bearer)\s/i.test(value) ? shown : value;
}

/** The running configuration as YAML, defaults filled in and secrets shown as `<secret>`. */
export function redactedConfig(config: Pick<Config, 'redactedSource'>): string {
  return stringify(config.redactedSource, { lineWidth: 0 });
}
