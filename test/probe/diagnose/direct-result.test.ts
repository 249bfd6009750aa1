import { expect, test } from 'vitest';
import { directResult, longestWaitMs } from '../../../src/probe/diagnose/direct-result.ts';
import type { Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Attempt } from '../../../src/probe/outcome.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { attempt } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

type Phases = Attempt['phaseMs'];

/** A push over the direct path that took so long in these phases. */
function through(phaseMs: Phases, changes: Parameters<typeof trialOf>[0] = {}): Trial {
  return trialOf({ ...changes, run: { attempts: [attempt({ phaseMs })] } });
}

function result(failure: Failure, trials: readonly Trial[], endsSilence = false, trial = trialOf({ failure })) {
  return directResult(failure, trial, { path: pathTo('http://direct.example'), trials }, endsSilence);
}

const reset = fakeFailure('connection_reset', { sentBytes: 1, elapsedMs: 1_000 });
const other = fakeFailure('body_too_large', { status: 413 });

test('without a direct path, and without a push over it, nothing is known', () => {
  expect(directResult(reset, undefined, undefined, false)).toBe('none');
  expect(result(reset, [])).toBe('none');
});

test('the push that is compared is the one of the same shape and size, else the last as large, else the last', () => {
  const failing = (changes: Parameters<typeof trialOf>[0] = {}): Trial => trialOf({ failure: reset, ...changes });
  const small = { sizeBytes: 1_000 };
  expect(result(reset, [failing(), trialOf({ sizeBytes: 2_000_000 })])).toBe('same');
  expect(result(reset, [trialOf(), failing({ sizeBytes: 2_000_000 })])).toBe('ok');
  expect(result(reset, [failing({ shape: 'put-length' }), trialOf()])).toBe('ok');
  expect(result(reset, [failing(small), trialOf({ shape: 'put-length' })])).toBe('ok');
  expect(result(reset, [failing({ shape: 'put-length' }), trialOf({ shape: 'put-length' }), failing(small)])).toBe(
    'ok',
  );
  expect(result(reset, [trialOf(small), failing(small)])).toBe('same');
  expect(result(reset, [trialOf(small), failing(small), trialOf(small)])).toBe('ok');
  expect(
    directResult(reset, undefined, { path: pathTo('http://direct.example'), trials: [trialOf(), failing()] }, false),
  ).toBe('same');
});

test('a failure there is the same, or another', () => {
  expect(result(reset, [trialOf({ failure: fakeFailure('stale_connection') })])).toBe('same');
  expect(result(reset, [trialOf({ failure: other })])).toBe('other');
});

const timeout = fakeFailure('response_timeout', { phase: 'wait', status: 504, answeredBy: 'nginx', elapsedMs: 10_000 });
const waited = (sinceLastByteMs: number) => ({ evidence: { message: '', sinceLastByteMs } });

test.each<[string, Failure, Phases, string]>([
  ['half of what was waited for', timeout, { wait: 5_000 }, 'slow'],
  ['less than half', timeout, { wait: 4_999 }, 'ok'],
  ['at the end of the upload', timeout, { commit: 5_000 }, 'slow'],
  ['half, without a body', { ...timeout, phase: 'start' }, { start: 5_000 }, 'slow'],
  ['half, at the login', { ...timeout, phase: 'auth' }, { auth: 5_000 }, 'slow'],
  ['less than half, without a body', { ...timeout, phase: 'start' }, { start: 4_999 }, 'ok'],
  ['before the body', timeout, { start: 5_000, auth: 5_000, send: 5_000 }, 'ok'],
  ['half since the last byte', { ...timeout, ...waited(2_000) }, { wait: 1_000 }, 'slow'],
  ['less than half since the last byte', { ...timeout, ...waited(2_000) }, { wait: 999 }, 'ok'],
  ['as long, of what was answered at once', { ...timeout, elapsedMs: 349 }, { wait: 349 }, 'ok'],
  ['as long, of what was not', { ...timeout, elapsedMs: 350 }, { wait: 350 }, 'slow'],
  [
    'as long, before a 502 after the body',
    { ...timeout, reason: 'origin_unreachable', status: 502 },
    { wait: 9_000 },
    'slow',
  ],
  ['as long, before a 501', { ...timeout, reason: 'origin_unreachable', status: 501 }, { wait: 9_000 }, 'ok'],
  [
    'as long, before a 502 in the body',
    { ...timeout, reason: 'origin_unreachable', status: 502, phase: 'send' },
    { wait: 9_000 },
    'ok',
  ],
  ['as long, before a cut after the body', { ...reset, phase: 'wait' }, { wait: 900 }, 'slow'],
  ['as long, before a cut at the end of the upload', { ...reset, phase: 'commit' }, { wait: 900 }, 'slow'],
  ['as long, before a cut in the body', reset, { wait: 900 }, 'ok'],
])('the registry itself needs %s', (_what, failure, phaseMs, expected) => {
  expect(result(failure, [through(phaseMs)])).toBe(expected);
});

test('a cut in a body whose end was sent is a wait, where silence is known to be ended', () => {
  const cut = { ...reset, ...waited(1_000) };
  expect(result(cut, [through({ wait: 900 })], true)).toBe('slow');
  expect(result(cut, [through({ wait: 900 })])).toBe('ok');
  expect(result(reset, [through({ wait: 900 })], true)).toBe('ok');
});

test('a 502 to a request without a body: the registry is slow each time, and at least as slow', () => {
  const gateway = (elapsedMs: number, status = 502) =>
    fakeFailure('origin_unreachable', { phase: 'start', status, answeredBy: 'nginx', elapsedMs });
  const there = (...starts: readonly number[]): Trial[] => starts.map((start) => through({ start }));
  expect(result(gateway(900), there(900, 1_000))).toBe('slow');
  expect(result(gateway(900), there(900, 899))).toBe('ok');
  expect(result(gateway(899), there(1_000))).toBe('ok');
  expect(result(gateway(900, 501), there(1_000))).toBe('ok');
  // One that failed says nothing of how long it takes.
  expect(result(gateway(900), [through({ start: 1 }, { failure: other, sizeBytes: 1 }), ...there(900)])).toBe('slow');
});

test('the longest wait is that of any attempt, for requests of the same kind', () => {
  const push = trialOf({
    run: { attempts: [attempt({ phaseMs: { auth: 1, start: 2, wait: 3 } }), attempt({ phaseMs: { commit: 4 } })] },
  });
  expect(longestWaitMs(push, fakeFailure('deadline', { phase: 'send' }))).toBe(4);
  for (const phase of ['auth', 'start', 'pull'] as const)
    expect(longestWaitMs(push, fakeFailure('deadline', { phase }))).toBe(2);
  expect(longestWaitMs(trialOf(), reset)).toBe(0);
});
