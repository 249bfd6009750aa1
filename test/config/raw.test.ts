import { expect, test } from 'vitest';
import { parsed, present, textsAt } from '../../src/config/raw.ts';

test('a parser that finds the text wrong gives nothing; one that breaks is heard', () => {
  const failing = (error: Error) => () =>
    parsed<number>(() => {
      throw error;
    }, 'text');
  expect(failing(new RangeError('not a size'))()).toBeUndefined();
  expect(failing(new TypeError('broken'))).toThrow('broken');
});

test('of a list the strings count, each with its place; of anything else nothing', () => {
  expect(textsAt({ clients: ['docker', 7, null, 'crane'] }, 'clients')).toEqual([
    [0, 'docker'],
    [3, 'crane'],
  ]);
  expect(textsAt({ clients: 'docker' }, 'clients')).toEqual([]);
});

test('a key without a value is not there', () => {
  expect(present({ username: 'probe', password: null, token: '' }, ['username', 'password', 'token', 'other'])).toEqual(
    ['username', 'token'],
  );
});
