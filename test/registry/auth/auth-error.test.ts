import { expect, test } from 'vitest';
import { NetworkError } from '../../../src/network/exchange.ts';
import { Redactor } from '../../../src/network/secrets/redactor.ts';
import { AuthError, withAnswerBlanked, withoutCredentials } from '../../../src/registry/auth/auth-error.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';

const secret = 's3cret-of-many-letters';

test('an exchange without its credentials', () => {
  const exchange = exchangeOf({
    url: `https://amy:${secret}@auth.example.org/token?service=x&service=y&scope=`,
    requestHeaders: { Authorization: `Bearer ${secret}`, 'proxy-authorization': 'x', cookie: 'x', accept: '*/*' },
    response: answerOf(401, { 'set-cookie': 'x', server: `said ${secret}` }, `you sent ${secret}`),
    error: new NetworkError({ stage: 'receive', code: 'EPIPE', message: 'm' }),
  });
  const shown = withoutCredentials(exchange);
  expect(shown.url.href).toBe('https://auth.example.org/token?service=&scope=');
  expect(shown.requestHeaders).toEqual({
    Authorization: '<secret>',
    'proxy-authorization': '<secret>',
    cookie: '<secret>',
    accept: '*/*',
  });
  expect(shown.response?.headers).toEqual({ 'set-cookie': ['<secret>'], server: ['said <secret>'] });
  expect(Buffer.from(shown.response?.body ?? []).toString()).toBe('you sent <secret>');
  expect(shown).not.toHaveProperty('error');
  expect(withoutCredentials(exchangeOf()).response).toBeUndefined();
});

test('an answer that repeats nothing keeps its bytes', () => {
  const exchange = exchangeOf({ response: { ...answerOf(200), body: Uint8Array.of(0xff, 0x41) } });
  const blanked = withAnswerBlanked(exchange, Redactor.of([secret]));
  expect(blanked.response?.body).toEqual(Uint8Array.of(0xff, 0x41));
  const nothing = exchangeOf();
  expect(withAnswerBlanked(nothing, Redactor.of([secret]))).toBe(nothing);
});

test('an error has its cause, if there is one', () => {
  const cause = new Error('x');
  expect(new AuthError({ problem: 'token_refused', message: 'm', cause }).cause).toBe(cause);
  expect('cause' in new AuthError({ problem: 'token_refused', message: 'm' })).toBe(false);
});
