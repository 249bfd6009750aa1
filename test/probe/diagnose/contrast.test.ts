import { describe, expect, test } from 'vitest';
import { aloneOn, type Contrast, contrastOf, isDown } from '../../../src/probe/diagnose/contrast.ts';
import type { Examination, Examined, Symptom, Trial } from '../../../src/probe/diagnose/trial.ts';
import type { DurationLimit, SizeLimit } from '../../../src/probe/limits/limit.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import type { RequestRecord } from '../../../src/probe/outcome.ts';
import { fakeFailure, tooLarge } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

const path = pathTo('http://registry.example', { name: 'edge', kind: 'edge' });
const reset = fakeFailure('connection_reset', { sentBytes: 500_000 });
const failing = trialOf({ failure: reset });
const nothing = { direction: 'push', bytesSpent: 0, why: '', runs: [] } as const;

/** What stands around the failure of `trial` among these. */
function around(
  trials: readonly Trial[],
  { trial = failing, ...examined }: Partial<Examined> & { trial?: Trial } = {},
  more: Partial<Examination> = {},
): Contrast {
  const symptom = { failure: trial.run.failure ?? reset, what: '', trial };
  return contrastOf(symptom, { ...more, subject: { path, trials, ...examined } });
}

function withRequests(...requests: readonly Partial<RequestRecord>[]): Trial {
  return trialOf({ failure: reset, run: { attempts: [attempt({ requests: requests.map(requestRecord) })] } });
}

test('a failure about which nothing is known stands alone', () => {
  expect(aloneOn(path, reset)).toMatchObject({
    pathKind: 'edge',
    throughProxy: false,
    anonymous: false,
    registryAnswered: false,
    sizeBytes: 0,
    smallPassed: false,
    smallPassedAfter: false,
    passedBytes: 0,
    passedAlikeBytes: 0,
    isSlowBody: false,
    declaredPassed: undefined,
    onlyStreamedFails: false,
    slowPassedMs: 0,
    endedAfterMs: undefined,
    idleEndedAfterMs: undefined,
    restPassedMs: undefined,
    freshPassed: undefined,
    arrived: undefined,
    direct: 'none',
    directPath: undefined,
    kindsFailingAlike: [],
    directLoginWorks: false,
    cameAgain: undefined,
    tokenAgeMs: undefined,
    noneAnsweredSince: false,
    bareFails: false,
    othersAlike: false,
    refusedByTurns: false,
    patchLosesBodies: false,
    onlyOtherHostFails: false,
    constantMs: undefined,
    longestAnsweredMs: 0,
    session: { known: 0, disowned: 0, elsewhere: 0 },
    pullCuts: { count: 0 },
    otherKindPassed: undefined,
    proven: new Set(),
  });
});

test('the layers of an image were taken before its manifest and its config', () => {
  const taken = { registryAnswered: true, sessionOpened: true, sessionTaken: true, loginWorks: true };
  expect(aloneOn(path, { ...reset, blob: 'manifest' }, 'ok', 'direct')).toMatchObject({
    ...taken,
    direct: 'ok',
    directPath: 'direct',
  });
  expect(aloneOn(path, { ...reset, blob: 'layer-1' })).toMatchObject({ sessionOpened: false });
});

test('the path: its kind, and its proxy', () => {
  const proxied = { ...path, proxy: { url: 'http://proxy.example:3128' } } as unknown as Examined['path'];
  expect(around([failing], { path: proxied })).toMatchObject({ pathKind: 'edge', throughProxy: true });
});

test('a path is anonymous when every push is', () => {
  const { registry } = failing.run.check;
  const credentials = { kind: 'basic', username: 'probe', password: Secret.of('secret') } as const;
  const logged = trialOf({ run: { check: { ...failing.run.check, registry: { ...registry, credentials } } } });
  expect(around([failing]).anonymous).toBe(true);
  expect(around([failing, logged]).anonymous).toBe(false);
});

describe('bodies that got through', () => {
  const small = trialOf({ kind: 'small', sizeBytes: 1_000 });

  test('small ones, and those after the failure', () => {
    expect(around([small, failing])).toMatchObject({ smallPassed: true, smallPassedAfter: false });
    expect(around([failing, trialOf({ sizeBytes: 999_999 })])).toMatchObject({
      smallPassed: false,
      smallPassedAfter: true,
    });
    expect(around([failing, trialOf()])).toMatchObject({ smallPassedAfter: false });
    expect(around([failing, trialOf({ kind: 'again' })])).toMatchObject({ smallPassedAfter: true });
    expect(around([failing, trialOf({ kind: 'again', failure: reset })])).toMatchObject({ smallPassedAfter: false });
    expect(around([trialOf({ kind: 'small', failure: reset }), failing])).toMatchObject({ smallPassed: false });
    const ofEndpoint = { failure: reset, what: '', endpoint: 'tags' } as const;
    const after = contrastOf(ofEndpoint, { subject: { path, trials: [trialOf({ kind: 'again' })] } });
    expect(after.smallPassedAfter).toBe(false);
  });

  test('the largest in one piece, of all and of those sent in the same way', () => {
    const trials = [
      failing,
      trialOf({ sizeBytes: 10 }),
      trialOf({ sizeBytes: 20, shape: 'put-length' }),
      trialOf({ sizeBytes: 30, shape: 'patch-ranged' }),
      trialOf({ sizeBytes: 40, failure: tooLarge }),
    ];
    expect(around(trials)).toMatchObject({ passedBytes: 20, passedAlikeBytes: 10 });
    const declared = trialOf({ failure: reset, shape: 'patch-length' });
    expect(around([...trials, declared], { trial: declared })).toMatchObject({ passedAlikeBytes: 20 });
  });

  test('a search is of the shape that its client sends; where none is known, all are alike', () => {
    const symptom: Symptom = { failure: tooLarge, what: '' };
    const trials = [trialOf({ sizeBytes: 10 }), trialOf({ sizeBytes: 20, shape: 'put-length' })];
    const passed = (sizeLimit?: SizeLimit) =>
      contrastOf(symptom, { subject: { path, trials, ...(sizeLimit && { sizeLimit }) } }).passedAlikeBytes;
    expect(passed()).toBe(20);
    const streamed = { path, trials: [trialOf({ sizeBytes: 30 })] };
    expect(contrastOf(symptom, { subject: streamed }).passedAlikeBytes).toBe(30);
    expect(passed({ ...nothing, unit: 'bytes', conclusion: 'found', runs: [failing.run] })).toBe(10);
    expect(passed({ ...nothing, unit: 'bytes', conclusion: 'inconclusive' })).toBe(20);
  });

  test('with a length: those as large, of any other shape, that are no question about another failure', () => {
    const declared = { shape: 'put-length' } as const;
    const isPassed = (...trials: readonly Trial[]) => around([failing, ...trials]).declaredPassed;
    expect(isPassed()).toBeUndefined();
    expect(isPassed(trialOf(declared))).toBe(true);
    expect(isPassed(trialOf({ ...declared, failure: reset }))).toBe(false);
    expect(isPassed(trialOf({ ...declared, failure: reset }), trialOf(declared))).toBe(true);
    expect(isPassed(trialOf({ ...declared, sizeBytes: 999_999 }))).toBeUndefined();
    expect(isPassed(trialOf())).toBeUndefined();
    expect(isPassed(trialOf({ ...declared, kind: 'fresh' }))).toBeUndefined();
    expect(isPassed(trialOf({ ...declared, kind: 'repeat' }))).toBeUndefined();
  });

  test('only those without a length fail where a PATCH with one got through, and none without', () => {
    const ranged = trialOf({ shape: 'patch-length' });
    const only = (...trials: readonly Trial[]) => around([failing, ...trials]).onlyStreamedFails;
    expect(only(ranged)).toBe(true);
    expect(only()).toBe(false);
    expect(only(trialOf({ shape: 'put-length' }))).toBe(false);
    expect(only(trialOf({ shape: 'patch-length', failure: tooLarge }))).toBe(false);
    expect(only(ranged, trialOf({ sizeBytes: 1_000 }))).toBe(false);
    expect(only(ranged, trialOf({ shape: 'put-length', failure: reset }))).toBe(false);
  });
});

describe('time', () => {
  const limit: DurationLimit = {
    ...nothing,
    unit: 'seconds',
    conclusion: 'found',
    largestAccepted: 30,
    smallestRejected: 60,
  };

  test('slow bodies: how long they got through, and when they are ended', () => {
    expect(around([failing], { durationLimit: limit })).toMatchObject({ slowPassedMs: 30_000, endedAfterMs: 60_000 });
    const open = { ...limit, conclusion: 'inconclusive' } as const;
    expect(around([failing], { durationLimit: open })).toMatchObject({ slowPassedMs: 30_000, endedAfterMs: undefined });
    const slow = { failure: reset, what: '', slow: true } as const;
    expect(contrastOf(slow, { subject: { path, trials: [] } }).isSlowBody).toBe(true);
    expect(around([failing]).isSlowBody).toBe(false);
  });

  test('bodies that rested, and got through or were ended', () => {
    const rest = { kind: 'pausing', pauseMs: 1_000 } as const;
    expect(around([failing, trialOf(rest)])).toMatchObject({ restPassedMs: 1_000, idleEndedAfterMs: undefined });
    const ended = trialOf({ ...rest, failure: { ...reset, elapsedMs: 700 } });
    expect(around([failing, ended])).toMatchObject({ restPassedMs: undefined, idleEndedAfterMs: 700 });
    expect(around([failing, trialOf({ pauseMs: 1_000 })]).restPassedMs).toBeUndefined();
  });

  test('failures after the same time: of this kind, and no question about others', () => {
    const after = (elapsedMs: number, changes: Partial<Trial> = {}) =>
      trialOf({ ...changes, failure: { ...reset, elapsedMs } });
    expect(around([after(5_000), after(5_100)]).constantMs).toBe(5_000);
    expect(around([after(5_000), after(5_100, { kind: 'fresh' })]).constantMs).toBeUndefined();
    expect(around([after(5_000), trialOf({ failure: { ...tooLarge, elapsedMs: 5_000 } })]).constantMs).toBeUndefined();
  });

  test('the longest answer that was waited for is a single one, of a push that got through', () => {
    const answered = (wait: number, changes: Parameters<typeof trialOf>[0] = {}) =>
      trialOf({ ...changes, run: { attempts: [attempt({ phaseMs: { wait } })] } });
    expect(around([failing, answered(10), answered(20)]).longestAnsweredMs).toBe(20);
    expect(around([failing, answered(10), answered(20, { shape: 'patch-ranged' })]).longestAnsweredMs).toBe(10);
    expect(around([failing, answered(10), answered(20, { failure: reset })]).longestAnsweredMs).toBe(10);
  });
});

describe('the same again', () => {
  test('on fresh connections', () => {
    expect(around([failing, trialOf({ kind: 'fresh' })]).freshPassed).toBe(true);
    expect(around([failing, trialOf({ kind: 'fresh', failure: reset })]).freshPassed).toBe(false);
    expect(around([failing, trialOf()]).freshPassed).toBeUndefined();
  });

  test('of the same shape and size, once more', () => {
    const repeat = { kind: 'repeat' } as const;
    const again = (...trials: readonly Trial[]) => around([failing, ...trials]).cameAgain;
    expect(again(trialOf(repeat))).toBe(false);
    expect(again(trialOf({ ...repeat, failure: tooLarge }))).toBe(true);
    expect(again(trialOf(repeat), trialOf({ ...repeat, failure: reset }))).toBe(true);
    expect(again(trialOf({ ...repeat, shape: 'put-length' }))).toBeUndefined();
    expect(again(trialOf({ ...repeat, sizeBytes: 1 }))).toBeUndefined();
    expect(again(trialOf({ kind: 'again' }))).toBeUndefined();
    const second = trialOf({ ...repeat, failure: reset });
    expect(around([failing, second], { trial: second }).cameAgain).toBeUndefined();
  });

  test('nothing was answered since: in two pushes at least', () => {
    const silent = withRequests({ status: undefined });
    const since = (...trials: readonly Trial[]) => around(trials).noneAnsweredSince;
    expect(since(failing, silent, silent)).toBe(true);
    expect(since(failing, silent)).toBe(false);
    expect(since(failing, silent, withRequests({ status: undefined }, { status: 500 }))).toBe(false);
    expect(since(withRequests({ status: 202 }), silent, silent)).toBe(true);
    expect(since(trialOf(), trialOf(), trialOf())).toBe(false);
  });

  test('what the sessions of this failure were answered for, together', () => {
    const asked = (known: number, failure = reset) =>
      trialOf({ failure, run: { sessionAnswers: { known, disowned: 1, elsewhere: 2 } } });
    expect(around([asked(3), asked(4), asked(100, tooLarge), failing]).session).toEqual({
      known: 7,
      disowned: 2,
      elsewhere: 4,
    });
  });

  test('how much arrived, of this push or of one of its size that was asked about', () => {
    const sent = 300_000;
    const cut = trialOf({ failure: { ...reset, sentBytes: sent }, run: { heldBytes: 0 } });
    expect(around([cut], { trial: cut }).arrived).toBe('nothing');
    expect(around([failing, cut]).arrived).toBe('nothing');
    expect(around([failing]).arrived).toBeUndefined();
  });
});

describe('the direct path', () => {
  const direct = { path: pathTo('http://direct.example', { name: 'direct' }), trials: [trialOf()] };

  test('is named, and says whether the login works there', () => {
    expect(around([failing], {}, { direct })).toMatchObject({
      direct: 'ok',
      directPath: 'direct',
      directLoginWorks: true,
    });
    const lost = { ...direct, trials: [trialOf({ failure: reset })] };
    expect(around([failing], {}, { direct: lost })).toMatchObject({ direct: 'same', directLoginWorks: false });
  });

  test('needs as long for an answer, where silence is known to be ended', () => {
    const cut = trialOf({ failure: { ...reset, elapsedMs: 1_000, evidence: { message: '', sinceLastByteMs: 1_000 } } });
    const rest = trialOf({ kind: 'pausing', pauseMs: 1_000, failure: { ...reset, elapsedMs: 700 } });
    const waited = trialOf({ run: { attempts: [attempt({ phaseMs: { wait: 900 } })] } });
    const there = { ...direct, trials: [waited] };
    expect(around([cut, rest], { trial: cut }, { direct: there }).direct).toBe('slow');
    expect(around([cut], { trial: cut }, { direct: there }).direct).toBe('ok');
  });

  test('counts where a token grew older', () => {
    const used = (startMs: number) =>
      withRequests(
        { phase: 'auth', url: 'http://tokens.example/', status: 200, startMs: 0, durationMs: 0 },
        { startMs, status: 202 },
      );
    const there = { ...direct, trials: [used(900)] };
    expect(around([used(500)]).oldestTokenMs).toBe(500);
    expect(around([used(500)], {}, { direct: there }).oldestTokenMs).toBe(900);
    expect(around([used(1_000)], {}, { direct: there }).oldestTokenMs).toBe(1_000);
    const own = used(500);
    expect(around([own], { trial: own }).tokenAgeMs).toBe(900);
  });
});

test.each([
  ['auth', 'http://registry.example/v2/', true, false],
  ['auth', 'http://tokens.example/token', true, true],
  ['start', 'http://registry.example/v2/a/blobs/uploads/', true, true],
  ['pull', 'http://registry.example/v2/_catalog', true, false],
  ['send', 'http://registry.example/v2/a/blobs/uploads/1', false, true],
] as const)(
  'a failure like this one in %s of %s: a bare request %s, another than the ping %s',
  (phase, url, bare, others) => {
    const like = trialOf({ failure: { ...reset, phase, evidence: { message: '', url } } });
    const { bareFails, othersAlike } = around([like]);
    expect([bareFails, othersAlike]).toEqual([bare, others]);
    const unlike = trialOf({ failure: { ...tooLarge, phase, evidence: { message: '', url } } });
    expect(around([unlike])).toMatchObject({ bareFails: false, othersAlike: false });
  },
);

test.each([
  ['connect_refused', {}, true],
  ['body_too_large', {}, false],
  ['origin_unreachable', { status: 502, answeredBy: 'nginx' }, true],
  ['origin_unreachable', { status: 519, answeredBy: 'cloudflare' }, true],
  ['origin_unreachable', { status: 520, answeredBy: 'cloudflare' }, false],
  ['origin_unreachable', { status: 520, answeredBy: 'nginx' }, true],
  ['origin_unreachable', { answeredBy: 'cloudflare' }, true],
] as const)('%s with %j may be a registry that is gone: %s', (reason, changes, expected) => {
  expect(isDown(fakeFailure(reason, changes))).toBe(expected);
});
