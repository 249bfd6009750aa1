import { expect, test } from 'vitest';
import { type Attempt, endedAtMs, isCancelled, mostAttempts, requestsOf } from '../../src/probe/outcome.ts';
import { fakeFailure } from '../support/fake-run.ts';
import { attempt as attemptWith, requestRecord } from '../support/run-fixtures.ts';

const attempt = (number: number, ...urls: string[]): Attempt =>
  attemptWith({ number, requests: urls.map((url) => requestRecord({ url })) });

test('a run that we ended tells nothing of the path', () => {
  expect(isCancelled({ failure: fakeFailure('cancelled') })).toBe(true);
  expect(isCancelled({ failure: fakeFailure('deadline') })).toBe(false);
  expect(isCancelled({})).toBe(false);
});

test('the blob with the most attempts counts, and no attempt at all counts as one', () => {
  expect(mostAttempts({ attempts: [attempt(1), attempt(2), attempt(3), attempt(1)] })).toBe(3);
  expect(mostAttempts({ attempts: [] })).toBe(1);
});

test('requests are in the order in which they were made', () => {
  const attempts = [attempt(1, 'a', 'b'), attempt(2), attempt(3, 'c')];
  expect(requestsOf({ attempts }).map(({ url }) => url)).toEqual(['a', 'b', 'c']);
});

test('a run ended its duration after its start', () => {
  expect(endedAtMs({ startedAt: new Date(1_700_000_000_000), durationMs: 1_234 })).toBe(1_700_000_001_234);
});
