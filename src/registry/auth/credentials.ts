import type { Secret } from '../../network/secrets/secret.ts';
import { unreadable } from './auth-error.ts';
import type { Credentials } from '../target.ts';

/** Credentials after the Docker configuration has been looked into. */
export type ResolvedCredentials = Exclude<Credentials, { readonly kind: 'docker-config' }>;

/** `Basic …` for these credentials. */
export function basicHeader(credentials: Extract<ResolvedCredentials, { kind: 'basic' }>): string {
  const pair = `${credentials.username}:${reveal(credentials.password, 'the password')}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** `Bearer …`; throws when the token cannot stand in a header, instead of letting it break into another one. */
export function bearerHeader(token: Secret): string {
  const value = reveal(token, 'the token');
  if (!isHeaderToken(value)) throw unreadable('the token has characters that cannot stand in a header');
  return `Bearer ${value}`;
}

/** Printable ASCII without blanks. */
export function isHeaderToken(value: string): boolean {
  return /^[\x21-\x7e]+$/.test(value);
}

/** The value, or AuthError `credentials_unreadable` without the source's own message, which may quote what it read. */
export function reveal(secret: Secret, what: string): string {
  try {
    return secret.reveal();
  } catch (error) {
    throw unreadable(`${what} cannot be read${errorCodeSuffix(error)}`);
  }
}

/** Password or token of these credentials; undefined: they have none, or it cannot be read, as its first use will say. */
export function secretTextOf(credentials: Credentials): string | undefined {
  const secret =
    credentials.kind === 'basic' ? credentials.password : 'token' in credentials ? credentials.token : undefined;
  return secret && textOf(secret);
}

/** The value; undefined when it cannot be read. */
export function textOf(secret: Secret): string | undefined {
  try {
    return secret.reveal();
  } catch {
    return undefined;
  }
}

/** ` (ENOENT)`, or nothing for an error without a code. */
export function errorCodeSuffix(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? ` (${code})` : '';
}
