import { describe, expect, test } from 'vitest';
import { ceilingOf, limitsFor, type Tried } from '../../../src/probe/limits/ceiling.ts';
import type { PathLimit } from '../../../src/probe/limits/limit.ts';

const passed = (sizeBytes: number): Tried => ({ sizeBytes, ok: true });
const failed = (sizeBytes: number, reason: Tried['reason'] = 'connection_reset'): Tried => ({
  sizeBytes,
  ok: false,
  reason,
});

describe('up to which size a path works', () => {
  type Bounds = Parameters<typeof ceilingOf>[1][number];
  test.each<[what: string, tried: readonly Tried[], limits: readonly Bounds[], wanted: [number, number, boolean]]>([
    ['nothing is known', [], [], [Infinity, Infinity, false]],
    ['all passed', [passed(5), passed(9)], [{ largestAccepted: 20 }], [Infinity, Infinity, false]],
    ['all failed', [failed(9), failed(5)], [], [0, 5, false]],
    ['what passed below the smallest failure', [passed(3), passed(4), failed(5), failed(9)], [], [4, 5, false]],
    ['what passed at or above a failure shows nothing', [passed(5), passed(7), failed(5)], [], [0, 5, false]],
    ['a search found both ends', [], [{ largestAccepted: 7, smallestRejected: 8 }], [7, 8, true]],
    ['the search knows more', [passed(6)], [{ largestAccepted: 7, smallestRejected: 8 }], [7, 8, true]],
    ['the search knows as much', [passed(7)], [{ largestAccepted: 7, smallestRejected: 8 }], [7, 8, true]],
    ['the runs know more', [passed(7)], [{ largestAccepted: 6, smallestRejected: 9 }], [7, 9, false]],
    ['the search found nothing that passes', [], [{ smallestRejected: 8 }], [0, 8, false]],
    [
      'the lower of two searches',
      [],
      [
        { largestAccepted: 7, smallestRejected: 8 },
        { largestAccepted: 3, smallestRejected: 4 },
      ],
      [3, 4, true],
    ],
  ])('%s', (_what, tried, limits, [upToBytes, failedBytes, isSearched]) => {
    expect(ceilingOf(tried, limits)).toEqual({ upToBytes, failedBytes, isSearched });
  });
});

describe('whose limits hold', () => {
  const limit: Pick<PathLimit, 'path' | 'client' | 'unit' | 'conclusion'> = {
    path: 'edge',
    client: 'docker',
    unit: 'bytes',
    conclusion: 'found',
  };
  const holds = (tried: readonly Tried[], changes: Partial<typeof limit>, client = 'docker'): boolean =>
    limitsFor({ path: 'edge', client, tried }, [{ ...limit, ...changes }]).length === 1;

  test.each<[what: string, tried: readonly Tried[], changes: Partial<typeof limit>, client: string, wanted: boolean]>([
    ['its own', [], {}, 'docker', true],
    ['of another path', [], { path: 'direct' }, 'docker', false],
    ['of another path, refused for size', [failed(1, 'body_too_large')], { path: 'direct' }, 'docker', false],
    ['on time', [], { unit: 'seconds' }, 'docker', false],
    ['that was not found', [], { conclusion: 'none-up-to' }, 'docker', false],
    ['of another client', [passed(1), failed(2)], {}, 'crane', false],
    ['of another client, refused for size', [passed(1), failed(2, 'body_too_large')], {}, 'crane', true],
  ])('%s', (_what, tried, changes, client, wanted) => {
    expect(holds(tried, changes, client)).toBe(wanted);
  });
});
