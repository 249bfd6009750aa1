import { describe, expect, test } from 'vitest';
import type { Check } from '../../../src/probe/check.ts';
import { type ExamineDeps, mostExaminedBytes } from '../../../src/probe/diagnose/examine-options.ts';
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

async function seen(trials: readonly Trial[], leftMs = Number.POSITIVE_INFINITY) {
  const pushed: Check[] = [];
  const run: ExamineDeps['run'] = async (check) => {
    pushed.push(check);
    return successfulRun({ check, neighbour: facts, sentBytes: 8 * MiB });
  };
  const options = { check: checkOf('http://registry.example'), signal: new AbortController().signal };
  const found = await pushBesideNeighbour(options, { run }, { trials, leftMs });
  return { found, pushed };
}

describe('one more push, and somebody else beside it', () => {
  test('of the size that got through', async () => {
    const { found, pushed } = await seen([full(8 * MiB)], 20_000);
    expect(found).toEqual({ sizeBytes: 8 * MiB, sentBytes: 8 * MiB, facts });
    expect(pushed).toMatchObject([{ asksNeighbour: true, timeoutMs: 20_000, workload: { layerBytes: [8 * MiB] } }]);
  });

  test.each<[string, readonly Trial[], number?]>([
    ['small bodies are over before anybody meets them', [full(8 * MiB - 1)]],
    ['none got through', [full(8 * MiB, false)]],
    ['no time is left for it', [full(8 * MiB)], 7_999],
  ])('is not made: %s', async (_why, trials, leftMs) => {
    expect(await seen(trials, leftMs)).toEqual({ found: undefined, pushed: [] });
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
