import { expect, test } from 'vitest';
import { layerTimes, sentLayer } from '../../../src/probe/advise/sent-layers.ts';

test.each([
  ['compressed: as it is', { storedBytes: 9, compression: 'gzip', gzipBytes: 5 }, 'gzip', { bytes: 9 }],
  ['plain, and packed on the way', { storedBytes: 9, compression: 'none', gzipBytes: 5 }, 'gzip', { bytes: 5 }],
  [
    'plain, and sent as it lies',
    { storedBytes: 9, compression: 'none', gzipBytes: 5 },
    'as-stored',
    { bytes: 9, gzipBytes: 5 },
  ],
  ['plain, and nobody packed it', { storedBytes: 9, compression: 'none' }, 'gzip', { bytes: 9 }],
] as const)('a layer that is %s', (_what, layer, plainLayers, sent) => {
  expect(sentLayer(layer, plainLayers)).toEqual(sent);
});

test.each<[what: string, sizes: readonly number[], atOnce: number, seconds: readonly number[]]>([
  ['none', [], 3, []],
  ['one by one, each alone', [10, 20, 30], 1, [1, 2, 3]],
  ['two of the same size take twice as long', [10, 10], 2, [2, 2]],
  ['the smaller one goes, and the larger one has the line', [10, 30], 2, [2, 4]],
  ['the third begins when one of two is through, and counts from then', [10, 30, 10], 2, [2, 5, 2]],
  ['one more begins for each that is through, and no more', [10, 30, 10, 10], 2, [2, 6, 2, 2]],
  ['nobody sends none at once', [10, 20], 0, [1, 2]],
  ['an empty layer takes no time', [0, 10], 2, [0, 1]],
])('layers that share a line of 10 B/s: %s', (_what, sizes, atOnce, seconds) => {
  const times = layerTimes(sizes, 10, atOnce);
  expect(times.map(({ sharedSeconds }) => sharedSeconds)).toEqual(seconds);
  expect(times.map(({ aloneSeconds }) => aloneSeconds)).toEqual(sizes.map((bytes) => bytes / 10));
});
