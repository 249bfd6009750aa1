import { describe, expect, test } from 'vitest';
import { manifestCases } from '../../../src/probe/diagnose/manifest-cases.ts';
import type { ManifestPut, Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Check } from '../../../src/probe/check.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';
import { trialOf } from '../../support/trials.ts';

const check = fakeCheck('gitea', 'ingress', 'docker', 'image');
const other = fakeCheck('gitea', 'internal', 'docker', 'image');
const subject = { path: check.path, trials: [trialOf()] };

const refused = fakeFailure('manifest_refused', {
  phase: 'commit',
  blob: 'manifest',
  status: 400,
  answeredBy: 'registry',
});

/** What comes of an image; `elsewise`: refused by another status. */
const outcomes = {
  ok: undefined,
  refused,
  elsewise: { ...refused, status: 415 },
  unanswered: fakeFailure('response_timeout', { phase: 'commit', blob: 'manifest' }),
  cut: fakeFailure('connection_reset', { phase: 'commit', blob: 'manifest' }),
} satisfies Record<string, Failure | undefined>;
type Outcome = keyof typeof outcomes;

function put(way: ManifestPut['way'], outcome: Outcome, changes: Partial<Run> = {}): ManifestPut {
  const run = fakeRun(way === 'direct' ? other : check, outcomes[outcome]);
  return { way, run: { ...run, ...changes } };
}

const puts = (ways: Partial<Record<ManifestPut['way'], readonly Outcome[]>>): ManifestPut[] =>
  (Object.keys(ways) as ManifestPut['way'][]).flatMap((way) => (ways[way] ?? []).map((outcome) => put(way, outcome)));

const contrastOf = (ways: Parameters<typeof puts>[0]) => manifestCases(puts(ways), subject)[0]?.contrast;
const provenBy = (all: readonly ManifestPut[]): string[] =>
  manifestCases(all, subject).flatMap(({ contrast }) => [...(contrast.proven ?? [])]);

describe('what is to be explained', () => {
  test('nothing, where all images of the usual way were taken', () => {
    expect(manifestCases([], subject)).toEqual([]);
    expect(manifestCases(puts({ usual: ['ok'], direct: ['refused'], small: ['refused'] }), subject)).toEqual([]);
  });

  test('nothing, where the client gets over it', () => {
    const cut = { ...put('usual', 'cut'), clientSendsAgain: true };
    const fine = put('usual', 'ok');
    expect(manifestCases([cut, fine, fine], subject)).toEqual([]);
    expect(manifestCases([cut, fine], subject)).toHaveLength(1);
  });

  test('the first failure, and what was put', () => {
    const [one, ...others] = manifestCases(puts({ usual: ['ok', 'refused', 'unanswered'] }), subject);
    expect([one?.failure, others]).toEqual([refused, []]);
    expect(one?.what).toBe('docker, the manifest of an image of one layer (docker’s schema 2)');
  });

  test('with what else was seen over the path', () => {
    const openedBy = (trial: Trial): boolean | undefined =>
      manifestCases([put('usual', 'refused')], { path: check.path, trials: [trial] })[0]?.contrast.sessionOpened;
    expect([openedBy(trialOf()), openedBy(trialOf({ failure: refused }))]).toEqual([true, false]);
  });

  test.each(['anonymous', 'basic'] as const)('whose login it was: %s', (kind) => {
    const credentials = { kind } as Check['registry']['credentials'];
    const one = put('usual', 'refused', { check: { ...check, registry: { ...check.registry, credentials } } });
    expect(manifestCases([one], subject)[0]?.contrast.anonymous).toBe(kind === 'anonymous');
  });
});

describe('what is known around it', () => {
  test.each<[outcomes: readonly Outcome[], cameAgain: boolean | undefined]>([
    [['refused'], undefined],
    [['ok', 'refused'], undefined],
    [['refused', 'ok', 'ok'], false],
    [['refused', 'ok', 'unanswered'], true],
  ])('%j: whether it came again', (usual, cameAgain) => {
    expect(contrastOf({ usual })?.cameAgain).toBe(cameAgain);
  });

  test.each<[outcomes: readonly Outcome[], passed: boolean | undefined]>([
    [[], undefined],
    [['refused'], false],
    [['ok', 'refused'], true],
  ])('%j: whether the other kind is taken', (outcomes, passed) => {
    expect(contrastOf({ usual: ['refused'], 'other-kind': outcomes })?.otherKindPassed).toBe(passed);
  });

  test.each<[outcomes: readonly Outcome[], direct: string]>([
    [[], 'none'],
    [['ok', 'ok'], 'ok'],
    [['ok', 'refused'], 'other'],
    [['refused', 'refused'], 'same'],
    [['refused', 'unanswered'], 'other'],
  ])('%j over the direct path', (outcomes, direct) => {
    const contrast = contrastOf({ usual: ['refused'], direct: outcomes });
    expect([contrast?.direct, contrast?.directPath]).toEqual([direct, outcomes.length === 0 ? undefined : 'internal']);
  });
});

describe('what is proven', () => {
  const twice = { usual: ['refused', 'refused'] } as const;
  const [passed, failed] = [
    ['ok', 'ok'],
    ['refused', 'refused'],
  ] as const;

  test.each<[ways: Parameters<typeof puts>[0], proven: readonly string[]]>([
    [twice, []],
    [{ ...twice, direct: passed }, ['path']],
    [{ ...twice, direct: ['ok'] }, []],
    [{ ...twice, direct: failed }, ['everywhere']],
    [{ ...twice, direct: ['refused', 'elsewise'] }, []],
    [{ ...twice, 'other-kind': passed }, ['mediaType']],
    [{ ...twice, 'other-kind': ['ok', 'refused'] }, []],
    [{ ...twice, small: passed }, ['size']],
    [{ ...twice, small: ['refused'] }, []],
    [{ ...twice, direct: passed, 'other-kind': passed, small: passed }, ['path', 'mediaType', 'size']],
    [{ usual: ['refused'], direct: passed }, []],
    [{ usual: ['refused', 'elsewise'], direct: passed }, []],
    [{ usual: ['refused', 'refused', 'ok'], direct: passed }, []],
  ])('by %j', (ways, proven) => {
    expect(provenBy(puts(ways))).toEqual(proven);
  });

  test('nothing by what this process may have made itself', () => {
    const there = puts({ direct: passed });
    expect(provenBy([put('usual', 'refused'), put('usual', 'refused', { tainted: true }), ...there])).toEqual([]);
  });
});
