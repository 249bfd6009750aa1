import { expect, test } from 'vitest';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import { hasPassed, isBesidePushes, isHiddenRefusal } from '../../../src/probe/diagnose/passing.ts';
import type { Trial } from '../../../src/probe/diagnose/trial.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const lost = fakeFailure('session_lost', { status: 404, answeredBy: 'registry' });
const again = trialOf({ kind: 'repeat' });

function passed(trial: Trial, trials: readonly Trial[]): boolean {
  const { failure } = trial.run;
  if (failure === undefined) throw new Error('it did not fail');
  return hasPassed({ failure, what: '', trial }, { path: pathTo('http://registry.example'), trials });
}

test('one lost session of several pushes may have been a restart; two are replicas that do not share them', () => {
  const first = trialOf({ failure: lost });
  const other = trialOf({ failure: lost, sizeBytes: 1_000 });
  expect(passed(first, [first, again])).toBe(true);
  expect(passed(first, [first, other, again])).toBe(false);
});

test.each([
  ['tags', 404, true, true],
  ['catalog', 403, true, true],
  ['tags', 404, false, false],
  ['tags', 502, true, false],
  ['auth', 403, true, false],
] as const)('%s refused with %i, pushes get through: %s; that is no fault: %s', (endpoint, status, ok, isBeside) => {
  const failure = fakeFailure('unexpected_response', { status, answeredBy: 'nginx' });
  const trials = [trialOf(ok ? {} : { failure: lost })];
  const examined = { path: pathTo('http://registry.example'), trials };
  expect(isBesidePushes({ failure, what: '', endpoint }, examined)).toBe(isBeside);
});

test.each([
  ['get through', true],
  ['do not', false],
] as const)('an endpoint that took longer than its share, where pushes %s: that is no fault: %s', (_name, isBeside) => {
  const examined = {
    path: pathTo('http://registry.example'),
    trials: [trialOf(isBeside ? {} : { failure: lost })],
  };
  const symptom = { failure: fakeFailure('deadline'), what: 'asking for auth', endpoint: 'auth' } as const;
  expect(isBesidePushes(symptom, examined)).toBe(isBeside);
  expect(diagnose({ subject: examined }).kind).toBe(isBeside ? 'healthy' : 'fault');
});

test('an endpoint that was cut once, and pushes get through at the end, has passed; a search that was cut has not', () => {
  const failure = fakeFailure('connection_reset');
  const examined = { path: pathTo('http://registry.example'), trials: [trialOf({ kind: 'again' })] };
  expect(hasPassed({ failure, what: '', endpoint: 'auth' }, examined)).toBe(true);
  expect(hasPassed({ failure, what: '' }, examined)).toBe(false);
});

test('a 502 to an upload hides what the registry says of others, as long as none gets through', () => {
  const hidden = fakeFailure('origin_unreachable', { status: 502, answeredBy: 'nginx', phase: 'wait' });
  const refusal = trialOf({
    failure: fakeFailure('session_lost', { status: 404, answeredBy: 'registry', phase: 'wait' }),
  });
  const isHidden = (trials: readonly Trial[], failure = hidden): boolean =>
    isHiddenRefusal({ failure, what: '' }, { path: pathTo('http://registry.example'), trials });
  expect(isHidden([refusal])).toBe(true);
  expect(isHidden([refusal, trialOf({})])).toBe(false);
  expect(isHidden([trialOf({ failure: hidden })])).toBe(false);
  expect(isHidden([refusal], { ...hidden, phase: 'start' })).toBe(false);
});

test('one spell of resets has passed, two have not', () => {
  const first = trialOf({ failure: fakeFailure('connection_reset') });
  const second = trialOf({ failure: fakeFailure('connection_reset'), sizeBytes: 1_000 });
  expect(passed(first, [first, second, again])).toBe(true);
  expect(passed(first, [first, again, second])).toBe(false);
});

test('what failed again has not passed, whatever else got through', () => {
  const first = trialOf({ failure: fakeFailure('connection_reset') });
  const repeat = trialOf({ kind: 'repeat', failure: fakeFailure('connection_reset') });
  expect(passed(first, [first, repeat, trialOf({ kind: 'again', sizeBytes: 1_000 })])).toBe(false);
});
