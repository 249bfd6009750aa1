import { describe, expect, test } from 'vitest';
import { type Exchange, NetworkError, type NetworkStage } from '../../../src/network/exchange.ts';
import { RunAborted } from '../../../src/probe/bounded-signal.ts';
import type { Phase } from '../../../src/probe/failure.ts';
import { classify } from '../../../src/probe/judge/classify.ts';
import { type Facts, factsOf, noContext } from '../../../src/probe/judge/facts.ts';
import { AuthError } from '../../../src/registry/auth/auth-error.ts';
import { ProtocolError, type Step } from '../../../src/registry/errors.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';

const sending = { ...noContext, step: 'send' } as const;
const networkError = (stage: NetworkStage, exchange?: Exchange, cause?: unknown): NetworkError =>
  Object.assign(new NetworkError({ stage, code: 'ECONNRESET', message: 'cut', cause }), { exchange });
const protocolError = (exchange: Exchange, step: Step = 'commit', firstSending?: unknown): ProtocolError =>
  new ProtocolError({ step, problem: 'unexpected_status', exchange, message: 'no', firstSending });
const authError = (exchange?: Exchange, cause?: unknown): AuthError =>
  new AuthError({ problem: 'token_refused', message: 'no', exchange, cause });
const denied = answerOf(403, {}, '{"errors":[{"code":"DENIED","message":"no"},{"code":"QUOTA","message":"full"}]}');
const connection = {
  id: 1,
  remoteAddress: '127.0.0.1',
  remotePort: 443,
  family: 4,
  viaProxy: false,
  connectMs: 1,
} as const;

test.each<[string, unknown, Partial<Facts>]>([
  [
    'something else',
    new Error('x'),
    {
      unknown: true,
      answeredBy: 'none',
      elapsedMs: 0,
      step: 'send',
      status: undefined,
      registryCodes: [],
      registryMessage: '',
      socketReused: false,
    },
  ],
  ['an end of ours', new RunAborted('deadline'), { unknown: false, aborted: 'deadline' }],
  [
    'a cut by an end of ours',
    networkError('send', undefined, new RunAborted('cancelled')),
    { unknown: false, aborted: 'cancelled' },
  ],
  [
    'a cut',
    networkError('send'),
    { unknown: false, aborted: undefined, network: { stage: 'send', code: 'ECONNRESET', timer: undefined } },
  ],
  [
    'a login that a cut ended',
    authError(undefined, networkError('tls')),
    { network: { stage: 'tls', code: 'ECONNRESET', timer: undefined } },
  ],
  [
    'a login that something else ended',
    authError(undefined, new Error('x')),
    { network: undefined, authProblem: 'token_refused', unknown: false },
  ],
  [
    'any other error that a cut caused',
    new Error('x', { cause: networkError('tls') }),
    { network: undefined, unknown: true },
  ],
  [
    'an answer to a login',
    authError(exchangeOf({ purpose: 'commit', response: answerOf(401) })),
    { step: 'send', status: 401, problem: undefined },
  ],
  [
    'a wrong answer',
    protocolError(exchangeOf({ response: answerOf(500) })),
    { step: 'commit', problem: 'unexpected_status', authProblem: undefined, status: 500 },
  ],
  [
    'the purpose of what was cut',
    networkError('wait', exchangeOf({ purpose: 'verify' })),
    { step: 'verify', phase: 'verify' },
  ],
  [
    'what the registry says',
    protocolError(exchangeOf({ response: denied })),
    { registryCodes: ['DENIED', 'QUOTA'], registryMessage: 'no full', answeredBy: 'registry', bodyEmpty: false },
  ],
  [
    'an empty body',
    protocolError(exchangeOf({ response: answerOf(403) })),
    { bodyEmpty: true, mitigated: false, registryCodes: [], registryMessage: '' },
  ],
  ['no body at all', networkError('send', exchangeOf()), { bodyEmpty: false }],
  [
    'a challenge page',
    protocolError(exchangeOf({ response: answerOf(403, { 'cf-mitigated': 'challenge' }) })),
    { mitigated: true },
  ],
  ['a used connection', networkError('send', exchangeOf({ socketReused: true })), { socketReused: true }],
  ['a new one', networkError('send', exchangeOf()), { socketReused: false, http2: false }],
  ['HTTP/2', networkError('send', exchangeOf({ connection: { ...connection, httpVersion: '2' } })), { http2: true }],
  [
    'HTTP/1.1',
    networkError('send', exchangeOf({ connection: { ...connection, httpVersion: '1.1' } })),
    { http2: false },
  ],
])('the facts of %s', (_what, error, facts) => {
  expect(factsOf(error, sending)).toMatchObject(facts);
});

test.each<[NetworkStage, Step, Phase]>([
  ['dns', 'send', 'dns'],
  ['connect', 'send', 'connect'],
  ['tls', 'start', 'tls'],
  ['proxy', 'send', 'connect'],
  ['wait', 'send', 'wait'],
  ['wait', 'commit', 'commit'],
  ['send', 'send', 'send'],
  ['receive', 'pull', 'pull'],
])('an error at %s of %s happened in %s', (stage, step, phase) => {
  expect(factsOf(networkError(stage), { ...noContext, step }).phase).toBe(phase);
});

test.each<[string, Step, Partial<Exchange>, Phase]>([
  ['after the last byte', 'send', { waitMs: 0 }, 'wait'],
  ['while sending', 'send', {}, 'send'],
  ['at another step', 'commit', { waitMs: 5 }, 'commit'],
])('an answer that came %s', (_when, step, changes, phase) => {
  const exchange = exchangeOf({ ...changes, response: answerOf(500) });
  expect(factsOf(protocolError(exchange, step), sending).phase).toBe(phase);
  expect(factsOf(networkError('dns', exchange), { ...noContext, step }).phase).toBe(phase);
});

describe('the time until a failure', () => {
  const opening = { dnsMs: 10, connectMs: 200, tlsMs: 3_000 };

  test.each<[string, NetworkStage, Partial<Exchange>, number]>([
    ['of a name', 'dns', { opening }, 10],
    ['of a connection', 'connect', { opening }, 200],
    ['of a proxy', 'proxy', { opening }, 200],
    ['of TLS', 'tls', { opening }, 3_000],
    ['of an opening without facts', 'tls', {}, 0],
    ['of a step that was not reached', 'tls', { opening: { dnsMs: 10 } }, 0],
    ['of a body, without the opening', 'send', { opening }, 6_790],
    ['of a body without an opening', 'send', {}, 10_000],
    ['of a clock that is off', 'send', { opening, endedAtMs: 50 }, 0],
  ])('%s', (_what, stage, changes, elapsedMs) => {
    const exchange = exchangeOf({ endedAtMs: 10_050, startedAtMs: 50, ...changes });
    expect(factsOf(networkError(stage, exchange), sending).elapsedMs).toBe(elapsedMs);
  });

  test('of an answer, without the opening', () => {
    const exchange = exchangeOf({ endedAtMs: 10_000, opening, response: answerOf(500) });
    expect(factsOf(protocolError(exchange), sending).elapsedMs).toBe(6_790);
  });
});

describe('a request that was sent twice', () => {
  const registryAnswer = (status: number, method = 'PUT'): Exchange =>
    exchangeOf({ method, response: answerOf(status, { 'docker-distribution-api-version': 'registry/2.0' }) });
  const hopAnswer = (status: number): ProtocolError =>
    protocolError(exchangeOf({ response: answerOf(status, { server: 'nginx' }) }));
  const cut = networkError('send', exchangeOf());

  test.each<[string, Exchange, unknown, 'first' | 'last']>([
    ['the session is gone after a 504', registryAnswer(404), hopAnswer(504), 'first'],
    ['the same with PATCH', registryAnswer(416, 'PATCH'), hopAnswer(504), 'first'],
    ['after a cut', registryAnswer(400), cut, 'first'],
    ['after a 408', registryAnswer(409), hopAnswer(408), 'first'],
    ['after a 499', registryAnswer(500), hopAnswer(499), 'first'],
    ['after a refusal that is no end', registryAnswer(404), hopAnswer(413), 'last'],
    ['after the registry’s own words', registryAnswer(404), protocolError(registryAnswer(500)), 'last'],
    ['a read', registryAnswer(404, 'GET'), hopAnswer(504), 'last'],
    ['refused for another reason', registryAnswer(403), hopAnswer(504), 'last'],
    [
      'refused by a hop',
      exchangeOf({ method: 'PUT', response: answerOf(404, { server: 'nginx' }) }),
      hopAnswer(504),
      'last',
    ],
    ['sent once', registryAnswer(404), undefined, 'last'],
  ])('%s', (_what, last, first, expected) => {
    const whole = classify(protocolError(last, 'commit', first), sending);
    expect(whole).toEqual(expected === 'first' ? classify(first, sending) : classify(protocolError(last), sending));
  });
});

test.each<[string, unknown, string]>([
  ['an error', new Error('text'), 'text'],
  ['a word', 'word', 'word'],
  ['nothing', undefined, 'undefined'],
  ['what has no text', Object.create(null), 'an error without a text'],
])('%s has a message', (_what, error, message) => {
  expect(classify(error, sending).evidence.message).toBe(message);
});

test.each<[Step, number, string, Phase]>([
  ['commit', 0, 'body_dropped', 'send'],
  ['commit', 999, 'body_truncated', 'send'],
  ['commit', 1_000, 'body_corrupted', 'commit'],
])('bytes that are missing at the %s were lost while sending: %d, %s', (step, acknowledgedBytes, reason, phase) => {
  const context = { ...noContext, step, sentBytes: 1_000, acknowledgedBytes, acknowledges: true };
  const exchange = exchangeOf({ response: answerOf(400, {}, '{"errors":[{"code":"DIGEST_INVALID"}]}') });
  expect(classify(protocolError(exchange, step), context)).toMatchObject({
    reason,
    phase,
    registryCode: 'DIGEST_INVALID',
  });
});

test('bytes that are missing of a pull were lost in it', () => {
  const exchange = exchangeOf({ response: answerOf(200) });
  const error = new ProtocolError({ step: 'pull', problem: 'length_wrong', exchange, message: 'short' });
  expect(classify(error, sending)).toMatchObject({ reason: 'body_truncated', phase: 'pull', registryCode: undefined });
});
