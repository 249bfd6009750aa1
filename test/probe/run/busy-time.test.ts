import { expect, test } from 'vitest';
import { BusyTime } from '../../../src/probe/run/busy-time.ts';

test.each<[what: string, spans: readonly (readonly [endMs: number, durationMs: number])[], grown: readonly number[]]>([
  [
    'one after the other',
    [
      [10, 10],
      [20, 5],
    ],
    [10, 5],
  ],
  [
    'side by side',
    [
      [110, 10],
      [112, 10],
      [113, 10],
    ],
    [10, 2, 1],
  ],
  [
    'one that was over before the others began, and is told after them',
    [
      [20, 5],
      [10, 5],
    ],
    [5, 5],
  ],
  [
    'one within another, which ends later',
    [
      [4, 2],
      [10, 10],
    ],
    [2, 8],
  ],
  [
    'one within another, which ended before',
    [
      [10, 10],
      [10, 3],
    ],
    [10, 0],
  ],
  [
    'one that joins two',
    [
      [2, 2],
      [10, 2],
      [9, 8],
    ],
    [2, 2, 6],
  ],
])('time that is counted once: %s', (_what, spans, grown) => {
  const busy = new BusyTime();
  expect(spans.map(([endMs, durationMs]) => busy.add(endMs, durationMs))).toEqual(grown);
});
