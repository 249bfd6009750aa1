import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import {
  equalPushesAfter,
  hasPassed,
  isAnothersRule,
  isBesidePushes,
  isGotOver,
  isHiddenRefusal,
  isLimited,
  isRefusedInWords,
  isStuck,
  silenceMs,
  worthRepeating,
} from '../../../src/probe/diagnose/passing.ts';
import { symptomsOf } from '../../../src/probe/diagnose/symptoms.ts';
import type { Examined, Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { DurationLimit } from '../../../src/probe/limits/limit.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { fakeFailure, tooLarge } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const lost = fakeFailure('session_lost', { status: 404, answeredBy: 'registry' });
const again = trialOf({ kind: 'repeat' });

function passed(trial: Trial, trials: readonly Trial[]): boolean {
  const { failure } = trial.run;
  if (failure === undefined) throw new Error('it did not fail');
  return hasPassed({ failure, what: '', trial }, { path: pathTo('http://registry.example'), trials });
}

test('an upload that was known and unknown by turns has not passed, though the next push got through', () => {
  const repeat = trialOf({ kind: 'repeat' });
  const by = (known: number, disowned: number): Trial =>
    trialOf({ failure: lost, run: { sessionAnswers: { known, disowned, elsewhere: 0 } } });
  for (const [trial, hasPassed] of [
    [by(6, 6), false],
    [by(12, 0), true],
    [by(0, 6), true],
  ] as const)
    expect(passed(trial, [trial, repeat])).toBe(hasPassed);
});

test('a slow body that was cut once and then got through did not come again; one whose search ended in it did', () => {
  const path = pathTo('http://registry.example');
  const cut = fakeFailure('connection_reset', { phase: 'send', sentBytes: 1_000 });
  const run = trialOf({}).run;
  const after = (...runs: Run[]): Examined => ({
    path,
    trials: [trialOf({})],
    durationLimit: { unit: 'seconds', conclusion: 'inconclusive', why: '', runs } as unknown as DurationLimit,
  });
  const failing = { ...run, ok: false, failure: cut };
  const kindOf = (examined: Examined): string => diagnose({ subject: examined }).kind;
  const [symptom] = symptomsOf(after(failing, run));
  expect(symptom).toMatchObject({ failure: cut, slow: true });
  expect(hasPassed(symptom!, after(failing, run))).toBe(true);
  expect(hasPassed(symptom!, after(run, failing))).toBe(false);
  expect(hasPassed(symptom!, after(failing, failing, run))).toBe(true);
  expect(hasPassed(symptom!, after())).toBe(false);
  // What slow bodies did says nothing of a push.
  const trial = trialOf({ failure: cut });
  expect(hasPassed({ failure: cut, what: '', trial }, after(run))).toBe(false);
  // A refusal in words that the search had found before is no such end.
  const found = after(failing, run);
  const limit = { ...found.durationLimit!, rejection: fakeFailure('request_timeout', { status: 408 }) };
  expect(hasPassed(symptom!, { ...found, durationLimit: limit })).toBe(false);
  // It is said, and no cause is named for it.
  expect(kindOf(after(failing, run))).toBe('inconclusive');
});

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
  const hidden = fakeFailure('origin_unreachable', {
    status: 502,
    answeredBy: 'nginx',
    phase: 'wait',
    sentBytes: 1_000,
  });
  const refusal = trialOf({
    failure: fakeFailure('session_lost', { status: 404, answeredBy: 'registry', phase: 'wait' }),
  });
  const isHidden = (trials: readonly Trial[], failure = hidden): boolean =>
    isHiddenRefusal(
      { failure, what: '', trial: trialOf({ failure }) },
      { path: pathTo('http://registry.example'), trials },
    );
  expect(isHidden([refusal])).toBe(true);
  expect(isHidden([refusal, trialOf({})])).toBe(false);
  expect(isHidden([trialOf({ failure: hidden })])).toBe(false);
  expect(isHidden([refusal], { ...hidden, phase: 'start' })).toBe(false);
  // That a hop answers after the same time is no clock of its own.
  const late = trialOf({ failure: { ...hidden, elapsedMs: 60_000 } });
  expect(isHidden([late, late, refusal], late.run.failure)).toBe(true);
  // A search met it.
  const subject = { path: pathTo('http://registry.example'), trials: [refusal] };
  expect(isHiddenRefusal({ failure: hidden, what: '' }, subject)).toBe(true);
  // A storage that is full, Varnish’s word for it, and words of its own.
  const full = trialOf({
    failure: fakeFailure('registry_error', { status: 500, answeredBy: 'registry', phase: 'send' }),
  });
  const varnish: Failure = { ...hidden, status: 503, answeredBy: 'varnish' };
  expect(isHidden([full], varnish)).toBe(true);
  expect(isHidden([full], { ...varnish, evidence: { message: '', body: 'no healthy upstream' } })).toBe(false);
  expect(isHidden([full], { ...varnish, answeredBy: 'nginx' })).toBe(false);
  // Who refuses the end of an upload took a body of that shape; what refuses a shape refuses no other.
  const atTheEnd = { ...refusal.run.failure!, phase: 'commit' } as const;
  expect(isHidden([trialOf({ failure: atTheEnd })])).toBe(false);
  expect(isHidden([trialOf({ failure: atTheEnd, shape: 'put-length' })])).toBe(true);
  const ofShape = fakeFailure('method_not_allowed', { status: 405, answeredBy: 'registry', phase: 'wait' });
  expect(isHidden([trialOf({ failure: ofShape, shape: 'post-length' })])).toBe(false);
  const ofUpload = fakeFailure('range_conflict', { status: 400, answeredBy: 'registry', phase: 'wait' });
  expect(isHidden([trialOf({ failure: ofUpload })])).toBe(false);
  expect(isHidden([trialOf({ failure: { ...ofUpload, registryCode: 'BLOB_UPLOAD_INVALID' } })])).toBe(true);
  expect(isHidden([full], { ...varnish, answeredBy: 'caddy' })).toBe(false);
});

test('a cut hides what the registry says of bodies of the same shape, unless each comes after the same time', () => {
  const refusal = { failure: fakeFailure('auth_rejected', { status: 403, answeredBy: 'registry', phase: 'send' }) };
  const cut = (elapsedMs: number): Failure => fakeFailure('connection_reset', { sentBytes: 1_000, elapsedMs });
  const isHidden = (...trials: readonly Trial[]): boolean => {
    const [first] = trials;
    const symptom = { failure: first!.run.failure!, what: '', trial: first! };
    return isHiddenRefusal(symptom, { path: pathTo('http://registry.example'), trials });
  };
  expect(isHidden(trialOf({ failure: cut(400) }), trialOf(refusal))).toBe(true);
  expect(isHidden(trialOf({ failure: cut(400) }), trialOf({ ...refusal, shape: 'put-length' }))).toBe(false);
  const twice = (ms: number): Trial[] => [ms, ms + 5].map((one) => trialOf({ failure: cut(one) }));
  expect(isHidden(...twice(60_000), trialOf(refusal))).toBe(false);
  // What the registry looks up takes as long each time.
  expect(isHidden(...twice(510), trialOf(refusal))).toBe(true);
  expect(isHidden(...twice(900), trialOf(refusal))).toBe(true);
  expect(isHidden(...twice(901), trialOf(refusal))).toBe(false);
  const after600Ms = trialOf({ failure: { ...refusal.failure, elapsedMs: 600 } });
  expect(isHidden(...twice(1_200), after600Ms)).toBe(true);
  expect(isHidden(...twice(1_201), after600Ms)).toBe(false);
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

describe('a cut that came once', () => {
  const cut = fakeFailure('connection_reset', { phase: 'wait', sentBytes: 1_000_000 });
  const first: Trial = { ...trialOf({ failure: cut }), clientSendsAgain: true };
  const equal = [trialOf({ kind: 'fresh' }), trialOf({ kind: 'fresh' }), trialOf({ kind: 'repeat' })];
  const told = (trials: readonly Trial[]) => diagnose({ subject: { path: pathTo('http://registry.example'), trials } });

  test('is told with its count, and no fault, where the client sends the request again and three equal pushes got through', () => {
    expect(told([first, ...equal])).toMatchObject({
      kind: 'healthy',
      unexplained: [],
      why: expect.stringMatching(
        /got through, but for one push of 4 that was cut \(.*connection_reset.*\), and docker sends such a request again by itself$/,
      ) as string,
    });
  });

  test.each<[string, readonly Trial[]]>([
    ['the client does not send it again', [{ ...first, clientSendsAgain: false }, ...equal]],
    ['two equal pushes got through, not three', [first, ...equal.slice(1)]],
    ['it came again', [first, ...equal, { ...trialOf({ kind: 'again', failure: cut }), clientSendsAgain: true }]],
    ['another shape was cut as well', [trialOf({ shape: 'put-length', failure: cut }), first, ...equal]],
    [
      'an equal push was refused afterwards',
      [first, ...equal, trialOf({ kind: 'repeat', failure: fakeFailure('session_lost', { status: 404 }) })],
    ],
    ['the pushes that got through were smaller', [first, ...equal.map((one) => ({ ...one, sizeBytes: 1_000 }))]],
  ])('is not passed over: %s', (_name, trials) => {
    expect(told(trials).kind).not.toBe('healthy');
  });

  test('an answer that came once is none: only what ends without one is', () => {
    const failure = fakeFailure('origin_unreachable', { status: 503, answeredBy: 'nginx', sentBytes: 1_000_000 });
    expect(told([{ ...trialOf({ failure }), clientSendsAgain: true }, ...equal]).kind).toBe('inconclusive');
  });
});

test.each([
  ['every push got through', [trialOf({})], 'healthy'],
  ['one push met a page', [trialOf({}), trialOf({ failure: lost })], 'fault'],
] as const)('GET /v2/ is answered with a page, and %s', (_name, trials, kind) => {
  const failure = fakeFailure('unexpected_response', {
    status: 200,
    answeredBy: 'haproxy',
    evidence: { message: '', headers: { 'content-type': 'text/html' }, body: '<html>OK</html>' },
  });
  const examined = { path: pathTo('http://registry.example'), trials };
  for (const endpoint of ['ping', 'auth'] as const)
    expect(isBesidePushes({ failure, what: '', endpoint }, examined)).toBe(kind === 'healthy');
  expect(isBesidePushes({ failure, what: '', endpoint: 'catalog' }, examined)).toBe(false);
});

test.each([
  [
    'a connection that was not taken, beside an open one that is answered',
    'connect_refused',
    { refused: 10, answered: 2 },
    'connections_limited',
  ],
  ['one that was not taken, and no connection was tried beside it', 'connect_refused', undefined, undefined],
  [
    'one that was not taken, and the open one is no longer answered',
    'connect_refused',
    { refused: 10, answered: 0 },
    undefined,
  ],
  ['what has nothing to do with connections', 'registry_error', { refused: 10, answered: 2 }, undefined],
] as const)('%s: whether it passed', (_what, reason, held, cause) => {
  const refused = fakeFailure(reason, { phase: 'connect', answeredBy: 'none', sentBytes: 0 });
  const path = pathTo('http://registry.example');
  const trials = [trialOf({}), trialOf({ failure: refused }), again];
  const { kind, findings } = diagnose({ subject: { path, trials }, held });
  expect([kind, findings[0]?.cause]).toEqual(cause === undefined ? ['inconclusive', undefined] : ['fault', cause]);
});

const path = pathTo('http://registry.example');

test('nothing moved since the last byte; before it the whole request bounds it', () => {
  const cut = fakeFailure('connection_reset', { elapsedMs: 900 });
  expect(silenceMs(cut)).toBe(900);
  expect(silenceMs({ ...cut, evidence: { message: '', sinceLastByteMs: 30 } })).toBe(30);
});

test('worth trying again: two of those that a restart can cause, the last first, and the smallest of the others', () => {
  const of = (reason: Failure['reason'], sizeBytes: number, kind: Trial['kind'] = 'full'): Trial =>
    trialOf({ failure: fakeFailure(reason), sizeBytes, kind });
  const [small, middle, large] = [1, 2, 3].map((size) => of('connection_reset', size));
  const [refused, larger] = [of('body_too_large', 5), of('body_too_large', 6)];
  expect(worthRepeating([small!, middle!, large!, larger, refused])).toEqual([large, middle, refused]);
  expect(worthRepeating([small!])).toEqual([small]);
  const asides = (['fresh', 'pausing', 'version', 'tiny'] as const).map((kind) => of('connection_reset', 9, kind));
  expect(worthRepeating([...asides, of('deadline', 1), of('cancelled', 1), trialOf()])).toEqual([]);
});

test('equal pushes afterwards have the same shape and size', () => {
  const first = trialOf();
  const [equal, other, smaller] = [trialOf(), trialOf({ shape: 'put-length' }), trialOf({ sizeBytes: 1 })];
  expect(equalPushesAfter(first, [trialOf(), first, other, equal, smaller])).toEqual([equal]);
});

test('an endpoint has passed when what a restart causes is followed by a push that gets through', () => {
  const isPast = (failure: Failure, changes: object, ...trials: readonly Trial[]): boolean =>
    hasPassed({ failure, what: '', ...changes }, { path, trials });
  const endpoint = { endpoint: 'auth' };
  const cut = fakeFailure('connection_reset');
  expect(isPast(cut, endpoint, trialOf({ failure: cut }), trialOf())).toBe(true);
  expect(isPast(cut, endpoint, trialOf(), trialOf({ failure: cut }))).toBe(false);
  expect(isPast(cut, endpoint)).toBe(false);
  expect(isPast(fakeFailure('body_too_large'), endpoint, trialOf())).toBe(false);
  // A search met a registry that was away.
  expect(isPast(fakeFailure('connect_refused'), {}, trialOf())).toBe(true);
});

test('a push has passed when it got through each time that it was made again', () => {
  const cut = fakeFailure('connection_reset');
  const first = trialOf({ failure: cut });
  const repeat = trialOf({ kind: 'repeat' });
  expect(passed(first, [first, repeat])).toBe(true);
  expect(passed(first, [first])).toBe(false);
  expect(passed(first, [first, trialOf()])).toBe(false);
  const failing = trialOf({ kind: 'repeat', failure: tooLarge });
  expect(passed(first, [first, repeat, failing])).toBe(false);
  expect(passed(failing, [first, failing, repeat])).toBe(false);
  // What was not tried again is like what was, where a restart may cause it.
  const other = trialOf({ kind: 'repeat', sizeBytes: 1 });
  expect(passed(first, [first, other])).toBe(true);
  expect(passed(first, [first, other, trialOf({ kind: 'repeat', sizeBytes: 1, failure: tooLarge })])).toBe(false);
  const refused = trialOf({ failure: tooLarge });
  expect(passed(refused, [refused, other])).toBe(false);
  expect(passed(refused, [refused, repeat])).toBe(true);
});

test('a push is stuck when our own deadline ends what takes a quarter of the time over the direct path', () => {
  const deadline = fakeFailure('deadline', { phase: 'send' });
  const stuck = trialOf({ failure: deadline, run: { durationMs: 4_000 } });
  const there = (durationMs: number, changes: object = {}): Trial => trialOf({ ...changes, run: { durationMs } });
  const of = (trials: readonly Trial[] | undefined, failure = deadline, trial: Trial | undefined = stuck): boolean =>
    isStuck(
      { failure, what: '', ...(trial && { trial }) },
      { subject: { path, trials: [stuck] }, ...(trials && { direct: { path, trials } }) },
    );
  expect(of([there(1_000)])).toBe(true);
  expect(of([there(1_001)])).toBe(false);
  expect(of(undefined)).toBe(false);
  expect(of([there(1, { sizeBytes: 999_999 })])).toBe(false);
  expect(of([there(1, { failure: deadline })])).toBe(false);
  expect(of([there(1_000)], fakeFailure('upload_stalled'))).toBe(false);
  for (const phase of ['dns', 'connect', 'tls'] as const)
    expect(of([there(1_000)], { ...deadline, phase })).toBe(false);
  expect(
    isStuck({ failure: deadline, what: '' }, { subject: { path, trials: [] }, direct: { path, trials: [there(1)] } }),
  ).toBe(false);
});

test.each([
  ['catalog', 400, true],
  ['tags', 499, true],
  ['catalog', 399, false],
  ['catalog', 500, false],
  ['catalog', undefined, false],
  ['auth', 403, false],
  ['ping', 404, false],
] as const)('%s is answered %s where pushes get through: beside them: %s', (endpoint, status, expected) => {
  const failure = fakeFailure('unexpected_response', { answeredBy: 'nginx', ...(status && { status }) });
  const beside = (trials: readonly Trial[], changes: object = { endpoint }): boolean =>
    isBesidePushes({ failure, what: '', ...changes }, { path, trials });
  expect(beside([trialOf({ failure }), trialOf()])).toBe(expected);
  expect(beside([trialOf({ failure })])).toBe(false);
  expect(beside([trialOf()], {})).toBe(false);
  expect(isBesidePushes({ failure: fakeFailure('deadline'), what: '' }, { path, trials: [trialOf()] })).toBe(false);
});

test('what another client stops by is a rule of its own: of a login not asked for, of a realm, of a Location', () => {
  const own = trialOf();
  const client = { ...own.run.check.client, name: 'crane' } as const;
  const byRule = (failure: Failure, trial: Trial | undefined): boolean =>
    isAnothersRule({ failure, what: '', ...(trial && { trial }) }, { path, trials: [own] });
  const another = trialOf({ run: { check: { ...own.run.check, client } } });
  const unasked = fakeFailure('auth_rejected', { evidence: { message: '', authProblem: 'ping_asked_nothing' } });
  for (const failure of [unasked, fakeFailure('client_refused_realm'), fakeFailure('client_refused_location')]) {
    expect(byRule(failure, another)).toBe(true);
    expect(byRule(failure, own)).toBe(false);
    expect(byRule(failure, undefined)).toBe(false);
  }
  expect(byRule(fakeFailure('auth_rejected'), another)).toBe(false);
  expect(isAnothersRule({ failure: unasked, what: '' }, { path, trials: [] })).toBe(false);
});

test('a cut is refused in words when the same push, made again, is', () => {
  const cut = fakeFailure('connection_reset', { sentBytes: 1 });
  const first = trialOf({ failure: cut });
  const again = (changes: Parameters<typeof trialOf>[0]): Trial =>
    trialOf({ kind: 'repeat', failure: tooLarge, ...changes });
  const inWords = (other: Trial, failure: Failure = cut, trial: Trial | undefined = first): boolean =>
    isRefusedInWords({ failure, what: '', ...(trial && { trial }) }, { path, trials: [first, other] });
  expect(inWords(again({}))).toBe(true);
  expect(inWords(again({ kind: 'fresh' }))).toBe(true);
  expect(inWords(again({ kind: 'full' }))).toBe(false);
  expect(inWords(again({ sizeBytes: 1 }))).toBe(false);
  expect(inWords(again({ shape: 'put-length' }))).toBe(false);
  expect(inWords(again({ failure: lost }))).toBe(false);
  expect(inWords(trialOf({ kind: 'repeat' }))).toBe(false);
  expect(inWords(again({}), lost)).toBe(false);
  expect(isRefusedInWords({ failure: cut, what: '' }, { path, trials: [again({})] })).toBe(false);
});

test('a search that met a cut is got over by nobody', () => {
  const failure = fakeFailure('connection_reset', { sentBytes: 1 });
  expect(isGotOver({ failure, what: '' }, { path, trials: [trialOf(), trialOf(), trialOf()] })).toBe(false);
});

test('a cut is got over where nothing else was cut, and all of three equal pushes or more got through afterwards', () => {
  const cut = fakeFailure('connection_reset', { sentBytes: 1 });
  const first: Trial = { ...trialOf({ failure: cut }), clientSendsAgain: true };
  const gotOver = (...trials: readonly Trial[]): boolean =>
    isGotOver({ failure: cut, what: '', trial: first }, { path, trials });
  const equal = [trialOf(), trialOf(), trialOf()];
  expect(gotOver(first, ...equal)).toBe(true);
  expect(gotOver(trialOf({ failure: tooLarge }), first, ...equal)).toBe(true);
  expect(gotOver(trialOf({ failure: cut, sizeBytes: 1 }), first, ...equal)).toBe(false);
  expect(gotOver(first, ...equal, trialOf({ failure: tooLarge }))).toBe(false);
  expect(gotOver(first, ...equal.slice(1))).toBe(false);
});

test('connections are limited where new ones were refused twice at least, and the open one was answered as often', () => {
  const failure = fakeFailure('connect_refused', { phase: 'connect', answeredBy: 'none', sentBytes: 0 });
  const limited = (refused: number, answered: number): boolean =>
    isLimited({ failure, what: '' }, { subject: { path, trials: [] }, held: { refused, answered } });
  expect([limited(2, 2), limited(1, 2), limited(2, 1)]).toEqual([true, false, false]);
  expect(isLimited({ failure, what: '' }, { subject: { path, trials: [] } })).toBe(false);
});
