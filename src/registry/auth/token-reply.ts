import type { Exchange } from '../../network/exchange.ts';
import { isHeaderToken } from './credentials.ts';
import { isObject, parseJson } from '../json.ts';
import { AuthError } from './auth-error.ts';
import type { TokenBehaviour } from './token-behaviour.ts';

/** Replies are 1 to 4 KiB; oras reads at most 128 KiB, the least of all clients. */
const maxReplyBytes = 128 * 1024;
const yearSeconds = 365 * 24 * 3600;

/**
 * Token and lifetime in a 2xx reply of a token service (distribution docs/content/spec/auth/token.md and oauth.md).
 * As strict as the clients' own JSON decoders: `expires_in` must be a whole number and `issued_at` an RFC 3339 time, when present.
 * Throws AuthError `token_reply_invalid`, which never holds the reply's body.
 */
export function parseTokenReply(
  exchange: Exchange,
  behaviour: TokenBehaviour,
  nowMs: number,
): { readonly token: string; readonly renewAtMs: number } {
  const invalid = (message: string): AuthError => {
    const response = exchange.response && { ...exchange.response, body: new Uint8Array() };
    return new AuthError({
      problem: 'token_reply_invalid',
      message: `${exchange.url.host}: ${message}`,
      exchange: { ...exchange, response },
      host: exchange.url.host,
    });
  };
  const reply = parseObject(exchange, invalid);
  // Of two names docker, containerd, crane and oras take access_token.
  const token = given(reply['access_token']) ?? given(reply['token']);
  if (token === undefined) throw invalid('the token reply has no token');
  if (typeof token !== 'string' || !isHeaderToken(token))
    throw invalid('the token in the reply cannot stand in a header');
  const lifetimeSeconds = lifetime(reply['expires_in'], behaviour, invalid);
  const issuedAtMs = issuedAt(reply['issued_at'], invalid) ?? nowMs;
  return { token, renewAtMs: issuedAtMs + lifetimeSeconds * behaviour.refreshAt * 1000 };
}

type Invalid = (message: string) => AuthError;

function parseObject(exchange: Exchange, invalid: Invalid): Record<string, unknown> {
  const { response } = exchange;
  if (response === undefined || !response.complete) throw invalid('the token reply broke off');
  // Of a compressed reply both counts: as it came, and unpacked, which can be either way round.
  if (Math.max(response.bodyBytes, response.body.byteLength) > maxReplyBytes)
    throw invalid(`the token reply is larger than ${maxReplyBytes} bytes`);
  const value = parseJson(response.body);
  if (value === undefined) throw invalid('the token reply is not JSON');
  if (!isObject(value)) throw invalid('the token reply is not a JSON object');
  return value;
}

/** Go decoders take null and the empty string for absent. */
function given(value: unknown): unknown {
  return value === null || value === '' ? undefined : value;
}

function lifetime(value: unknown, behaviour: TokenBehaviour, invalid: Invalid): number {
  const seconds = given(value) ?? 0;
  if (typeof seconds !== 'number' || !Number.isInteger(seconds)) throw invalid('expires_in is not a whole number');
  if (seconds <= 0) return behaviour.defaultLifetimeSeconds;
  return Math.max(behaviour.minLifetimeSeconds, Math.min(seconds, yearSeconds));
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

function issuedAt(value: unknown, invalid: Invalid): number | undefined {
  if (value === undefined || value === null) return undefined;
  const ms = typeof value === 'string' && rfc3339.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(ms)) throw invalid('issued_at is not an RFC 3339 time');
  // Go's zero time, which some services send for "unknown".
  return value === '0001-01-01T00:00:00Z' ? undefined : ms;
}
