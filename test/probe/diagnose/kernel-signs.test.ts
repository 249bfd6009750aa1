import { expect, test } from 'vitest';
import type { KernelFacts } from '../../../src/network/kernel/kernel-facts.ts';
import { fullSegmentCame, segmentsVanish, stuckWords, windowShut } from '../../../src/probe/diagnose/kernel-signs.ts';
import type { Failure, StuckBody } from '../../../src/probe/failure.ts';
import { fakeFailure, vanishingSegments } from '../../support/fake-run.ts';
import { attempt, requestRecord, successfulRun } from '../../support/run-fixtures.ts';

const stuck = (kernel?: StuckBody): Failure => fakeFailure('upload_stalled', { evidence: { message: '', kernel } });
const vanishing = { viaProxy: false, ackedBytes: 1_399, mssBytes: 1_400, windowBytes: 1_400 };
const again = { ...vanishing, unackedSegments: 1, timeoutsInRow: 3 };

test.each<[string, StuckBody | undefined, boolean]>([
  ['sent three times more into an open window, and not one came', again, true],
  ['of which one came', { ...again, ackedBytes: 1_400 }, false],
  ['before a window that holds none', { ...again, windowBytes: 1_399 }, false],
  ['of which none is under way', { ...again, unackedSegments: 0 }, false],
  ['sent two times more', { ...again, timeoutsInRow: 2 }, false],
  ['of which it is not known what came', { ...again, ackedBytes: undefined }, false],
  ['whose size is not known', { ...again, mssBytes: undefined }, false],
  ['before a window that is not known', { ...again, windowBytes: undefined }, false],
  ['of which it is not known whether they were sent again', vanishing, false],
  ['of which nothing is known', undefined, false],
])('full segments vanish: %s', (_what, kernel, is) => {
  expect(segmentsVanish(stuck(kernel))).toBe(is);
});

test.each<[string, StuckBody | undefined, boolean]>([
  ['holds no segment', { viaProxy: false, mssBytes: 1_400, windowBytes: 1_399 }, true],
  ['holds one', { viaProxy: false, mssBytes: 1_400, windowBytes: 1_400 }, false],
  ['is not known', { viaProxy: false, mssBytes: 1_400 }, false],
  ['holds nothing, and the size of a segment is not known', { viaProxy: false, windowBytes: 0 }, false],
  ['belongs to nothing that is known', undefined, false],
])('a window that %s is shut, or not', (_what, kernel, is) => {
  expect(windowShut(stuck(kernel))).toBe(is);
});

test.each<[string, Partial<KernelFacts> | undefined, boolean]>([
  ['two segments', { mssBytes: 1_400, ackedBytes: 2_800 }, true],
  ['less', { mssBytes: 1_400, ackedBytes: 2_799 }, false],
  ['an unknown number of bytes', { mssBytes: 1_400 }, false],
  ['segments of unknown size', { ackedBytes: 2_800 }, false],
  ['what the kernel does not tell', undefined, false],
])('a segment of full size came where the next host acknowledged %s', (_what, facts, came) => {
  const kernel = facts && { viaProxy: false, end: {}, points: [], ...facts };
  const requests = [requestRecord(), requestRecord({ kernel })];
  expect(fullSegmentCame(successfulRun({ attempts: [attempt({ requests })] }))).toBe(came);
});

test('who holds a body up is said, where the kernel tells it', () => {
  expect(stuckWords(stuck(vanishingSegments))).toBe(
    '; the kernel sent a segment of 1448 bytes again 6 times, and the next host acknowledged 512 bytes in all',
  );
  const shut = { viaProxy: true, ackedBytes: 65_536, mssBytes: 1_448, windowBytes: 0 };
  expect(stuckWords(stuck(shut))).toBe(
    '; the proxy acknowledged 64 KiB and has no room for more (its window is 0 bytes)',
  );
  expect(stuckWords(stuck({ ...shut, viaProxy: false }))).toMatch(/^; the next host acknowledged 64 KiB/);
  expect([stuckWords(stuck()), stuckWords(stuck({ viaProxy: false }))]).toEqual(['', '']);
});
