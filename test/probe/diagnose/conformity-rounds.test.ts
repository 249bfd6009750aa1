import { describe, expect, test } from 'vitest';
import type { PathKind } from '../../../src/network/path.ts';
import type { Seen } from '../../../src/probe/diagnose/conformance-scene.ts';
import { type BehaviourName, behaviourNames, type ConformanceRound } from '../../../src/probe/diagnose/conformance.ts';
import { conformanceFindings, differs } from '../../../src/probe/diagnose/conformity.ts';
import { pathTo } from '../../support/paths.ts';

const works: Seen = { outcome: 'supported', words: 'answered 200' };
const lost: Seen = { outcome: 'not supported', words: 'answered 404' };
const unknown: Seen = { outcome: 'not known', words: 'answered 403' };
const forbidden: Seen = { ...unknown, forbiddenByHop: true };

type Behaviours = Partial<Record<BehaviourName, Seen>>;

/** A round in which all works but for these. */
function round(path: string, changes: Behaviours, opened = true): ConformanceRound {
  const all = behaviourNames.map((name) => [name, changes[name] ?? works]);
  return { path, opened, behaviours: Object.fromEntries(all) as ConformanceRound['behaviours'], sentBytes: 0 };
}

const here = (changes: Behaviours = {}, opened = true): ConformanceRound => round('public', changes, opened);
const there = (changes: Behaviours = {}): ConformanceRound => round('internal', changes);

function found(subject: readonly ConformanceRound[], direct: readonly ConformanceRound[], kind: PathKind = 'ingress') {
  const path = pathTo('http://registry.example', { kind });
  return conformanceFindings({ subject: { path, trials: [] }, conformance: { subject, direct } });
}

const causesOf = (...rounds: Parameters<typeof found>): string[] => found(...rounds).map(({ cause }) => cause);
const noReferrers = here({ referrers: lost });

describe('a behaviour that a hop takes away', () => {
  test('is named, with what was answered over both paths', () => {
    expect(found([noReferrers, noReferrers], [there(), there()])).toMatchObject([
      {
        cause: 'referrers_blocked',
        hop: 'ingress',
        confidence: 'certain',
        evidence: [
          'whether there is a list of referrers (200 with an index); without it clients use tags for them: answered 404; over internal answered 200; twice each',
        ],
      },
    ]);
  });

  test.each<[PathKind, string]>([
    ['edge', 'edge'],
    ['ingress', 'ingress'],
    ['loadbalancer', 'ingress'],
    ['direct', 'ingress'],
  ])('is taken at the first hop of a path of kind %s: %s', (kind, hop) => {
    expect(found([noReferrers, noReferrers], [there(), there()], kind).map((one) => one.hop)).toEqual([hop]);
  });

  test('is one of two that show the same cause: evidence of each that is lost', () => {
    const both = here({ chunk_in_order: lost, chunk_after_refusal: lost });
    const [finding, ...others] = found([both, both], [there(), there()]);
    expect([finding?.cause, finding?.evidence.length, others]).toEqual(['chunks_not_taken', 2, []]);
    const one = here({ chunk_after_refusal: lost });
    expect(found([one, one], [there(), there()])[0]?.evidence).toHaveLength(1);
  });

  test.each<[string, Parameters<typeof found>]>([
    ['it was lost once', [[noReferrers], [there()]]],
    ['it was lost twice, and tried once over the direct path', [[noReferrers, noReferrers], [there()]]],
    [
      'it worked the second time',
      [
        [noReferrers, here()],
        [there(), there()],
      ],
    ],
    [
      'it worked the first time',
      [
        [here(), noReferrers],
        [there(), there()],
      ],
    ],
    [
      'it is not there over the direct path either',
      [
        [noReferrers, noReferrers],
        [there({ referrers: lost }), there({ referrers: lost })],
      ],
    ],
    [
      'it was there over the direct path only once',
      [
        [noReferrers, noReferrers],
        [there(), there({ referrers: lost })],
      ],
    ],
    [
      'it is not known',
      [
        [here({ referrers: unknown }), here({ referrers: unknown })],
        [there(), there()],
      ],
    ],
    [
      'over the direct path it is not known',
      [
        [noReferrers, noReferrers],
        [there({ referrers: unknown }), there({ referrers: unknown })],
      ],
    ],
    [
      'no upload was opened',
      [
        [here({ referrers: lost }, false), here({ referrers: lost }, false)],
        [there(), there()],
      ],
    ],
    ['there is no other path', [[noReferrers, noReferrers], []]],
    ['nothing was tried', [[], []]],
  ])('is none where %s', (_what, rounds) => {
    expect(causesOf(...rounds)).toEqual([]);
  });

  test('is taken by a hop that forbids it', () => {
    const no = here({ referrers: forbidden });
    expect(causesOf([no, no], [there(), there()])).toEqual(['referrers_blocked']);
  });
});

test('where behaviours were not tried there is nothing to find', () => {
  expect(conformanceFindings({ subject: { path: pathTo('http://registry.example'), trials: [] } })).toEqual([]);
});

test.each<[string, readonly ConformanceRound[], readonly ConformanceRound[], boolean]>([
  ['one behaviour was lost', [noReferrers], [there()], true],
  ['one was forbidden by a hop', [here({ referrers: forbidden })], [there()], true],
  ['none was', [here()], [there()], false],
  ['the same was lost over both', [noReferrers], [there({ referrers: lost })], false],
  ['it works only here', [here()], [there({ referrers: lost })], false],
  ['there is no other path', [noReferrers], [], false],
])('another round is worth while: %s', (_what, subject, direct, is) => {
  expect(differs({ subject, direct })).toBe(is);
});
