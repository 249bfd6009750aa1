import { expect, test } from 'vitest';
import {
  constantMs,
  type ContrastName,
  endedInSilence,
  isAlike,
  patchLosesBodies,
  provenByCuts,
  provenContrasts,
  sessionAnswers,
} from '../../../src/probe/diagnose/flips.ts';
import type { Examination, Examined, Symptom, Trial } from '../../../src/probe/diagnose/trial.ts';
import type { DurationLimit, SizeLimit } from '../../../src/probe/limits/limit.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { fakeFailure, tooLarge } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

test.each([
  ['in the second half of the pause', 'pausing', 'connection_reset', 500, true],
  ['at its end', 'pausing', 'connection_reset', 1_000, true],
  ['before half of it', 'pausing', 'connection_reset', 499, false],
  ['after it', 'pausing', 'connection_reset', 1_001, false],
  ['in words that have nothing to do with it', 'pausing', 'body_too_large', 700, false],
  ['and had not paused', 'full', 'connection_reset', 700, false],
] as const)('a body was ended %s', (_when, kind, reason, elapsedMs, isSilence) => {
  const failure = fakeFailure(reason, { elapsedMs, sentBytes: 1_000 });
  expect(endedInSilence(trialOf({ kind, failure, pauseMs: 1_000 }))).toBe(isSilence);
});

test('a body that paused and got through was not ended in silence', () => {
  expect(endedInSilence(trialOf({ kind: 'pausing', pauseMs: 1_000 }))).toBe(false);
});

test.each([
  ['a tenth apart', [10_000, 11_000], 10_000],
  ['more than a tenth apart', [10_000, 11_001], undefined],
  ['one alone', [10_000], undefined],
  ['as long as a clock runs at least', [350, 360], 350],
  ['shorter', [349, 360], undefined],
] as const)('the same time: %s', (_what, times, ms) => {
  expect(constantMs(times.map((elapsedMs) => fakeFailure('connection_reset', { elapsedMs })))).toBe(ms);
});

test('the time since the last byte is looked at first', () => {
  const evidence = (sinceLastByteMs: number) => ({ message: '', sinceLastByteMs });
  const failures = [
    fakeFailure('connection_reset', { elapsedMs: 5_000, evidence: evidence(1_000) }),
    fakeFailure('connection_reset', { elapsedMs: 9_000, evidence: evidence(1_010) }),
    undefined,
  ];
  expect(constantMs(failures)).toBe(1_000);
});

test.each([
  ['with a length and without, and PUT gets through', 'patch-ranged', 'body_corrupted', true, true],
  ['without a length alone', 'patch-ranged', undefined, true, false],
  ['in another way, which loses no bytes', 'patch-ranged', 'session_lost', true, false],
  ['and so does PUT', 'patch-ranged', 'body_dropped', false, false],
] as const)('bodies of PATCH are lost: %s', (_what, shape, reason, isPutPassed, isLost) => {
  const trials = [
    trialOf({ failure: fakeFailure('body_dropped') }),
    trialOf({ shape, ...(reason && { failure: fakeFailure(reason) }) }),
    trialOf({ shape: 'put-length', ...(!isPutPassed && { failure: fakeFailure('body_dropped') }) }),
  ];
  expect(patchLosesBodies(trials)).toBe(isLost);
});

test.each([
  [{}, []],
  [{ sameMs: 1 }, []],
  [{ sameMs: 1, otherBytes: true }, ['pullTime']],
  [{ sameBytes: 1 }, ['pullBytes']],
  [{ sameBytes: 1, otherBytes: true }, ['pullBytes']],
  [{ sameMs: 1, sameBytes: 1 }, []],
] as const)('pulls that were cut with %j in common prove %j', (cuts, proven) => {
  expect(provenByCuts({ count: 2, ...cuts })).toEqual(proven);
});

test('the same failure has the same reason, status and answerer', () => {
  expect(isAlike(tooLarge, { ...tooLarge, phase: 'wait' })).toBe(true);
  expect(isAlike(undefined, tooLarge)).toBe(false);
  const others = [{ reason: 'rate_limited' }, { status: 412 }, { answeredBy: 'caddy' }] as const;
  for (const other of others) expect(isAlike({ ...tooLarge, ...other }, tooLarge)).toBe(false);
});

test('what sessions were answered for is added up; pushes that did not ask add nothing', () => {
  const asked = trialOf({ run: { sessionAnswers: { known: 1, disowned: 2, elsewhere: 3 } } });
  expect(sessionAnswers([asked, trialOf(), asked])).toEqual({ known: 2, disowned: 4, elsewhere: 6 });
});

const path = pathTo('http://registry.example');
const reset = fakeFailure('connection_reset', { sentBytes: 500_000 });
const searched = { direction: 'push', bytesSpent: 0, why: '', runs: [] } as const;
const seconds: DurationLimit = { ...searched, unit: 'seconds', conclusion: 'inconclusive' };
const bytes: SizeLimit = { ...searched, unit: 'bytes', conclusion: 'inconclusive' };
const lost = (changes: Parameters<typeof trialOf>[0] = {}): Trial => trialOf({ failure: reset, ...changes });
const half = { sizeBytes: 500_000 };
const declared = { shape: 'put-length' } as const;
const chunked = { shape: 'patch-ranged' } as const;

interface Seen extends Omit<Partial<Examined>, 'trials'> {
  readonly direct?: readonly Trial[];
  readonly held?: Examination['held'];
  /** Of an endpoint or a search; otherwise it is that of the first push that failed. */
  readonly failure?: Failure;
}

function proven(trials: readonly Trial[], { direct, held, failure, ...examined }: Seen = {}): ContrastName[] {
  const trial = failure === undefined ? trials.find(({ run }) => !run.ok) : undefined;
  const symptom: Symptom = { failure: failure ?? trial?.run.failure ?? reset, what: '', ...(trial && { trial }) };
  const subject = { path, trials, ...examined };
  return [
    ...provenContrasts(symptom, {
      subject,
      ...(direct && { direct: { path, trials: direct } }),
      ...(held && { held }),
    }),
  ];
}

const twice = (one: Trial): Trial[] => [one, one];

test.each<[string, ContrastName, Trial[], Trial[][]]>([
  [
    'bodies without a length fail, and those with one, as large, get through',
    'length',
    [...twice(lost()), ...twice(trialOf(declared))],
    [
      [lost(), ...twice(trialOf(declared))],
      [...twice(lost()), trialOf(declared)],
      [...twice(lost()), ...twice(trialOf({ ...declared, ...half }))],
      [...twice(lost()), lost(declared), ...twice(trialOf(declared))],
      [...twice(lost()), ...twice(trialOf())],
      [...twice(lost({ kind: 'fresh' })), ...twice(trialOf(declared))],
      [...twice(lost({ run: { tainted: true } })), ...twice(trialOf(declared))],
    ],
  ],
  [
    'large ones fail, and smaller ones get through',
    'size',
    [...twice(lost()), ...twice(trialOf(half)), trialOf(chunked), trialOf(declared)],
    [
      [lost(), ...twice(trialOf(half))],
      [...twice(lost()), trialOf(half)],
      [...twice(lost()), ...twice(trialOf(half)), trialOf()],
      [...twice(lost(declared)), ...twice(trialOf(half)), trialOf(declared)],
    ],
  ],
  [
    'on connections of their own they get through',
    'connection',
    [...twice(lost()), ...twice(trialOf({ kind: 'fresh' }))],
    [
      [lost(), ...twice(trialOf({ kind: 'fresh' }))],
      [...twice(lost()), trialOf({ kind: 'fresh' }), lost({ kind: 'fresh' })],
      [...twice(lost()), ...twice(trialOf({ kind: 'version' }))],
    ],
  ],
  [
    'over HTTP/1.1 they get through',
    'version',
    [...twice(lost()), ...twice(trialOf({ kind: 'version' }))],
    [
      [lost(), ...twice(trialOf({ kind: 'version' }))],
      [...twice(lost()), trialOf({ kind: 'version' }), lost({ kind: 'version' })],
      [...twice(lost()), ...twice(trialOf({ kind: 'fresh' }))],
    ],
  ],
  [
    'different sizes end after the same time',
    'clock',
    [lost({ failure: { ...reset, elapsedMs: 5_000 } }), lost({ failure: { ...reset, elapsedMs: 5_100 }, ...half })],
    [
      [lost({ failure: { ...reset, elapsedMs: 5_000 } }), lost({ failure: { ...reset, elapsedMs: 9_000 }, ...half })],
      [
        lost({ failure: { ...reset, elapsedMs: 5_000 } }),
        lost({ failure: { ...reset, elapsedMs: 5_100 }, sizeBytes: 500_001 }),
      ],
    ],
  ],
  [
    'the same session is known and is not',
    'session',
    [lost({ run: { sessionAnswers: { known: 2, disowned: 2, elsewhere: 0 } } })],
    [
      [lost({ run: { sessionAnswers: { known: 1, disowned: 2, elsewhere: 9 } } })],
      [lost({ run: { sessionAnswers: { known: 2, disowned: 1, elsewhere: 9 } } })],
    ],
  ],
  [
    'the registry holds the same share each time',
    'arrived',
    twice(lost({ run: { heldBytes: 1_000_000 } })),
    [
      [lost({ run: { heldBytes: 1_000_000 } })],
      [lost({ run: { heldBytes: 1_000_000 } }), lost({ run: { heldBytes: 0 } })],
      twice(lost({ run: { heldBytes: 0 } })),
      twice(lost()),
    ],
  ],
])('two and two: %s', (_what, name, trials, others) => {
  expect(proven(trials)).toContain(name);
  for (const other of others) expect(proven(other)).not.toContain(name);
});

test('a search for a size counts as two failures, and for what it sent and got through', () => {
  const runs = twice(trialOf()).map(({ run }) => run);
  const isOfSize = (trials: readonly Trial[], sizeLimit: SizeLimit) => proven(trials, { sizeLimit }).includes('size');
  expect(isOfSize([lost()], { ...bytes, conclusion: 'found', runs })).toBe(true);
  expect(isOfSize([lost()], { ...bytes, runs })).toBe(false);
  expect(isOfSize(twice(lost()), { ...bytes, runs })).toBe(true);
  expect(isOfSize(twice(lost()), { ...bytes, runs: [runs[0]!, lost().run] })).toBe(false);
});

test('slow bodies: a limit on time, none on silence alone, and size where about all arrived', () => {
  const found: DurationLimit = { ...seconds, conclusion: 'found', largestAccepted: 1 };
  const of = (durationLimit: DurationLimit, trials = [lost()]) => proven(trials, { durationLimit });
  expect(of(found)).toContain('pace');
  expect(of({ ...found, largestAccepted: 0 })).not.toContain('pace');
  expect(of({ ...found, conclusion: 'none-up-to' })).not.toContain('pace');
  const rest = trialOf({ kind: 'pausing', pauseMs: 1_000, failure: { ...reset, elapsedMs: 700 } });
  expect(of(found, [lost(), rest, rest])).toContain('rest');
  expect(of(found, [lost(), rest])).not.toContain('rest');
  expect(of(seconds, [lost(), rest, rest])).not.toContain('rest');
  const sized = (heldBytes: number) => [...twice(lost({ run: { heldBytes } })), ...twice(trialOf(half))];
  expect(of(found, sized(400_000))).toContain('sizeNotTime');
  expect(of(found, sized(1))).not.toContain('sizeNotTime');
  expect(of(seconds, sized(400_000))).not.toContain('sizeNotTime');
});

test('full segments vanish, and bodies that fit into one get through', () => {
  const kernel = {
    viaProxy: false,
    end: {},
    points: [],
    ackedBytes: 0,
    mssBytes: 1_400,
    windowBytes: 60_000,
    unackedSegments: 1,
    timeoutsInRow: 3,
  };
  const vanished = lost({ failure: { ...reset, evidence: { message: '', kernel } } });
  const tiny = trialOf({ kind: 'tiny' });
  expect(proven([...twice(vanished), ...twice(tiny)])).toContain('segments');
  expect(proven([...twice(lost()), ...twice(tiny)])).not.toContain('segments');
  expect(proven([...twice(vanished), tiny])).not.toContain('segments');
  expect(proven([...twice(vanished), ...twice(trialOf({ kind: 'small' }))])).not.toContain('segments');
});

test('the direct path: it gets through there, as large; or it fails there as well', () => {
  const over = (...direct: readonly Trial[]) => proven(twice(lost()), { direct });
  expect(over(...twice(trialOf()))).toContain('path');
  expect(over(trialOf())).not.toContain('path');
  expect(over(...twice(trialOf(half)))).not.toContain('path');
  expect(proven([lost()], { direct: twice(trialOf()) })).not.toContain('path');
  expect(over(...twice(lost()))).toContain('everywhere');
  expect(over(lost())).not.toContain('everywhere');
  expect(over(...twice(lost()), trialOf(half))).not.toContain('everywhere');
  expect(over(...twice(lost({ failure: tooLarge })))).not.toContain('everywhere');
  expect(over(...twice(lost({ run: { tainted: true } })))).not.toContain('everywhere');
  expect(proven(twice(lost()))).not.toContain('everywhere');
});

test('what is not there fails in as many ways as there are hops', () => {
  const refused = lost({ failure: fakeFailure('connect_refused') });
  const away = (reason: Failure['reason']) =>
    twice(lost({ failure: fakeFailure(reason, { status: 502, answeredBy: 'nginx' }) }));
  expect(proven(twice(refused), { direct: away('origin_unreachable') })).toContain('everywhere');
  for (const other of ['session_lost', 'connection_reset'] as const)
    expect(proven(twice(refused), { direct: away(other) })).not.toContain('everywhere');
});

test('endpoints that fail count as pushes do, for a failure of an endpoint alone', () => {
  const down = { up: false, failure: reset } as const;
  const up = { up: true } as const;
  const report = (endpoints: NonNullable<Examined['api']>['endpoints']) => ({
    registry: 'gitea',
    path: 'edge',
    endpoints,
  });
  const api = report({ ping: down, auth: down, catalog: up, tags: up });
  const direct = twice(trialOf(half));
  expect(proven([], { api, direct, failure: reset })).toContain('path');
  expect(proven([lost()], { api, direct: twice(trialOf()) })).not.toContain('path');
  const other = { up: false, failure: tooLarge } as const;
  expect(
    proven([], { api: report({ ping: down, auth: other, catalog: up, tags: up }), direct, failure: reset }),
  ).not.toContain('path');
});

test('among failures of several sizes the smallest counts', () => {
  const both = [lost(), lost(half)];
  expect(proven(both, { direct: twice(trialOf(half)) })).toContain('path');
  expect(proven([...both, ...twice(trialOf({ ...declared, ...half }))])).toContain('length');
  expect(proven([...both, ...twice(trialOf({ sizeBytes: 750_000 }))])).not.toContain('size');
});

test('chunks of a large blob are no large body, and no smaller one either', () => {
  expect(proven([...twice(lost()), ...twice(trialOf(chunked))])).not.toContain('size');
  for (const shape of ['patch-ranged', 'put-then-ranged'] as const)
    expect(proven([...twice(lost(declared)), ...twice(trialOf(half)), trialOf({ shape })])).toContain('size');
  // Both ways of sending fail, so either that gets through as large speaks against it.
  expect(proven([lost(), lost(declared), ...twice(trialOf(half)), trialOf(declared)])).not.toContain('size');
});

test('bodies of PATCH are not what is lost where another method loses one, or one PATCH gets through', () => {
  const dropped = { failure: fakeFailure('body_dropped') };
  const patches = [trialOf(dropped), trialOf({ shape: 'patch-length', ...dropped })];
  const put = trialOf(declared);
  expect(patchLosesBodies([...patches, put])).toBe(true);
  expect(patchLosesBodies(patches)).toBe(false);
  expect(patchLosesBodies([...patches, put, trialOf()])).toBe(false);
  expect(patchLosesBodies([...patches, put, trialOf({ shape: 'put-then-ranged', ...dropped })])).toBe(false);
});

test('requests that write the host as a Location does are refused, and those that write it as the URL does pass', () => {
  const [own, other] = ['https://registry.example/v2/', 'https://registry.example:443/v2/'];
  const failure = fakeFailure('origin_unreachable', { status: 503, evidence: { message: '', url: other } });
  const asked = (url: string, status: number) =>
    requestRecord({ method: 'GET', plannedBytes: 0, responseHeaders: {}, url, status });
  const push = (times: number): Trial => {
    const requests = [asked(own, 200), asked(own, 200), ...Array.from({ length: times }, () => asked(other, 503))];
    return trialOf({ failure, run: { attempts: [attempt({ requests })] } });
  };
  expect(proven([push(2)])).toContain('host');
  expect(proven([push(1)])).not.toContain('host');
});
