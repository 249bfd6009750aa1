import { expect, test } from 'vitest';
import { Lanes } from '../../src/registry/lanes.ts';
import { settle } from '../support/fake-clock.ts';

test('so many at a time, in the order in which they came, also after one that failed', async () => {
  const lanes = new Lanes(2);
  const begun: string[] = [];
  const finish = new Map<string, (error?: Error) => void>();
  const work = (name: string): Promise<string> =>
    lanes.run(() => {
      begun.push(name);
      return new Promise((resolve, reject) => {
        finish.set(name, (error) => (error === undefined ? resolve(name) : reject(error)));
      });
    });
  const all = ['a', 'b', 'c', 'd'].map(work);
  const ends = Promise.allSettled(all);
  await settle();
  expect(begun).toEqual(['a', 'b']);
  finish.get('b')?.(new Error('b failed'));
  await settle();
  expect(begun).toEqual(['a', 'b', 'c']);
  finish.get('a')?.();
  finish.get('c')?.();
  await settle();
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  finish.get('d')?.();
  expect((await ends).map((end) => (end.status === 'fulfilled' ? end.value : String(end.reason)))).toEqual([
    'a',
    'Error: b failed',
    'c',
    'd',
  ]);
  // All lanes are free again.
  const after = ['e', 'f', 'g'].map(work);
  await settle();
  expect(begun.slice(4)).toEqual(['e', 'f']);
  for (const name of ['e', 'f']) finish.get(name)?.();
  await settle();
  finish.get('g')?.();
  expect(await Promise.all(after)).toEqual(['e', 'f', 'g']);
});
