import { expect, test } from 'vitest';
import { bytesMoved, directionOf, noRoomFor, pathLimit } from '../../../src/probe/limits/limit.ts';
import { checkOf } from '../../support/checks.ts';
import { fakeRun } from '../../support/fake-run.ts';

const check = checkOf('http://127.0.0.1:1');
const runs = [
  { ...fakeRun(check, undefined, 100), pulledBytes: 20 },
  { ...fakeRun(check, undefined, 3), pulledBytes: 7 },
];

test('a search moves what its runs moved, both ways', () => {
  expect(bytesMoved(runs)).toBe(130);
  expect(bytesMoved([])).toBe(0);
});

test('a check whose blob is put there over another path asks about the way back', () => {
  expect(directionOf(check)).toBe('push');
  expect(directionOf({ ...check, pushedOver: check.path })).toBe('pull');
});

test.each([
  ['a push moves its size', 'push', 50, 180, true],
  ['a push of a byte too many', 'push', 51, 180, false],
  ['a pull moves twice its size', 'pull', 25, 180, true],
  ['a pull of a byte too many', 'pull', 26, 180, false],
] as const)('room for one more try: %s', (_what, direction, sizeBytes, byteBudget, fits) => {
  const why = `the 180 B that the search may move leave no room for a try of ${sizeBytes} B`;
  expect(noRoomFor(sizeBytes, direction, runs, byteBudget)).toBe(fits ? undefined : why);
});

test('without a budget there is always room', () => {
  expect(noRoomFor(Number.MAX_SAFE_INTEGER, 'pull', runs)).toBeUndefined();
});

test('what is kept of a search names its place, and has no runs', () => {
  const found = { unit: 'bytes', direction: 'push', bytesSpent: 130, conclusion: 'none-up-to', why: 'w' } as const;
  expect(pathLimit(check, { ...found, runs })).toStrictEqual({
    ...found,
    registry: 'lab',
    path: check.path.name,
    client: 'docker',
  });
});
