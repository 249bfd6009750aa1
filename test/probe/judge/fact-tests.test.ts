import { expect, test } from 'vitest';
import type { NetworkStage } from '../../../src/network/exchange.ts';
import {
  brokeOffBehind,
  http2Code,
  isHardlyTaken,
  opening,
  refusedByProxy,
  saysOwnReason,
} from '../../../src/probe/judge/fact-tests.ts';
import { type Facts, factsOf, noContext } from '../../../src/probe/judge/facts.ts';
import type { AnsweredBy, StuckBody } from '../../../src/probe/failure.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';

const factsWith = (changes: Partial<Facts>): Facts => ({
  ...factsOf(undefined, { ...noContext, step: 'send' }),
  ...changes,
});

test.each<[AnsweredBy, number | undefined, boolean]>([
  ['nginx', 502, true],
  ['cloudflare', 520, true],
  ['envoy', 503, true],
  ['varnish', 503, true],
  ['other', 503, true],
  ['nginx', 503, false],
  ['envoy', 504, false],
  ['registry', 502, false],
  ['none', undefined, false],
])('%s says by %j that who is behind it broke off: %j', (answeredBy, status, expected) => {
  expect(brokeOffBehind({ answeredBy, status })).toBe(expected);
});

const mssBytes = 1_448;
test.each<[string, number, Partial<StuckBody> | undefined, boolean]>([
  ['a part of a segment', 1e6, { ackedBytes: 1_447, mssBytes }, true],
  ['a segment', 1, { ackedBytes: 1_448, mssBytes }, false],
  ['a buffer, where the kernel does not tell', 65_536, undefined, true],
  ['more than a buffer', 65_537, undefined, false],
  ['a buffer, where the kernel knows no segments', 65_536, { ackedBytes: 1e6 }, true],
  ['a buffer, where the kernel knows no bytes', 65_536, { mssBytes }, true],
  ['a buffer, where the kernel tells of a proxy', 65_536, { ackedBytes: 1e6, mssBytes, viaProxy: true }, true],
])('hardly anything was taken of the request: %s: %#', (_what, sentBytes, kernel, expected) => {
  expect(isHardlyTaken(sentBytes, kernel)).toBe(expected);
});

test.each<[string, NetworkStage | undefined, string, readonly boolean[]]>([
  ['no connection', undefined, '', [false, false, false]],
  ['connecting', 'connect', 'PROXY_403', [true, false, false]],
  ['a proxy that refuses', 'proxy', 'PROXY_403', [true, true, false]],
  ['a proxy that is cut', 'proxy', 'ECONNRESET', [true, false, false]],
  ['an end of a stream', 'send', 'ERR_HTTP2_STREAM_ERROR', [false, false, true]],
])('opening, refused by a proxy, ended in HTTP/2: %s', (_what, stage, code, expected) => {
  const facts = factsWith(stage === undefined ? {} : { network: { stage, code, timer: undefined } });
  expect([opening(facts), refusedByProxy(facts), http2Code(facts)]).toEqual(expected);
});

test.each<[string, Facts['exchange'], boolean]>([
  ['nothing', undefined, false],
  ['no answer', exchangeOf(), false],
  ['another page', exchangeOf({ response: answerOf(502, {}, 'bad gateway') }), false],
  ['a page', exchangeOf({ response: answerOf(503, {}, 'no healthy upstream') }), true],
])('a trouble of a hop is named by %s: %j', (_what, exchange, expected) => {
  expect(saysOwnReason(factsWith({ exchange }))).toBe(expected);
});
