import { expect, test } from 'vitest';
import { nextSize, sizePlan } from '../../../src/probe/limits/size-plan.ts';

const MB = 1_000_000;
const plan = sizePlan({ upToBytes: 100 * MB, resolutionBytes: 1_000 });

test.each([
  ['something tiny first', undefined, undefined, 1_024],
  ['then the largest', 1_024, undefined, 100 * MB],
  ['nothing when that passes', 100 * MB, undefined, undefined],
  ['nothing when nothing passes', undefined, 1_024, undefined],
  ['nothing when the bounds are as close as wanted', 500_000, 501_000, undefined],
  ['the middle when they are not', 500_000, 501_001, 500_500],
  ['just above a usual limit that passed', 10 * MB, 10.1 * MB, 10 * MB + 1_000],
  ['just below one that did not', 10 * MB - 4_001, 10 * MB, 10 * MB - 1_000],
  ['the middle where that is as near', 10 * MB - 4_000, 10 * MB, 10 * MB - 2_000],
  ['the middle where that is nearer', 10 * MB - 3_000, 10 * MB, 10 * MB - 1_500],
])('%s', (_name, accepted, rejected, size) => {
  expect(nextSize({ accepted, rejected }, plan)).toBe(size);
});

test.each([700_000, 1_000_000, 1_048_576, 1_500_000, 3_000_000, 50_000, 1_500])(
  'a limit of %i bytes is known within an eighth, however coarse the search',
  (limit) => {
    const coarse = sizePlan({ upToBytes: 600 * MB, resolutionBytes: 1_048_576 });
    let accepted: number | undefined;
    let rejected: number | undefined;
    let tries = 0;
    for (let size = nextSize({ accepted, rejected }, coarse); size !== undefined; tries += 1) {
      if (size <= limit) accepted = size;
      else rejected = size;
      size = nextSize({ accepted, rejected }, coarse);
    }
    expect(tries).toBeLessThan(20);
    expect(accepted).toBeGreaterThanOrEqual(1_024);
    expect((rejected ?? 0) - (accepted ?? 0)).toBeLessThanOrEqual(Math.max(1_024, (accepted ?? 0) / 8));
  },
);
