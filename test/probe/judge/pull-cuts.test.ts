import { expect, test } from 'vitest';
import type { Failure } from '../../../src/probe/failure.ts';
import { endedInSilence, isPullCut, isPullRefused, pullCutsOf } from '../../../src/probe/judge/pull-cuts.ts';

function cutAfter(pulledBytes: number, elapsedMs: number, evidence: Partial<Failure['evidence']> = {}): Failure {
  return {
    reason: 'connection_reset',
    phase: 'pull',
    answeredBy: 'registry',
    blame: 'unknown',
    status: 200,
    sentBytes: 0,
    elapsedMs,
    blob: 'blob',
    evidence: { message: '', pulledBytes, silentMs: 5, ...evidence },
  };
}

const closed = { code: 'UND_ERR_SOCKET' };
const table: readonly (readonly [string, readonly Failure[], object])[] = [
  ['one says nothing', [cutAfter(1_000_000, 5_000)], { count: 1 }],
  ['the same time, other bytes', [cutAfter(1_000_000, 5_000), cutAfter(2_500_000, 5_200)], { count: 2, sameMs: 5_000 }],
  [
    'the same time, other bytes, and connections that are closed in order, which takes none',
    [cutAfter(1_000_000, 5_000, closed), cutAfter(2_500_000, 5_200, closed)],
    { count: 2, sameMs: 5_000, otherBytes: true },
  ],
  [
    'the same time, other bytes, and one of two was reset',
    [cutAfter(1_000_000, 5_000, closed), cutAfter(2_500_000, 5_200, { code: 'ECONNRESET' })],
    { count: 2, sameMs: 5_000 },
  ],
  [
    'a steady line, closed in order: a hop further away may have been reset',
    [cutAfter(5_000_000, 5_000, closed), cutAfter(5_090_000, 5_010, closed)],
    { count: 2, sameBytes: 5_090_000, sameMs: 5_000 },
  ],
  [
    'about the same time, and the bytes differ far more',
    [cutAfter(1_570_000, 2_060), cutAfter(2_320_000, 2_300), cutAfter(2_260_000, 2_010)],
    { count: 3, sameMs: 2_010 },
  ],
  [
    'a steady line: the same time, and bytes of which a reset may have taken some',
    [cutAfter(5_000_000, 5_000), cutAfter(5_090_000, 5_010)],
    { count: 2, sameBytes: 5_090_000, sameMs: 5_000 },
  ],
  [
    'a steady line, and a reset took as much as a kernel holds to be sent',
    [cutAfter(50e6, 5_000), cutAfter(50e6 - 4_194_304, 4_600)],
    { count: 2, sameBytes: 50e6, sameMs: 4_600 },
  ],
  [
    'the same time, and bytes further apart than any reset makes them, if only by a tenth',
    [cutAfter(50e6, 5_000), cutAfter(50e6 - 4_194_305, 4_600)],
    { count: 2, sameMs: 4_600, otherBytes: true },
  ],
  [
    'the same bytes to the byte, of a clock that may have been seen late',
    [cutAfter(3_000_000, 2_000), cutAfter(3_000_000, 2_500)],
    { count: 2, sameBytes: 3_000_000, sameMs: 2_000 },
  ],
  [
    'the same bytes to the byte, and later than any clock is seen',
    [cutAfter(3_000_000, 2_000), cutAfter(3_000_000, 2_501)],
    { count: 2, sameBytes: 3_000_000 },
  ],
  [
    'the same bytes to the byte, in the same time: nothing tells which it is',
    [cutAfter(3_000_000, 900), cutAfter(3_000_000, 920)],
    { count: 2, sameBytes: 3_000_000, sameMs: 900 },
  ],
  [
    'the same few bytes, closed in order: what ended them is no count, and need be no clock',
    [cutAfter(30_000, 500, closed), cutAfter(30_000, 510, closed)],
    { count: 2, sameMs: 500 },
  ],
  [
    'the same bytes to the byte, in the time of a round trip, which is no clock',
    [cutAfter(3_000_000, 300), cutAfter(3_000_000, 300)],
    { count: 2, sameBytes: 3_000_000 },
  ],
  [
    'the same bytes to the byte, in another time',
    [cutAfter(3_000_000, 900), cutAfter(3_000_000, 1_400)],
    { count: 2, sameBytes: 3_000_000 },
  ],
  [
    'a reset took some of the same bytes with it',
    [cutAfter(3_000_000, 30), cutAfter(2_870_000, 60)],
    { count: 2, sameBytes: 3_000_000 },
  ],
  [
    'the same bytes twice, and a reset took a part of them the third time',
    [cutAfter(300_000, 30), cutAfter(300_000, 20), cutAfter(256_000, 400)],
    { count: 3, sameBytes: 300_000 },
  ],
  ['the head alone, twice: nothing was counted', [cutAfter(0, 20), cutAfter(0, 31)], { count: 2 }],
  ['a clock from 350 ms on', [cutAfter(1_000_000, 350), cutAfter(3_000_000, 350)], { count: 2, sameMs: 350 }],
  ['a time that is 10 % late', [cutAfter(1_000_000, 1_000), cutAfter(1_200_000, 1_100)], { count: 2, sameMs: 1_000 }],
  [
    'a time that is 10 % late, and bytes that differ hardly more',
    [cutAfter(1_000_000, 1_000), cutAfter(1_150_000, 1_100)],
    { count: 2, sameMs: 1_000 },
  ],
  [
    'the same time, and bytes as far apart as a reset can make them',
    [cutAfter(10e6, 5_000), cutAfter(10e6 - 4_194_304, 5_000)],
    { count: 2, sameMs: 5_000 },
  ],
  [
    'the same time, and bytes further apart',
    [cutAfter(10e6, 5_000), cutAfter(10e6 - 4_194_305, 5_000)],
    { count: 2, sameMs: 5_000, otherBytes: true },
  ],
  [
    '25 % late, and the bytes differ twice as much',
    [cutAfter(1_000_000, 1_000), cutAfter(1_500_000, 1_250)],
    { count: 2, sameMs: 1_000 },
  ],
  ['25 % late, and the bytes differ less', [cutAfter(1_000_000, 1_000), cutAfter(1_499_999, 1_250)], { count: 2 }],
  ['26 % late, and the bytes differ far more', [cutAfter(1_000_000, 1_000), cutAfter(9_000_000, 1_260)], { count: 2 }],
  ['64 KiB are counted', [cutAfter(65_536, 30), cutAfter(65_536, 30)], { count: 2, sameBytes: 65_536 }],
  ['less is not', [cutAfter(65_535, 30), cutAfter(65_535, 30)], { count: 2 }],
  [
    'a thousandth less is as exact',
    [cutAfter(1_000_000, 900), cutAfter(999_000, 900)],
    { count: 2, sameBytes: 1_000_000, sameMs: 900 },
  ],
  [
    'what is the same to the byte twice may be far less the third time',
    [cutAfter(1_000_000, 30), cutAfter(999_000, 30), cutAfter(800_000, 30)],
    { count: 3, sameBytes: 1_000_000 },
  ],
  [
    'what differs by more is not',
    [cutAfter(1_000_000, 30), cutAfter(998_999, 30), cutAfter(800_000, 30)],
    { count: 3 },
  ],
  [
    'twice the same, and 256 KiB less',
    [cutAfter(9e6, 30), cutAfter(9e6, 30), cutAfter(9e6 - 262_144, 30)],
    { count: 3, sameBytes: 9e6 },
  ],
  ['and still less', [cutAfter(9e6, 30), cutAfter(9e6, 30), cutAfter(9e6 - 262_145, 30)], { count: 3 }],
  ['a tenth less', [cutAfter(1_000_000, 30), cutAfter(900_000, 30)], { count: 2, sameBytes: 1_000_000 }],
  ['more than a tenth less', [cutAfter(1_000_000, 30), cutAfter(899_999, 30)], { count: 2 }],
  ['less than a tenth, and more than 256 KiB', [cutAfter(9e6, 30), cutAfter(9e6 - 262_145, 30)], { count: 2 }],
  ['neither', [cutAfter(3_000_000, 900), cutAfter(9_000_000, 4_000)], { count: 2 }],
  [
    'a silence is another matter',
    [cutAfter(3_000_000, 9_000, { silentMs: 8_000 }), cutAfter(3_000_000, 9_000, { silentMs: 8_000 })],
    { count: 0 },
  ],
];

test.each(table)('%s', (_name, failures, expected) => {
  expect(pullCutsOf([undefined, ...failures])).toEqual(expected);
});

test('only what ended without us, after the head of a blob, is a cut of a pull', () => {
  const cut = cutAfter(1_000_000, 5_000);
  expect(isPullCut(cut)).toBe(true);
  expect(isPullCut({ ...cut, reason: 'http2_error' })).toBe(true);
  expect(isPullCut({ ...cut, phase: 'send' })).toBe(false);
  expect(isPullCut({ ...cut, reason: 'registry_error' })).toBe(false);
  expect(isPullCut(cutAfter(1_000_000, 5_000, { timer: 'body' }))).toBe(false);
  expect(isPullCut({ ...cut, evidence: { message: '' } })).toBe(false);
});

test('a page of a hop refuses a pull, also when it left the registry’s header on it', () => {
  const refused: Failure = { ...cutAfter(0, 10), reason: 'registry_error', status: 500 };
  const paged = { ...refused, evidence: { message: '', body: '<html><h1>500 Internal Server Error</h1></html>' } };
  expect([isPullRefused(refused), isPullRefused(paged)]).toEqual([false, true]);
});

test.each<[string, Partial<Failure>, boolean]>([
  ['a 400 of a hop', { status: 400 }, true],
  ['a status below', { status: 399 }, false],
  ['no status', { status: undefined }, false],
  ['another phase', { phase: 'verify' }, false],
  ['a login', { status: 401 }, false],
  ['nothing there', { status: 404 }, false],
  ['a login at a proxy', { status: 407 }, false],
  ['a limit on requests', { reason: 'rate_limited' }, false],
  ['a limit on time', { reason: 'request_timeout' }, false],
  ['a late answer', { reason: 'response_timeout' }, false],
  ['a refused range', { reason: 'resume_refused' }, false],
  ['a pause', { evidence: { message: '', headers: { 'retry-after': '5' } } }, false],
  ['another header', { evidence: { message: '', headers: { server: 'nginx' } } }, true],
  ['too much to do', { evidence: { message: '', body: 'overloaded' } }, false],
  ['maintenance', { evidence: { message: '', body: 'maintenance' } }, false],
  ['nothing behind it', { evidence: { message: '', body: 'no healthy upstream' } }, false],
])('a pull that was refused for its size, perhaps: %s', (_what, changes, expected) => {
  const refused: Failure = { ...cutAfter(0, 10), answeredBy: 'nginx', reason: 'blocked_by_policy', status: 403 };
  expect(isPullRefused({ ...refused, ...changes })).toBe(expected);
});

test.each([
  [undefined, false],
  [1_499, false],
  [1_500, true],
])('%j ms without a byte are a silence: %j', (silentMs, expected) => {
  expect(endedInSilence(cutAfter(1, 1, { silentMs }))).toBe(expected);
});
