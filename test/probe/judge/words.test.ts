import { expect, test } from 'vitest';
import type { Failure } from '../../../src/probe/failure.ts';
import {
  maintenanceWords,
  overloadWords,
  quoteOf,
  saidByRegistry,
  unreachableWords,
  wordsOf,
} from '../../../src/probe/judge/words.ts';
import { fakeFailure } from '../../support/fake-run.ts';

const said = (body: string, changes: Partial<Failure> = {}): Failure =>
  fakeFailure('unexpected_response', { ...changes, evidence: { message: '', body } });

test.each<[string, string, string | undefined]>([
  ['nothing', '', undefined],
  ['blanks', ' \n ', undefined],
  ['tags alone', '<html><body></body></html>', undefined],
  ['a sentence', 'No such thing. Ask again later.', 'No such thing.'],
  ['a sentence with a version in it', 'nginx 1.2 refuses! Really.', 'nginx 1.2 refuses!'],
  ['a question', 'Who? Me.', 'Who?'],
  ['a long one that is cut behind a word', `${'x'.repeat(159)} y`, 'x'.repeat(159)],
  ['a code of a blank', '{"code":" "}', undefined],
  ['words without an end', 'bad   gateway\n', 'bad gateway'],
  ['a long one', 'x'.repeat(161), 'x'.repeat(160)],
  ['an end at the limit', `${'x'.repeat(160)}.`, `${'x'.repeat(160)}.`],
  ['a page', '<html><title>502</title><h1>Bad Gateway</h1><p>nginx</p></html>', 'Bad Gateway nginx'],
  ['a page of a title alone', '<html><title>502 Bad Gateway</title></html>', '502 Bad Gateway'],
  ['a page with a style', '<style>a {}\nb {}</style><p>Sorry</p>', 'Sorry'],
  ['a page with a style between words', 'Sorry<style>a {}</style>later', 'Sorry later'],
  ['a page with its title between words', 'Sorry<title>502</title>later', 'Sorry later'],
  ['a page with a program', '<SCRIPT src="x">let a;\n</SCRIPT>Sorry', 'Sorry'],
  ['a page that is cut off in its style', '<p>Sorry</p><style>a {', 'Sorry'],
  ['a page with a remark', '<!-- a\nb -->Sorry<!-- cut off', 'Sorry'],
  ['a code', '{"errors":[{"code":"DENIED"}]}', 'DENIED'],
  ['a code and a message', '{"errors":[{ "code" : "DENIED" , "message" : "no  rights" }]}', 'DENIED: no rights'],
  ['a message with quotes', String.raw`{"code":"X","message":"a \"b\" c"}`, String.raw`X: a \"b\" c`],
  [
    'an unknown error and what the storage said',
    '{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":{"DriverName":"s3","Enclosed":"no space"}}]}',
    'UNKNOWN: unknown error DriverName : s3 , Enclosed : no space',
  ],
  ['an unknown error without a detail', '{"code":"UNKNOWN","message":"m"}', 'UNKNOWN: m'],
  [
    'an unknown error with blanks around its commas',
    '{"code" : "UNKNOWN" , "message" : "m" , "detail" : {"a":"b"}}',
    'UNKNOWN: m a : b',
  ],
  ['a detail of another code', '{"code":"DENIED","message":"no","detail":{"a":"b"}}', 'DENIED: no'],
])('the quote of %s', (_what, body, quote) => {
  expect(quoteOf(said(body))).toBe(quote);
});

test('nothing is quoted of a failure without a body', () => {
  expect(quoteOf(fakeFailure('connection_reset'))).toBeUndefined();
});

test('all words of a failure in one line, in a fixed order', () => {
  const evidence = {
    message: 'ours',
    code: 'EPROTO',
    tlsProblem: 'expired',
    authProblem: 'token_refused',
    body: '<b>Too</b>\n big',
    headers: {
      'content-type': 'text/html',
      'x-squid-error': 'ERR_1',
      'x-envoy-overloaded': 'true',
      warning: '299',
      via: 'x',
    },
    coding: 'gzip',
    challenge: 'Basic realm="x"',
    location: 'https://r.example.org/',
  } as const;
  expect(wordsOf(fakeFailure('unexpected_response', { status: 413, registryCode: 'DENIED', evidence }))).toBe(
    '413 DENIED EPROTO tls:expired login:token_refused Too big x-squid-error: ERR_1 x-envoy-overloaded: true warning: 299 ' +
      'written as text/html coding: gzip Basic realm="x" location: https://r.example.org/',
  );
  expect(wordsOf(fakeFailure('connection_reset', { evidence: { message: 'ours' } }))).toBe('');
});

test.each<[RegExp, readonly string[], readonly string[]]>([
  [maintenanceWords, ['Scheduled Maintenance', 'under maintenance'], ['maintenance downtime or capacity problems']],
  [
    overloadWords,
    [
      'overloaded',
      'upstream connect error: overflow',
      'too many connections',
      'too many pending requests',
      'queue full',
      'the queue is full',
      'circuit breaker',
      'circuit-breaker',
      'circuitbreaking',
      'local_rate_limited',
      'Server too busy',
      'resource limit is reached',
    ],
    ['too many layers', 'a queue'],
  ],
  [
    unreachableWords,
    [
      'No server is available',
      'no available server',
      'no healthy upstream',
      'Connection refused',
      'remote connection failure',
      'could not connect',
      'DNS lookup failed',
      'name resolution error',
      'dns resolution failed',
      'name lookup error',
      'no route to host',
      'Host is unreachable',
      'failed to establish a connection',
      'ERR_CONNECT_FAIL',
      'ERR_CANNOT_FORWARD',
      'ERR_DNS_FAIL',
    ],
    ['name failed', 'access refused'],
  ],
])('%s', (words, those, others) => {
  expect(those.filter((text) => !words.test(text))).toEqual([]);
  expect(others.filter((text) => words.test(text))).toEqual([]);
});

test.each<[string, Failure, boolean]>([
  ['its own error', said('<html>', { answeredBy: 'registry', registryCode: 'DENIED' }), true],
  ['a bare one', said('no', { answeredBy: 'registry' }), true],
  ['one without a body', fakeFailure('registry_error', { answeredBy: 'registry' }), true],
  ['a page with its header', said('<HTML><h1>500</h1>', { answeredBy: 'registry' }), false],
  ['an answer of a hop', said('no', { answeredBy: 'nginx', registryCode: 'DENIED' }), false],
])('said by the registry: %s', (_what, failure, expected) => {
  expect(saidByRegistry(failure)).toBe(expected);
});
