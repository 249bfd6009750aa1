import { expect, test } from 'vitest';
import { imageOfSizes } from '../../../src/registry/image/stored-image.ts';

test('of an image of sizes alone nobody knows how its layers are stored', () => {
  expect(imageOfSizes('layers', [5, 0])).toEqual({
    name: 'layers',
    layers: [
      { storedBytes: 5, compression: 'unknown' },
      { storedBytes: 0, compression: 'unknown' },
    ],
  });
});
