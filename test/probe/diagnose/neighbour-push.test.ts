import { describe, expect, test } from 'vitest';
import type { Check } from '../../../src/probe/check.ts';
import {
  type ExamineDeps,
  type ExamineOptions,
  mostExaminedBytes,
} from '../../../src/probe/diagnose/examine-options.ts';
import { neighbourFactsOf, pushBesideNeighbour } from '../../../src/probe/diagnose/neighbour-push.ts';
import type { Trial } from '../../../src/probe/diagnose/trial.ts';
import type { NeighbourFacts } from '../../../src/probe/outcome.ts';
import { checkOf } from '../../support/checks.ts';
import { failedRun, successfulRun } from '../../support/run-fixtures.ts';

const MiB = 1024 * 1024;
const facts: NeighbourFacts = { idleMs: 3, loadedMs: 45, worstMs: 1_200, asked: 12, unanswered: 2 };

function full(sizeBytes: number, ok = true): Trial {
  const check = checkOf('http://registry.example', { sizeBytes });
  const run = ok ? successfulRun({ check, durationMs: 4_000 }) : failedRun({ check });
  return { kind: 'full', shape: 'patch-streamed', sizeBytes, run };
}

async function seen(
  trials: readonly Trial[],
  leftMs = Number.POSITIVE_INFINITY,
  options: Partial<Pick<ExamineOptions, 'signal' | 'onProgress' | 'onStep'>> = {},
) {
  const pushed: Check[] = [];
  const given: object[] = [];
  const run: ExamineDeps['run'] = async (check, how) => {
    pushed.push(check);
    given.push(how);
    return successfulRun({ check, neighbour: facts, sentBytes: 8 * MiB });
  };
  const usual = { check: checkOf('http://registry.example'), signal: new AbortController().signal };
  const found = await pushBesideNeighbour({ ...usual, ...options }, { run }, { trials, leftMs });
  return { found, pushed, given };
}

describe('one more push, and somebody else beside it', () => {
  test('of the size that got through', async () => {
    const { found, pushed } = await seen([full(8 * MiB)], 20_000);
    expect(found).toEqual({ sizeBytes: 8 * MiB, sentBytes: 8 * MiB, facts });
    expect(pushed).toMatchObject([{ asksNeighbour: true, timeoutMs: 20_000, workload: { layerBytes: [8 * MiB] } }]);
  });

  test.each<[string, readonly Trial[], number?]>([
    ['nothing was pushed', []],
    ['only in another shape it got through', [{ ...full(8 * MiB), kind: 'shape' }]],
    ['small bodies are over before anybody meets them', [full(8 * MiB - 1)]],
    ['none got through', [full(8 * MiB, false)]],
    ['no time is left for it', [full(8 * MiB)], 7_999],
  ])('is not made: %s', async (_why, trials, leftMs) => {
    const steps: string[] = [];
    const { found, pushed } = await seen(trials, leftMs, { onStep: (words) => steps.push(words) });
    expect([found, pushed, steps]).toEqual([undefined, [], []]);
  });

  test('is not made when somebody has ended the examination', async () => {
    const { found, pushed } = await seen([full(8 * MiB)], 20_000, { signal: AbortSignal.abort() });
    expect([found, pushed]).toEqual([undefined, []]);
  });

  test.each([
    ['twice what it took before', 8_000, 8_000],
    ['whole milliseconds', 8_000.2, 8_001],
    ['no more than a push has', Number.POSITIVE_INFINITY, 60_000],
  ])('has all the time that is left, %s', async (_what, leftMs, timeoutMs) => {
    const { pushed } = await seen([full(8 * MiB)], leftMs);
    expect(pushed.map((check) => check.timeoutMs)).toEqual([timeoutMs]);
  });

  test('is told before it begins, and goes on as the examination does', async () => {
    const steps: string[] = [];
    const { signal } = new AbortController();
    const onProgress = (): void => {};
    const { given } = await seen([full(8 * MiB)], 20_000, { signal, onProgress, onStep: (words) => steps.push(words) });
    expect([steps, given]).toEqual([['GET /v2/ beside a push of 8 MiB'], [{ signal, onProgress }]]);
  });

  test('counts among the bytes that are announced', () => {
    const most = (sizeBytes: number): number =>
      mostExaminedBytes({
        check: checkOf('http://registry.example', { sizeBytes }),
        durationsMs: [],
        signal: new AbortController().signal,
      });
    expect(most(8 * MiB) - most(8 * MiB - 1)).toBeGreaterThan(8 * MiB);
  });
});

test.each<[string, Partial<NeighbourFacts>, string]>([
  ['one answer alone', { worstMs: undefined, unanswered: 0 }, 'took 45 ms beside a push of 8 MiB, and 3 ms before it'],
  ['slower', { unanswered: 0 }, 'took 45 ms beside a push of 8 MiB, and 3 ms before it, 1.2 s at worst'],
  ['some lost', {}, 'took 45 ms beside a push of 8 MiB, and 3 ms before it, 1.2 s at worst; 2 of 12 had no answer'],
  [
    'none answered',
    { loadedMs: undefined, worstMs: undefined, unanswered: 12 },
    'had no answer beside a push of 8 MiB, and took 3 ms before it',
  ],
])('the fact in words: %s', (_name, more, words) => {
  const said = neighbourFactsOf({ sizeBytes: 8 * MiB, sentBytes: 8 * MiB, facts: { ...facts, ...more } });
  expect(said).toEqual([`GET /v2/ of somebody else ${words}`]);
});

test('what was not measured is not told', () => {
  expect([neighbourFactsOf(undefined), neighbourFactsOf({ sizeBytes: 8 * MiB, sentBytes: 1 })]).toEqual([[], []]);
});
