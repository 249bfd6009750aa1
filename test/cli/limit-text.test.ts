import { expect, test } from 'vitest';
import { limitText } from '../../src/cli/limit-text.ts';
import { parseSize } from '../../src/config/size.ts';
import { fakeCheck } from '../support/fake-check.ts';
import { foundLimit } from '../support/limits.ts';

function resolutionIn(largestAccepted: number, smallestRejected: number): string | undefined {
  const limit = { ...foundLimit(), unit: 'bytes', largestAccepted, smallestRejected, runs: [] } as const;
  const text = limitText([{ target: fakeCheck('gitea', 'edge', 'docker', 'blob'), limit }]);
  return /--resolution=(\S+) narrows it/.exec(text)?.[1];
}

test.each([
  [8_192, 9_216, '128B'],
  [1_024, 1_100, '10B'],
  [64 * 1_024, 72 * 1_024, '1KiB'],
  [64 * 1_024, 73 * 1_024, '2KiB'],
])('between %i and %i bytes, with %s: less than what the search came to', (accepted, rejected, closer) => {
  expect(resolutionIn(accepted, rejected)).toBe(closer);
  expect(parseSize(closer)).toBeLessThan(rejected - accepted);
});

test('none where the limit is known to a fiftieth, or to the byte', () => {
  expect([resolutionIn(8_192, 8_320), resolutionIn(10, 11)]).toEqual([undefined, undefined]);
});
