import { expect, test } from 'vitest';
import { gapsOf } from '../../../src/probe/diagnose/gaps.ts';
import type { Trial } from '../../../src/probe/diagnose/trial.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const failure = fakeFailure('body_too_large', { status: 413 });
const gaps = (trials: readonly Trial[], limits: object = {}) =>
  gapsOf({ subject: { path: pathTo('http://registry.example'), trials, ...limits } }).notExamined;
const onTime = 'limits on time: no slow body was sent, or none got through';
const beyond = (size: string) => `bodies above ${size}: none got through, so a further limit above that would not show`;

test.each(['patch-ranged', 'put-then-ranged'] as const)(
  'a blob that got through as %s says nothing of bodies of its size: they are chunks',
  (shape) => {
    const trials = [trialOf({ kind: 'small', sizeBytes: 1_000 }), trialOf({ failure }), trialOf({ shape })];
    expect(gaps(trials)).toEqual([beyond('1000 B'), onTime]);
  },
);

test.each(['patch-streamed', 'put-length', 'patch-length'] as const)('one that got through as %s does', (shape) => {
  expect(gaps([trialOf({ kind: 'small', sizeBytes: 1_000 }), trialOf({ failure }), trialOf({ shape })])).toEqual([
    onTime,
  ]);
});

test('what a search found to pass counts as much as a push', () => {
  const trials = [trialOf({ kind: 'small', sizeBytes: 1_000 }), trialOf({ failure })];
  expect(gaps(trials, { sizeLimit: { largestAccepted: 500_000 } })).toEqual([beyond('488 KiB'), onTime]);
  expect(gaps(trials, { sizeLimit: { largestAccepted: 1_000_000 } })).toEqual([onTime]);
});

test('beyond the longest slow body that got through nothing is known, unless all did', () => {
  const trials = [trialOf()];
  expect(gaps(trials, { durationLimit: { largestAccepted: 30, smallestRejected: 60 } })).toEqual([
    'bodies that take longer than 30 s: none got through',
  ]);
  expect(gaps(trials, { durationLimit: { largestAccepted: 30 } })).toEqual([]);
});

const of = (trials: readonly Trial[], more: object = {}) =>
  gapsOf({
    subject: { path: pathTo('http://registry.example'), trials, durationLimit: { largestAccepted: 1 } },
    ...more,
  } as never);

test('where no push got through, everything behind is hidden', () => {
  expect(of([trialOf({ failure })])).toEqual({
    hidden: 'what lies behind could not be examined',
    notExamined: ['sizes, wire shapes and times: no push got through, so another fault would not show'],
  });
});

test('nothing that was tried hides nothing', () => {
  expect(of([])).toMatchObject({ hidden: undefined });
  expect(of([trialOf()])).toEqual({ hidden: undefined, notExamined: [] });
});

test('a client of which not even a small push got through hides what else would happen to it', () => {
  const run = trialOf({ failure }).run;
  const as = (name: string, changes: Parameters<typeof trialOf>[0] = {}): Trial => {
    const check = { ...run.check, client: { ...run.check.client, name } } as typeof run.check;
    return trialOf({ sizeBytes: 1_000, ...changes, run: { check } });
  };
  const what = (names: string) => `what else happens to pushes as ${names}: none got through`;
  expect(of([as('crane', { failure }), as('docker')])).toEqual({
    hidden: 'what else would happen to pushes as crane could not be examined',
    notExamined: [what('crane')],
  });
  expect(of([as('docker'), as('crane', { failure })])).toEqual({ hidden: undefined, notExamined: [what('crane')] });
  expect(of([as('docker'), as('crane', { failure }), as('oras', { failure })]).notExamined).toEqual([
    what('crane and oras'),
  ]);
  expect(of([as('crane', { failure }), as('docker'), as('crane')]).notExamined).toEqual([]);
  // Of a large one alone it says nothing.
  expect(of([as('docker'), as('crane', { failure, sizeBytes: 2_000 })]).notExamined).toEqual([beyond('1000 B')]);
});

test('what was left out is said at the end', () => {
  const pulled = { runs: [trialOf({ failure: fakeFailure('connection_reset') }).run], directRuns: [] };
  const { notExamined } = of([trialOf()], { leftOut: ['no time'], pulled });
  expect(notExamined).toEqual([expect.stringMatching(/^pulls: /), 'no time']);
});
