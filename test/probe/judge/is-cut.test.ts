import { expect, test } from 'vitest';
import type { Failure } from '../../../src/probe/failure.ts';
import { isCut, isHungUp, isTurnedAway } from '../../../src/probe/judge/is-cut.ts';
import { fakeFailure } from '../../support/fake-run.ts';

const reset = fakeFailure('connection_reset', { sentBytes: 1 });
const byTimer = { message: '', timer: 'stall' };

test.each<[string, Failure, { cut: boolean; hungUp: boolean; turnedAway: boolean }]>([
  ['a cut body', reset, { cut: true, hungUp: true, turnedAway: false }],
  ['a cut before the body', { ...reset, sentBytes: 0 }, { cut: false, hungUp: true, turnedAway: true }],
  ['an answer', { ...reset, answeredBy: 'nginx' }, { cut: false, hungUp: false, turnedAway: false }],
  ['our own timer', { ...reset, evidence: byTimer }, { cut: true, hungUp: false, turnedAway: false }],
  ['a used connection', { ...reset, reason: 'stale_connection' }, { cut: true, hungUp: true, turnedAway: false }],
  ['a clock', { ...reset, reason: 'request_timeout' }, { cut: true, hungUp: false, turnedAway: false }],
  ['a refusal', { ...reset, reason: 'body_too_large' }, { cut: false, hungUp: false, turnedAway: false }],
  ['nobody listens', fakeFailure('connect_refused'), { cut: false, hungUp: false, turnedAway: true }],
  ['nobody answers', fakeFailure('connect_timeout'), { cut: false, hungUp: false, turnedAway: true }],
])('%s', (_what, failure, { cut, hungUp, turnedAway }) => {
  expect([isCut(failure), isHungUp(failure), isTurnedAway(failure)]).toEqual([cut, hungUp, turnedAway]);
});
