import { expect, test } from 'vitest';
import type { ApiReport, EndpointState } from '../../../src/probe/diagnose/api-check.ts';
import {
  bytesOfExamination,
  describeTrial,
  factsOfExamination,
  heldWords,
  symptomsOf,
} from '../../../src/probe/diagnose/symptoms.ts';
import type { Examined, TrialKind } from '../../../src/probe/diagnose/trial.ts';
import type { DurationLimit, SizeLimit } from '../../../src/probe/limits/limit.ts';
import { fakeFailure, tooLarge } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const path = pathTo('http://registry.example', { name: 'edge' });
const reset = fakeFailure('connection_reset');
const up: EndpointState = { up: true };
const down: EndpointState = { up: false, failure: reset };

function api(endpoints: Partial<ApiReport['endpoints']>): ApiReport {
  return { registry: 'gitea', path: 'edge', endpoints: { ping: up, auth: up, catalog: up, tags: up, ...endpoints } };
}

const bounds = { direction: 'push', bytesSpent: 0, why: 'so it is', runs: [] } as const;

function sizeLimit(changes: Partial<SizeLimit>): Partial<Examined> {
  return { sizeLimit: { ...bounds, unit: 'bytes', conclusion: 'found', ...changes } };
}

function durationLimit(changes: Partial<DurationLimit>): Partial<Examined> {
  return { durationLimit: { ...bounds, unit: 'seconds', conclusion: 'found', ...changes } };
}

const examined = (changes: Partial<Examined>): Examined => ({ path, trials: [], ...changes });
const whats = (changes: Partial<Examined>) => symptomsOf(examined(changes)).map(({ what, slow }) => [what, slow]);

test('what failed is told in the order in which it was tried: endpoints, pushes, searches', () => {
  const trials = [trialOf(), trialOf({ failure: reset, sizeBytes: 1_000 })];
  const rejected = { smallestRejected: 2_000, rejection: tooLarge };
  const all = examined({
    api: api({ auth: down, tags: down }),
    trials,
    ...sizeLimit(rejected),
    ...durationLimit({ smallestRejected: 60, rejection: reset }),
  });
  expect(symptomsOf(all)).toEqual([
    { what: 'asking for auth', failure: reset, endpoint: 'auth' },
    { what: 'asking for tags', failure: reset, endpoint: 'tags' },
    { what: 'docker, 1000 B', failure: reset, trial: trials[1] },
    { what: 'a body of 1.95 KiB', failure: tooLarge },
    { what: 'a small body that takes 1 m', failure: reset, slow: true },
  ]);
});

test('a body that rested is a question about another failure, and no failure', () => {
  expect(symptomsOf(examined({ trials: [trialOf({ kind: 'pausing', failure: reset })] }))).toEqual([]);
});

test('a search has seen something only where it says how it ended', () => {
  expect(whats(sizeLimit({ smallestRejected: 2_000 }))).toEqual([]);
  expect(whats(sizeLimit({ rejection: tooLarge }))).toEqual([]);
  const rejected = { smallestRejected: 2_000, rejection: tooLarge };
  expect(whats(sizeLimit({ ...rejected, conclusion: 'inconclusive' }))).toEqual([]);
  expect(whats(sizeLimit({ ...rejected, conclusion: 'none-up-to' }))).toEqual([]);
});

test('a search for a time that ended in another failure has seen the last one', () => {
  const slow = ['a small body sent slowly', true];
  const runs = [trialOf({ failure: reset }).run, trialOf({ failure: tooLarge }).run, trialOf().run];
  const ended = { conclusion: 'inconclusive', runs } as const;
  expect(whats(durationLimit(ended))).toEqual([slow]);
  expect(symptomsOf(examined(durationLimit(ended)))[0]?.failure).toBe(tooLarge);
  expect(symptomsOf(examined(durationLimit({ ...ended, rejection: reset })))[0]?.failure).toBe(reset);
  expect(whats(durationLimit({ ...ended, runs: [] }))).toEqual([]);
  expect(whats(durationLimit({ ...ended, conclusion: 'none-up-to' }))).toEqual([]);
});

test.each<[TrialKind, string]>([
  ['small', 'docker, 977 KiB'],
  ['full', 'docker, 977 KiB'],
  ['shape', 'docker, 977 KiB'],
  ['tiny', 'docker, 977 KiB, in one segment'],
  ['pausing', 'docker, 977 KiB, resting for 2 s in the body'],
  ['fresh', 'docker, 977 KiB, each request on a new connection'],
  ['version', 'docker, 977 KiB, over HTTP/1.1'],
  ['repeat', 'docker, 977 KiB, the same once more'],
  ['again', 'docker, 977 KiB, once more at the end'],
])('a push is named by what it was made for: %s', (kind, name) => {
  expect(describeTrial(trialOf({ kind, pauseMs: 2_000 }))).toBe(`${name}: pushed in 5 s`);
});

test('a body that rested for no time says so', () => {
  expect(describeTrial(trialOf({ kind: 'pausing' }))).toContain('resting for 0 ms in the body');
});

test('what is known of an upload that broke off is told', () => {
  const held = trialOf({ failure: reset, run: { heldBytes: 2_048 } });
  expect(describeTrial(held)).toBe(
    'docker, 977 KiB: connection_reset, no answer in send, after 0 ms; the registry holds 2 KiB of it',
  );
  expect(heldWords(trialOf({ run: { sessionAnswers: { known: 1, disowned: 2, elsewhere: 3 } } }))).toBe(
    '; asked for again, the upload was known 1 times, unknown 2 times, and a hop answered 3 times',
  );
  expect([heldWords(trialOf()), heldWords(undefined)]).toEqual(['', '']);
});

test('the facts of an examination: endpoints, pushes and searches over each path', () => {
  const subject = examined({
    api: api({ ping: { up: true, note: 'asks for a login' }, catalog: down }),
    trials: [trialOf()],
    ...sizeLimit({ runs: [trialOf().run] }),
    ...durationLimit({ conclusion: 'none-up-to' }),
  });
  const direct = { path: pathTo('http://direct.example', { name: 'direct' }), trials: [trialOf({ failure: reset })] };
  expect(factsOfExamination({ subject, direct })).toEqual([
    'edge: ping: up (asks for a login)',
    'edge: auth: up',
    'edge: catalog: connection_reset, no answer in send, after 0 ms',
    'edge: tags: up',
    'edge: docker, 977 KiB: pushed in 5 s',
    'edge: size limit as docker, found: so it is',
    'edge: time limit, none-up-to: so it is',
    'direct: docker, 977 KiB: connection_reset, no answer in send, after 0 ms',
  ]);
  expect(factsOfExamination({ subject: examined({}) })).toEqual([]);
});

test('images, pulls and conformance are told after the pushes', () => {
  const { run } = trialOf();
  const facts = factsOfExamination({
    subject: examined({ trials: [trialOf()] }),
    manifests: [{ way: 'usual', run }],
    pulled: { runs: [run], directRuns: [] },
  });
  expect(facts).toHaveLength(3);
  expect(facts[2]).toMatch(/pulled back: all of it came$/);
});

test('all that was sent is counted: over both paths, in searches, images, rounds, and beside a neighbour', () => {
  const round = (sentBytes: number) => ({ path: 'edge', opened: false, behaviours: {} as never, sentBytes });
  const sent = (sentBytes: number) => trialOf({ run: { sentBytes } });
  const subject = examined({
    trials: [sent(1), sent(2)],
    ...sizeLimit({ bytesSpent: 10 }),
    ...durationLimit({ bytesSpent: 20 }),
  });
  const all = {
    subject,
    direct: { path, trials: [sent(100)] },
    manifests: [
      { way: 'usual', run: sent(1_000).run },
      { way: 'small', run: sent(2_000).run },
    ],
    pulled: { runs: [sent(10_000).run], directRuns: [sent(20_000).run] },
    neighbour: { sizeBytes: 1, sentBytes: 100_000 },
    conformance: { subject: [round(1_000_000)], direct: [round(2_000_000), round(4_000_000)] },
  } as const;
  expect(bytesOfExamination(all)).toBe(7_133_133);
  expect(bytesOfExamination({ subject: examined({}) })).toBe(0);
});
