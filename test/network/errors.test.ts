import { expect, test } from 'vitest';
import { codeOf, errorCode, messageOf } from '../../src/network/errors.ts';

const coded = (code: unknown, cause?: unknown): Error => Object.assign(new Error('x', { cause }), { code });
const under = (levels: number): Error =>
  Array.from({ length: levels }).reduce<Error>((cause) => new Error('x', { cause }), coded('EPIPE'));

test.each<[string, unknown, string | undefined]>([
  ['its own', coded('EPIPE', coded('ECONNRESET')), 'EPIPE'],
  ["its cause's", new Error('x', { cause: coded('ECONNRESET') }), 'ECONNRESET'],
  ["its cause's, beside a number", coded(5, coded('ECONNRESET')), 'ECONNRESET'],
  ['that of the first of several', new AggregateError([coded('ECONNREFUSED'), coded('EPIPE')]), 'ECONNREFUSED'],
  [
    'that of several, before those',
    Object.assign(new AggregateError([coded('EPIPE')]), { code: 'ETIMEDOUT' }),
    'ETIMEDOUT',
  ],
  ['four causes deep', under(4), 'EPIPE'],
  ['none deeper', under(5), undefined],
  ['none of what is no error', { code: 'EPIPE' }, undefined],
  ['none of several that are none', new AggregateError([]), undefined],
  ['none', new Error('x'), undefined],
])('the code of an error is %s', (_what, error, code) => {
  expect([errorCode(error), codeOf(error)]).toEqual([code, code ?? 'UNKNOWN']);
});

test('what is thrown has a text, error or not', () => {
  expect([messageOf(new Error('why')), messageOf('why'), messageOf(undefined)]).toEqual(['why', 'why', 'undefined']);
});
