import { expect, test } from 'vitest';
import type { HttpResponse } from '../../../src/network/exchange.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { AuthError } from '../../../src/registry/auth/auth-error.ts';
import { parseTokenReply } from '../../../src/registry/auth/token-reply.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';

const behaviour = { ...clientProfiles.docker.tokens, defaultLifetimeSeconds: 60, minLifetimeSeconds: 60, refreshAt: 1 };
const nowMs = 1_000_000;

/** Token and seconds until it is old, or the error's problem, host and message. */
function read(response: HttpResponse | undefined): string {
  try {
    const exchange = exchangeOf({ url: 'https://auth.example.org/token', response });
    const { token, renewAtMs } = parseTokenReply(exchange, behaviour, nowMs);
    return `${token} ${(renewAtMs - nowMs) / 1_000}`;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const { problem, host, message } = error;
    return problem === 'token_reply_invalid' ? message.replace(`${host}: `, '') : problem;
  }
}

const json = (text: string): HttpResponse => answerOf(200, {}, text);
const padded = (bytes: number): HttpResponse => json(`{"token":"a"}`.padEnd(bytes));

test.each<[string, HttpResponse | undefined, string]>([
  ['a token', json('{"token":"a"}'), 'a 60'],
  ['two names', json('{"token":"a","access_token":"b"}'), 'b 60'],
  ['an empty access_token', json('{"token":"a","access_token":""}'), 'a 60'],
  ['no access_token', json('{"token":"a","access_token":null}'), 'a 60'],
  ['a lifetime', json('{"token":"a","expires_in":300}'), 'a 300'],
  ['a time of issue', json('{"token":"a","issued_at":"1970-01-01T00:16:30Z"}'), 'a 50'],
  ["Go's zero time", json('{"token":"a","issued_at":"0001-01-01T00:00:00Z"}'), 'a 60'],
  ['no time of issue', json('{"token":"a","issued_at":null}'), 'a 60'],
  ['128 KiB', padded(131_072), 'a 60'],
  ['no answer', undefined, 'the token reply broke off'],
  ['a part', { ...json('{"token":"a"}'), complete: false }, 'the token reply broke off'],
  ['more than 128 KiB', padded(131_073), 'the token reply is larger than 131072 bytes'],
  ['more as it came', { ...json('{"token":"a"}'), bodyBytes: 131_073 }, 'the token reply is larger than 131072 bytes'],
  ['more unpacked', { ...padded(131_073), bodyBytes: 5 }, 'the token reply is larger than 131072 bytes'],
  ['no JSON', json('<html>'), 'the token reply is not JSON'],
  ['a list', json('[]'), 'the token reply is not a JSON object'],
  ['nothing in it', json('{}'), 'the token reply has no token'],
  ['an empty token', json('{"token":"","access_token":null}'), 'the token reply has no token'],
  ['a token that is null', json('{"token":null}'), 'the token reply has no token'],
  ['a number', json('{"token":7}'), 'the token in the reply cannot stand in a header'],
  ['a blank in it', json('{"token":"a b"}'), 'the token in the reply cannot stand in a header'],
  ['a lifetime in words', json('{"token":"a","expires_in":"300"}'), 'expires_in is not a whole number'],
  ['a part of a second', json('{"token":"a","expires_in":1.5}'), 'expires_in is not a whole number'],
  ['no day', json('{"token":"a","issued_at":"yesterday"}'), 'issued_at is not an RFC 3339 time'],
  ['a number for a day', json('{"token":"a","issued_at":1700000000}'), 'issued_at is not an RFC 3339 time'],
  ['a time in a list', json('{"token":"a","issued_at":["1970-01-01T00:16:30Z"]}'), 'issued_at is not an RFC 3339 time'],
  ['a year', json('{"token":"a","issued_at":"2026"}'), 'issued_at is not an RFC 3339 time'],
])('a reply with %s', (_what, response, expected) => {
  expect(read(response)).toBe(expected);
});

test('an error shows nothing of the reply', () => {
  const exchange = exchangeOf({ response: json('{"token":"a b"}') });
  const act = (): unknown => parseTokenReply(exchange, behaviour, nowMs);
  expect(act).toThrow(
    expect.objectContaining({
      host: 'registry.example.org',
      exchange: expect.objectContaining({ response: { ...exchange.response, body: new Uint8Array() } }) as unknown,
    }),
  );
});
