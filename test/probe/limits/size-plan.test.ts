import { expect, test } from 'vitest';
import { nextSize, type SizePlan, sizePlan, worstCaseSearchBytes } from '../../../src/probe/limits/size-plan.ts';

const MB = 1_000_000;
const MiB = 1024 * 1024;
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

test.each([
  [100_000_001, [1 * MB, MiB, 10 * MB, 10 * MiB, 50 * MB, 50 * MiB, 100 * MB]],
  [100_000_000, [1 * MB, MiB, 10 * MB, 10 * MiB, 50 * MB, 50 * MiB]],
  [1_000_000, []],
])('up to %i bytes, the usual limits below that are tried', (upToBytes, cliffs) => {
  expect(sizePlan({ upToBytes, resolutionBytes: 0 })).toEqual({ upToBytes, resolutionBytes: 1, cliffs });
});

/** Bytes that a search moves where more than `limit` is rejected, and each rejection asked for once more at the end. */
function spentAt(limit: number, plan: SizePlan): number {
  let spent = 0;
  let [accepted, rejected] = [undefined, undefined] as [number | undefined, number | undefined];
  for (;;) {
    const size = nextSize({ accepted, rejected }, plan);
    if (size === undefined) return spent + (rejected ?? 0);
    spent += size;
    if (size <= limit) accepted = size;
    else rejected = size;
  }
}

test.each([
  ['with usual limits between', { upToBytes: 2_500_000, resolutionBytes: 20_000 }],
  ['as coarse as it may be', { upToBytes: 2_500_000, resolutionBytes: 2_000_000 }],
  ['below all usual limits', { upToBytes: 900_000, resolutionBytes: 8_192 }],
  ['below all usual limits, as fine as may be', { upToBytes: 900_000, resolutionBytes: 1 }],
  ['that ends just above a usual limit', { upToBytes: 10_490_000, resolutionBytes: 5_000 }],
  ['of a single size', { upToBytes: 500, resolutionBytes: 1 }],
])('a search %s moves at most what the costliest limit makes it move', (_what, options) => {
  const searched = sizePlan(options);
  const { upToBytes } = options;
  const limits = [upToBytes - 1, ...Array.from({ length: Math.ceil(upToBytes / 256) }, (_, index) => index * 256)];
  const most = Math.max(...limits.map((limit) => spentAt(limit, searched)));
  expect(worstCaseSearchBytes(searched, 'push')).toBe(most);
  // What is pulled was pushed before, and is tried more often.
  expect(worstCaseSearchBytes(searched, 'pull')).toBe(4 * most);
});
