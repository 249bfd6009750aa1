import { describe, expect, test } from 'vitest';
import { type ConformanceRound, behaviourNames } from '../../../src/probe/diagnose/conformance.ts';
import { conformanceRounds } from '../../../src/probe/diagnose/conformance-rounds.ts';
import type { ExamineOptions } from '../../../src/probe/diagnose/examine-options.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { tooLarge } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const check = fakeCheck('gitea', 'ingress', 'docker', 'blob');
const direct = pathTo('http://registry.example', { name: 'internal', kind: 'internal' });
const { signal } = new AbortController();

/** All is supported, or nothing. */
function roundOf(path: string, outcome: 'supported' | 'not supported'): ConformanceRound {
  const behaviours = Object.fromEntries(behaviourNames.map((name) => [name, { outcome, words: '' }]));
  return { path, opened: true, sentBytes: 1, behaviours: behaviours as ConformanceRound['behaviours'] };
}

interface Scene {
  readonly options?: Partial<ExamineOptions>;
  readonly isLost?: boolean;
  readonly leftMs?: number;
  /** So many rounds there is time for. */
  readonly mostRounds?: number;
  readonly trials?: readonly ReturnType<typeof trialOf>[];
}

async function rounds(scene: Scene = {}) {
  const {
    options,
    isLost = false,
    leftMs = 60_000,
    mostRounds = 9,
    trials = [trialOf({ failure: tooLarge }), trialOf()],
  } = scene;
  const tried: string[] = [];
  const steps: string[] = [];
  const asked: string[] = [];
  const leftOut: string[] = [];
  const all: ExamineOptions = {
    check,
    direct,
    conformance: true,
    signal,
    onStep: (words) => steps.push(words),
    ...options,
  };
  const result = await conformanceRounds(
    all,
    {
      tryConformance: async (one, { timeoutMs, signal: given }) => {
        tried.push(`${one.path.name} ${timeoutMs}${given === signal ? '' : ' with another signal'}`);
        return roundOf(one.path.name, isLost && one.path.name === 'ingress' ? 'not supported' : 'supported');
      },
    },
    {
      trials: [...trials],
      leftOut,
      leftMs,
      hasTimeFor: (what) => asked.push(what) <= mostRounds,
    },
  );
  const paths = result && [result.subject.map(({ path }) => path), result.direct.map(({ path }) => path)];
  return { paths, tried, steps, asked, leftOut };
}

const over = (path: string): string => `behaviours of the specification over ${path}`;

describe('rounds of behaviours', () => {
  test('one over each path, in half a minute at most', async () => {
    const { paths, tried, steps, asked, leftOut } = await rounds();
    expect(paths).toEqual([['ingress'], ['internal']]);
    expect(tried).toEqual(['ingress 30000', 'internal 30000']);
    expect([steps, asked]).toEqual([
      [over('ingress'), over('internal')],
      [over('ingress'), over('internal')],
    ]);
    expect(leftOut).toEqual([]);
  });

  test('two over each by turns, where the paths differ', async () => {
    const { paths, tried } = await rounds({ isLost: true });
    expect(paths).toEqual([
      ['ingress', 'ingress'],
      ['internal', 'internal'],
    ]);
    expect(tried.map((one) => one.split(' ')[0])).toEqual(['ingress', 'internal', 'ingress', 'internal']);
  });

  test('of which nobody need be told', async () => {
    expect((await rounds({ options: { onStep: undefined } })).tried).toHaveLength(2);
  });

  test('in what time is left', async () => {
    expect((await rounds({ leftMs: 5_000.2 })).tried).toEqual(['ingress 5001', 'internal 5001']);
  });

  test('one, where there is nothing to compare with, and that is said', async () => {
    const { paths, tried, leftOut } = await rounds({ options: { direct: undefined }, isLost: true });
    expect([paths, tried.length]).toEqual([[['ingress'], []], 1]);
    expect(leftOut).toEqual([
      'whether a hop takes away behaviours of the specification: there is no direct path to compare with',
    ]);
  });

  test.each<[mostRounds: number, paths: readonly string[][] | undefined]>([
    [0, undefined],
    [1, [['ingress'], []]],
    [3, [['ingress', 'ingress'], ['internal']]],
  ])('as many as there is time for: %i', async (mostRounds, expected) => {
    const { paths, tried, steps } = await rounds({ mostRounds, isLost: true });
    expect(paths).toEqual(expected);
    expect([tried.length, steps.length]).toEqual([mostRounds, mostRounds]);
  });

  test('none, where no push got through, and that is said', async () => {
    const { paths, tried, leftOut } = await rounds({ trials: [trialOf({ failure: tooLarge })] });
    expect([paths, tried]).toEqual([undefined, []]);
    expect(leftOut).toEqual(['behaviours of the specification: no push got through']);
  });

  test.each([{ conformance: false }, { conformance: undefined }])(
    'none, where they were not asked for: %j',
    async (options) => {
      const { paths, tried, leftOut } = await rounds({ options });
      expect([paths, tried, leftOut]).toEqual([undefined, [], []]);
    },
  );

  test('none, and no word of it, where they cannot be tried', async () => {
    const leftOut: string[] = [];
    const log = { trials: [trialOf()], leftOut, leftMs: 1, hasTimeFor: () => true };
    const options = { check, direct, conformance: true, signal };
    expect([await conformanceRounds(options, {}, log), leftOut]).toEqual([undefined, []]);
  });
});
