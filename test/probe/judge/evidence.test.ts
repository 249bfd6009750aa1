import { describe, expect, test } from 'vitest';
import type { HeadFacts } from '../../../src/network/answer-head.ts';
import { NetworkError } from '../../../src/network/exchange.ts';
import type { Evidence } from '../../../src/probe/failure.ts';
import { classify } from '../../../src/probe/judge/classify.ts';
import { cleanText, shownResponseHeaders, shownUrl, triedBefore } from '../../../src/probe/judge/evidence.ts';
import { noContext } from '../../../src/probe/judge/facts.ts';
import type { Step } from '../../../src/registry/errors.ts';
import { answerOf, exchangeOf } from '../../support/exchanges.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

/** A read whose head came and whose body was cut. */
function cutRead(url: string, redirectedFrom?: string): NetworkError {
  const exchange = exchangeOf({
    method: 'GET',
    url,
    redirectedFrom: redirectedFrom === undefined ? undefined : new URL(redirectedFrom),
    endedAtMs: 4_000,
    response: { ...answerOf(200, { 'content-encoding': 'gzip' }), bodyBytes: 700, complete: false },
  });
  return Object.assign(new NetworkError({ stage: 'receive', code: 'ECONNRESET', message: 'reset' }), { exchange });
}

test.each([
  ['a blob', cutRead(`https://r.example.org/v2/a/b/blobs/${digest}`), 700],
  ['a manifest', cutRead('https://r.example.org/v2/a/b/manifests/latest'), 700],
  [
    'a blob that a store has',
    cutRead('https://store.example.org/x?sig=1', `https://r.example.org/v2/a/b/blobs/${digest}`),
    700,
  ],
  ['the catalog', cutRead('https://r.example.org/v2/_catalog'), undefined],
  ['the tags', cutRead('https://r.example.org/v2/a/b/tags/list'), undefined],
])('how far the pull of %s came, and in which coding', (_name, error, pulledBytes) => {
  const { evidence } = classify(error, { ...noContext, step: 'pull' });
  expect(evidence.pulledBytes).toBe(pulledBytes);
  expect(evidence.coding).toBe(pulledBytes === undefined ? undefined : 'gzip');
});

const plain = (text: string): string => text;

test.each([
  ['https://u:p@r.example.org/v2/', 'https://r.example.org/v2/'],
  [`https://r.example.org/x?a=b&digest=${digest}&c=`, `https://r.example.org/x?a=…&digest=${digest}&…`],
  [`https://r.example.org/x?other=${digest}`, 'https://r.example.org/x?other=…'],
  [`https://r.example.org/x?digest=UP${digest}`, 'https://r.example.org/x?digest=…'],
  [`https://r.example.org/x?digest=${digest}!`, 'https://r.example.org/x?digest=…'],
  [`https://r.example.org/x?${'n'.repeat(32)}=1&${'n'.repeat(33)}=1`, `https://r.example.org/x?${'n'.repeat(32)}=…&…`],
  ['https://r.example.org/x?a!b=1&!a=1', 'https://r.example.org/x?…&…'],
])('%s is shown as %s', (url, shown) => {
  expect(shownUrl(new URL(url))).toBe(shown);
});

test.each([
  ['a b', 3, 'a b'],
  [' a \u0000\u202e\n b ', 10, 'a b'],
  ['12345', 5, '12345'],
  ['123456', 5, '12…'],
  ['äöü', 5, 'ä…'],
  ['aäöü', 6, 'aä…'],
  ['a😀bcd', 7, 'a…'],
  ['a\uFFFDbcdefghijk', 10, 'a\uFFFDbcd…'],
  ['123456', 2, '…'],
  [`${' '.repeat(40)}x`, 10, ''],
])('%j in %d bytes: %j', (text, maxBytes, shown) => {
  expect(cleanText(text, maxBytes)).toBe(shown);
});

describe('headers of an answer', () => {
  test('known ones alone, each in one text of at most 200 bytes', () => {
    const headers = { server: ['a', 'b'], via: [], 'set-cookie': ['x'], 'x-request-id': ['i'.repeat(201)] };
    expect(shownResponseHeaders({ ...answerOf(200), headers })).toEqual({
      server: 'a, b',
      'x-request-id': `${'i'.repeat(197)}…`,
    });
    expect(shownResponseHeaders(undefined)).toEqual({});
  });

  test('all together no more than 700 bytes, in a fixed order', () => {
    const long = 'x'.repeat(300);
    const headers = { warning: long, server: long, via: long, 'cf-ray': long, 'x-cache': long, age: long };
    const shown = shownResponseHeaders(answerOf(200, headers));
    expect(Object.entries(shown).map(([name, value]) => [name, Buffer.byteLength(value)])).toEqual([
      ['server', 200],
      ['via', 200],
      ['cf-ray', 200],
      ['x-cache', 700 - 615 - 'x-cache'.length],
    ]);
  });

  test('one of which not even the name has room is left out', () => {
    const headers = { server: 'x'.repeat(200), via: 'x'.repeat(200), 'cf-ray': 'x'.repeat(200), age: 'x'.repeat(77) };
    const shown = shownResponseHeaders(answerOf(200, { ...headers, 'x-envoy-overloaded': 't', range: '0' }));
    expect(Object.keys(shown)).toEqual(['server', 'via', 'cf-ray', 'age']);
  });
});

/** The evidence of an answer to a request, or of a connection that ended. */
function evidence(changes: Parameters<typeof exchangeOf>[0], step: Step = 'send'): Evidence {
  const error = Object.assign(new NetworkError({ stage: 'receive', code: 'EPIPE', message: 'm' }), {
    exchange: exchangeOf(changes),
  });
  return classify(error, { ...noContext, step }).evidence;
}

const blob = `https://r.example.org/v2/a/blobs/${digest}`;
const kernelEnd = { unackedSegments: 1, timeoutsInRow: 2, probes: 3, windowBytes: 4, notSentBytes: 5 };
const kernelFacts = { ackedBytes: 6, mssBytes: 7, pathMtuBytes: 8, viaProxy: true } as const;
const told = (beginning: string, changes: Partial<HeadFacts> = {}): HeadFacts => ({
  informational: 0,
  oddities: [],
  beginning: Buffer.from(beginning, 'latin1'),
  ...changes,
});

test.each<[string, Partial<Evidence>, Parameters<typeof exchangeOf>[0], Step?]>([
  [
    'nothing more',
    {
      method: 'PATCH',
      url: 'https://registry.example.org/v2/a/b/blobs/uploads/1',
      code: 'EPIPE',
      headers: {},
      body: undefined,
      range: undefined,
      location: undefined,
      rayId: undefined,
      challenge: undefined,
      kernel: undefined,
      tried: undefined,
      informational: undefined,
      oddities: undefined,
      sinceLastByteMs: undefined,
      tokenTimes: undefined,
      redirectedFrom: undefined,
    },
    {},
  ],
  ['the range that was acknowledged', { range: '0-41' }, { response: answerOf(202, { range: '0-41' }) }],
  ['the range that was asked for', { askedRange: 'bytes=5-' }, { requestHeaders: { range: 'bytes=5-' } }],
  ['the ray', { rayId: '7f' }, { response: answerOf(502, { 'cf-ray': '7f' }) }],
  [
    'where it was sent',
    { location: 'https://registry.example.org/y?_state=…' },
    { response: answerOf(202, { location: '/y?_state=1' }) },
  ],
  [
    'where it came from',
    { redirectedFrom: 'https://r.example.org/x?a=…' },
    { redirectedFrom: new URL('https://r.example.org/x?a=1') },
  ],
  ['how long nothing came after the last byte', { sinceLastByteMs: 2 }, { waitMs: 1.6 }],
  [
    'what was odd',
    { informational: 2, oddities: ['bare line feeds'] },
    { answerHead: told('', { informational: 2, oddities: ['bare line feeds'] }) },
  ],
  ['nothing odd', { informational: undefined, oddities: undefined, body: undefined }, { answerHead: told('') }],
  ['the beginning of what is no answer', { body: 'SSH-2.0 é' }, { answerHead: told('SSH-2.0 é') }],
  [
    'no secret of what is no answer',
    { body: 'Set-Cookie: … X-Api-Key: … Location: … Via: x' },
    { answerHead: told('Set-Cookie: a=b\nX-Api-Key: 1\nLocation: /x\nVia: x') },
  ],
  [
    'an answer rather than its beginning',
    { body: 'no' },
    { answerHead: told('SSH-2.0'), response: answerOf(500, {}, 'no') },
  ],
  [
    'what the kernel knows',
    { kernel: { ...kernelFacts, unackedSegments: 1, timeoutsInRow: 2, probes: 3, windowBytes: 4 } },
    { kernel: { ...kernelFacts, rttMs: 9, end: kernelEnd, points: [] } },
  ],
  [
    'the silence of a pull',
    { pulledBytes: 3, silentMs: 2, coding: undefined },
    { url: blob, response: answerOf(200, {}, 'abc'), silentMs: 1.6 },
    'pull',
  ],
  ['no silence', { pulledBytes: 0, silentMs: undefined }, { url: blob, response: answerOf(206) }, 'pull'],
])('the evidence has %s', (_what, expected, changes, step) => {
  expect(evidence(changes, step)).toMatchObject(expected);
});

test.each<[string, Parameters<typeof exchangeOf>[0], Step]>([
  ['that was redirected', { response: answerOf(300) }, 'pull'],
  ['without an answer', {}, 'pull'],
  ['that is none', { response: answerOf(200, {}, 'abc') }, 'verify'],
])('nothing was pulled by a pull %s', (_what, changes, step) => {
  expect(evidence({ url: blob, ...changes }, step)).not.toHaveProperty('pulledBytes');
});

test('nothing was pulled where nothing was asked', () => {
  const error = new NetworkError({ stage: 'connect', code: 'ECONNREFUSED', message: 'm' });
  expect(classify(error, { ...noContext, step: 'pull' }).evidence).toEqual({ message: 'm', code: 'ECONNREFUSED' });
});

test.each([
  [401, 'valid until 2026-11-28T22:05:00Z'],
  [403, undefined],
])('the times of a token that the path itself sends, after a %d', (status, times) => {
  const claims = Buffer.from(JSON.stringify({ exp: 1_795_903_500 })).toString('base64url');
  const requestHeaders = { Accept: '*/*', Authorization: `Bearer e30.${claims}.x` };
  expect(evidence({ requestHeaders, response: answerOf(status) }).tokenTimes).toBe(times);
});

const basic = 'Basic realm="Gitea"';
const bearer =
  'Bearer realm="https://u:p@t.example.org/token?k=1",service="s",scope="repository:a:push",error="invalid_token",error_description="d",other="x"';

test.each<[string, readonly string[], Readonly<Record<string, string>>, string | undefined]>([
  ['none', [], { authorization: 'Basic x' }, undefined],
  ['one', [basic], { authorization: 'Basic x' }, 'basic realm="Gitea"'],
  [
    'one of a token service',
    [bearer],
    {},
    'bearer realm="https://t.example.org/token?k=…" service="s" scope="repository:a:push" error="invalid_token" error_description="d"',
  ],
  [
    'one without a realm',
    ['Bearer service="https://s.example.org/?k=1"'],
    {},
    'bearer service="https://s.example.org/?k=1"',
  ],
  ['two, unanswered', [basic, 'Bearer service="s"'], {}, 'basic realm="Gitea"; bearer service="s"'],
  [
    'two, answered',
    [basic, 'Bearer service="s"'],
    { accept: '*/*', Authorization: 'bAsic eDp5' },
    'basic realm="Gitea"; bearer service="s"; answered with basic',
  ],
  [
    'two, answered with a token',
    [basic, 'Bearer service="s"'],
    { authorization: 'Bearer Basic x' },
    'basic realm="Gitea"; bearer service="s"; answered with bearer',
  ],
])('challenges: %s', (_what, challenges, requestHeaders, shown) => {
  const response = { ...answerOf(401), headers: { 'www-authenticate': challenges } };
  expect(evidence({ requestHeaders, response }).challenge).toBe(shown);
});

test('addresses that were tried are shown when one failed, eight at most', () => {
  const taken = { address: '::1', family: 6, ms: 1.4 } as const;
  const refused = { address: '127.0.0.1', family: 4, ms: 1.6, code: 'ECONNREFUSED' } as const;
  expect([triedBefore(undefined), triedBefore({}), triedBefore({ tried: [taken, taken] })]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(triedBefore({ tried: [refused, taken] })).toEqual([
    { address: '127.0.0.1', ms: 2, code: 'ECONNREFUSED' },
    { address: '::1', ms: 1, code: undefined },
  ]);
  expect(triedBefore({ tried: Array.from({ length: 9 }, () => refused) })).toHaveLength(8);
});

test('the beginning of a secret that the end of a long body cuts is not shown', () => {
  const token = 'abcdefghij'.repeat(100);
  const requestHeaders = { authorization: `Bearer ${token}` };
  const seen = evidence({ requestHeaders, response: answerOf(500, {}, token.repeat(5)) });
  expect(seen.body).toMatch(/^(?:<secret>)+…?$/);
});

test.each([
  ['of what was read of a longer body', 'cdef', /x$/],
  ['of a body that was read as a whole', '', /xab$/],
])('what a secret begins with, at the end %s', (_what, rest, shown) => {
  const token = `ab-${'0123456789'.repeat(100)}`;
  const requestHeaders = { authorization: `Bearer ${token}` };
  const read = `${`${token.repeat(4)} `.padEnd(4_094, 'x')}ab`;
  expect(evidence({ requestHeaders, response: answerOf(500, {}, read + rest) }).body).toMatch(shown);
});

test('what is not shown is not shortened first', () => {
  const secret = 's3cret-of-many-letters';
  const hide = (text: string): string => text.replaceAll(secret, '<secret>');
  const url = `https://r.example.org/${'a'.repeat(370)}/${secret}`;
  expect([shownUrl(new URL(url), hide), shownUrl(new URL(url), plain)].map((text) => text.slice(393))).toEqual([
    '<sec…',
    's3cr…',
  ]);
});
