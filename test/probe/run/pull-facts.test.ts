import { describe, expect, test } from 'vitest';
import type { Attempt, PullFacts, RequestRecord } from '../../../src/probe/outcome.ts';
import { pullFacts } from '../../../src/probe/run/pull-facts.ts';
import { attempt, failure, requestRecord } from '../../support/run-fixtures.ts';

/** A GET of a blob that took one second for 1,000 bytes. */
function got(changes: Partial<RequestRecord> = {}): RequestRecord {
  return requestRecord({
    phase: 'pull',
    method: 'GET',
    url: 'http://registry.example:5000/v2/platform/blobprobe/blobs/sha256:1',
    startMs: 0,
    durationMs: 1_000,
    sendMs: 1,
    waitMs: 20,
    plannedBytes: 0,
    sentBytes: 0,
    framing: 'none',
    status: 200,
    responseHeaders: {},
    responseBytes: 1_000,
    ...changes,
  });
}

const cold = (requests: readonly RequestRecord[], changes: Partial<Attempt> = {}): Attempt =>
  attempt({ pull: 'cold', requests, ...changes });

test('a push says nothing of pulls', () => {
  expect(pullFacts([attempt()])).toBeUndefined();
});

test('each round is told by its own pulls, and a round that was not reached is not there', () => {
  const of = (pull: 'cold' | 'warm', waitMs: number): Attempt => cold([got({ waitMs })], { pull });
  expect(pullFacts([attempt(), of('cold', 20), of('warm', 5)])).toEqual({
    cold: { bytesPerSecond: 1_000, firstAnswerMs: 21, cache: [], resumed: 0 },
    warm: { bytesPerSecond: 1_000, firstAnswerMs: 6, cache: [], resumed: 0 },
  });
  expect(Object.keys(pullFacts([of('cold', 20)]) ?? {})).toEqual(['cold']);
});

test.each<readonly [what: string, attempts: readonly Attempt[], facts: Partial<PullFacts>]>([
  [
    'the first answer is that to the first request, its sending included',
    [cold([got({ sendMs: 3, waitMs: 40 }), got({ waitMs: 5 })])],
    { firstAnswerMs: 43 },
  ],
  ['a request that was never answered', [cold([got({ waitMs: undefined })])], { firstAnswerMs: undefined }],
  ['no time of sending', [cold([got({ sendMs: undefined, waitMs: 40 })])], { firstAnswerMs: 40 }],
  [
    'manifest and configuration are small, and no measure of a first answer',
    [cold([got({ waitMs: 1 })], { blob: 'manifest' }), cold([got({ waitMs: 2 })], { blob: 'config' }), cold([got()])],
    { firstAnswerMs: 21 },
  ],
  [
    'a token, a HEAD and a manifest are no GET of a blob',
    [
      cold([
        got({ phase: 'auth', waitMs: 1 }),
        got({ method: 'HEAD', waitMs: 2 }),
        got({ url: 'http://registry.example:5000/v2/platform/blobprobe/manifests/1', waitMs: 3 }),
        got(),
      ]),
    ],
    { firstAnswerMs: 21 },
  ],
  ['nothing but a ping', [cold([got({ phase: 'auth' })])], { firstAnswerMs: undefined, bytesPerSecond: undefined }],
  [
    'attempts that failed are not in the rate',
    [cold([got({ responseBytes: 90_000 })], { failure: failure() }), cold([got()])],
    { bytesPerSecond: 1_000 },
  ],
  [
    'one layer that did not get through, beside one that did',
    [cold([got()], { blob: 'layer1' }), cold([got()], { blob: 'layer2', failure: failure() })],
    { bytesPerSecond: undefined },
  ],
  ['no attempt that got through', [cold([got()], { failure: failure() })], { bytesPerSecond: undefined }],
  [
    'a resumption is a 206 to a Range; a refused one, and a 206 to nothing, are none',
    [
      cold([
        got({ status: 206 }),
        got({ range: 'bytes=4-', status: 206 }),
        got({ range: 'bytes=5-', status: 206 }),
        got({ range: 'bytes=6-', status: 416 }),
        got({ range: 'bytes=6-', status: 200 }),
        got({ range: 'bytes=6-', status: undefined }),
      ]),
    ],
    { resumed: 2 },
  ],
])('%s', (_what, attempts, facts) => {
  expect(pullFacts(attempts)?.cold).toMatchObject(facts);
});

test.each<readonly [headers: readonly Readonly<Record<string, string>>[], words: readonly string[]]>([
  [[{}], []],
  [[{ 'cf-cache-status': 'DYNAMIC' }], ['DYNAMIC']],
  [[{ 'x-cache': 'Hit from cloudfront' }], ['Hit from cloudfront']],
  [[{ 'cf-cache-status': 'MISS', 'x-cache': 'HIT' }], ['MISS', 'HIT']],
  [[{ age: '120' }], ['HIT (age 120)']],
  [[{ age: '0' }], ['age 0']],
  [[{ age: 'soon' }], ['age soon']],
  [[{ 'x-cache': 'MISS', age: '120' }], ['MISS']],
  [
    [{ 'x-cache': 'MISS' }, { 'x-cache': 'MISS' }, { 'x-cache': 'HIT' }],
    ['MISS', 'HIT'],
  ],
])('caches that say %j', (headers, words) => {
  expect(pullFacts([cold(headers.map((responseHeaders) => got({ responseHeaders })))])?.cold?.cache).toEqual(words);
});

describe('of a client that asks by ranges from the beginning, what was cut and gone on after counts', () => {
  const part = (changes: Partial<RequestRecord> = {}): RequestRecord =>
    got({ range: 'bytes=0-', status: 206, ...changes });
  const cut = (changes: Partial<RequestRecord> = {}): RequestRecord =>
    part({ errorCode: 'UND_ERR_SOCKET', ...changes });
  const letGo = part({ errorCode: 'ABORTED' });
  const later = { startMs: 1_010 };

  test.each<readonly [what: string, requests: readonly RequestRecord[], resumed: number]>([
    ['nothing was cut', [part()], 0],
    ['nothing was cut, and the next one came', [part(), part(later)], 0],
    ['one was let go, and the next one came', [letGo, part(later)], 0],
    ['one was cut, and the rest was asked for at once', [cut(), part({ startMs: 1_000 })], 1],
    ['what was cut is no blob', [cut({ phase: 'auth' }), part(later)], 0],
    ['one was cut, and the rest came', [cut(), letGo, part(later), part(later)], 1],
    ['two were cut together, and the rest came', [cut(), cut(), part(later), part(later)], 1],
    ['the rest was cut, too, and came then', [cut(), cut(later), part({ startMs: 2_020 })], 2],
    ['the last cut ended it', [cut(), letGo, cut(later)], 1],
    ['the only cut ended it', [cut(), letGo, part()], 0],
    ['the rest was refused', [cut(), got({ ...later, status: 416 })], 1],
    ['what came after the cut never went out', [cut(), part({ ...later, errorCode: 'ABORTED', sendMs: undefined })], 0],
    ['the connection ended without an answer', [cut({ status: undefined }), part(later)], 0],
    ['it was refused', [cut({ status: 503 }), part(later)], 0],
    ['it was led elsewhere', [cut({ status: 300 }), part(later)], 0],
  ])('%s', (_what, requests, resumed) => {
    expect(pullFacts([cold(requests)], true)?.cold).toMatchObject({ resumed });
  });
});
