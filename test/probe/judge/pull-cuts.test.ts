import { expect, test } from 'vitest';
import type { Failure } from '../../../src/probe/failure.ts';
import { isPullCut, isPullRefused, pullCutsOf } from '../../../src/probe/judge/pull-cuts.ts';

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

const table: readonly (readonly [string, readonly Failure[], object])[] = [
  ['one says nothing', [cutAfter(1_000_000, 5_000)], { count: 1 }],
  ['the same time, other bytes', [cutAfter(1_000_000, 5_000), cutAfter(2_500_000, 5_200)], { count: 2, sameMs: 5_000 }],
  [
    'about the same time, and the bytes differ far more',
    [cutAfter(1_570_000, 2_060), cutAfter(2_320_000, 2_300), cutAfter(2_260_000, 2_010)],
    { count: 3, sameMs: 2_010 },
  ],
  [
    'a steady line: a clock, for a count of bytes is exact',
    [cutAfter(5_000_000, 5_000), cutAfter(5_090_000, 5_010)],
    { count: 2, sameMs: 5_000 },
  ],
  [
    'the same bytes to the byte, in the same time: nothing tells which it is',
    [cutAfter(3_000_000, 900), cutAfter(3_000_000, 920)],
    { count: 2, sameBytes: 3_000_000, sameMs: 900 },
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
