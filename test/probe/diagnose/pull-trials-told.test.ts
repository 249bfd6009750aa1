import { describe, expect, test } from 'vitest';
import type { Check } from '../../../src/probe/check.ts';
import type { ExamineDeps, ExamineOptions } from '../../../src/probe/diagnose/examine-options.ts';
import {
  isPullFailed,
  pullBack,
  pullBytesOf,
  pullFactsOf,
  pullGaps,
  whatOf,
} from '../../../src/probe/diagnose/pull-trials.ts';
import { TrialLog } from '../../../src/probe/diagnose/trial-log.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { attempt } from '../../support/run-fixtures.ts';
import { trialOf } from '../../support/trials.ts';

const base = fakeCheck('gitea', 'ingress', 'docker', 'blob');
const check = { ...base, workload: { ...base.workload, layerBytes: [1_000_001] } };
const direct = pathTo('http://registry.example', { name: 'internal', kind: 'internal' });
const cut = fakeFailure('connection_reset', { phase: 'pull', evidence: { message: '', pulledBytes: 1_000_000 } });
const refused = fakeFailure('blocked_by_policy', { phase: 'pull', status: 403, answeredBy: 'squid' });
const lost = fakeFailure('registry_error', { phase: 'start' });

interface Scene {
  readonly options?: Partial<ExamineOptions>;
  readonly trials?: readonly ReturnType<typeof trialOf>[];
  readonly directTrials?: readonly ReturnType<typeof trialOf>[];
}

/** What each pull comes to, in turn; the last one again and again. */
async function pulled(
  outcomes: readonly (Failure | 'ok')[],
  { options, trials = [trialOf()], directTrials = [] }: Scene = {},
) {
  const checks: Check[] = [];
  const given: Parameters<ExamineDeps['run']>[1][] = [];
  const run: ExamineDeps['run'] = (asked, how) => {
    given.push(how);
    const outcome = outcomes[checks.length] ?? outcomes.at(-1);
    checks.push(asked);
    return Promise.resolve(fakeRun(asked, outcome === 'ok' ? undefined : outcome));
  };
  const steps: string[] = [];
  const { signal } = new AbortController();
  const all: ExamineOptions = { check, pull: true, signal, onStep: (words) => steps.push(words), ...options };
  const log = new TrialLog(all, { run, paced: () => run, checkApi: () => Promise.resolve(undefined) });
  log.trials.push(...trials);
  log.directTrials.push(...directTrials);
  const back = await pullBack(all, { run }, log);
  const made = checks.map(
    ({ path, pushedOver, workload }) => `${workload.layerBytes[0]} ${pushedOver?.name}>${path.name}`,
  );
  return { back, made, checks, given, steps, leftOut: log.leftOut };
}

const usual = '1000001 ingress>ingress';
const half = '500001 ingress>ingress';
const small = '65536 ingress>ingress';

describe('what is pulled back', () => {
  test('nothing, unless it is asked for', async () => {
    expect(await pulled(['ok'], { options: { pull: false } })).toMatchObject({
      back: undefined,
      made: [],
      leftOut: [],
    });
    const { signal } = new AbortController();
    const log = new TrialLog({ check, signal }, {} as ExamineDeps);
    expect([await pullBack({ check, signal }, {} as ExamineDeps, log), log.leftOut]).toEqual([undefined, []]);
  });

  test('nothing, where nothing got there over any path', async () => {
    const none = await pulled(['ok'], { trials: [trialOf({ failure: cut })] });
    expect([none.back, none.made]).toEqual([undefined, []]);
    expect(none.leftOut).toEqual(['pulls: no push got through, so there was nothing to pull']);
    const there = await pulled(['ok'], { trials: [trialOf({ failure: cut })], directTrials: [trialOf()] });
    expect(there.made).toEqual([usual]);
  });

  test('one of the size in question, put there over the direct path where there is one', async () => {
    const { made, checks, steps, back } = await pulled(['ok'], { options: { direct } });
    expect([made, steps]).toEqual([['1000001 internal>ingress'], ['977 KiB pulled back over ingress']]);
    expect(checks[0]).toMatchObject({ retries: 'none', workload: { name: 'diagnosis', pull: true } });
    expect([back?.runs.length, back?.directRuns]).toEqual([1, []]);
  });

  test.each<[what: string, outcomes: readonly (Failure | 'ok')[], made: readonly string[]]>([
    ['one that could not be put there: no more', [lost], [usual]],
    ['a cut: again, and half of it', [cut], [usual, usual, half]],
    ['a refusal that does not come again', [refused, 'ok'], [usual, usual]],
    ['a cut that does not come again', [cut, 'ok'], [usual, usual]],
    ['a cut, and then nothing could be put there', [cut, lost], [usual, usual]],
    ['a refusal: two small ones, which fail as well', [refused], [usual, usual, small, small]],
    [
      'a refusal: small ones that come, and the large one',
      [refused, refused, 'ok', 'ok', refused],
      [usual, usual, small, small, usual],
    ],
    ['a refusal, and one small one that comes', [refused, refused, 'ok', refused], [usual, usual, small, small]],
    ['a refusal and a cut: half of it', [refused, cut, cut], [usual, usual, half]],
  ])('%s', async (_what, outcomes, made) => {
    const done = await pulled(outcomes);
    expect(done.made).toEqual(made);
    expect(done.back).toMatchObject({ runs: { length: made.length }, directRuns: [] });
  });

  test('as the examination is ended, and tells of itself', async () => {
    const own = { signal: new AbortController().signal, onProgress: () => {} };
    expect((await pulled(['ok'], { options: own })).given).toEqual([own]);
  });

  test('what fails is tried twice over the direct path, whatever comes of it', async () => {
    const { made, back } = await pulled([cut], { options: { direct } });
    expect(made.slice(3)).toEqual(['1000001 internal>internal', '1000001 internal>internal']);
    expect([back?.runs.length, back?.directRuns.length]).toEqual([3, 2]);
  });
});

describe('what is said of it', () => {
  const run = (failure?: Failure, changes: Partial<Run> = {}): Run => ({ ...fakeRun(check, failure), ...changes });
  const there = { ...run(), check: { ...check, path: direct } };

  test('a pull failed where it was put there', () => {
    expect([run(cut), run(lost), run()].map(isPullFailed)).toEqual([true, false, false]);
  });

  test('each pull, over its path', () => {
    expect(whatOf(run())).toBe('docker, 977 KiB pulled back');
    expect(pullFactsOf({ runs: [run(cut)], directRuns: [there] })).toEqual([
      'ingress: docker, 977 KiB pulled back: connection_reset, no answer in pull, after 977 KiB and 0 ms',
      'internal: docker, 977 KiB pulled back: all of it came',
    ]);
  });

  test.each<[what: string, runs: readonly Run[], gaps: readonly string[]]>([
    ['all came', [run()], []],
    ['one failed, after one that could not be put there', [run(lost), run(cut)], []],
    ['one came, after one that could not be put there', [run(lost), run()], []],
    ['nothing was tried', [], []],
    [
      'none could be asked for',
      [run(lost)],
      ['pulls: what was put there could not be asked for: registry_error, no answer in start, after 0 ms'],
    ],
    [
      'none could be put there',
      [{ ...run(lost, { attempts: [attempt({ failure: lost })] }), check: { ...check, pushedOver: direct } }],
      [
        'pulls: what was to be pulled could not be put there over internal: registry_error, no answer in start, after 0 ms',
      ],
    ],
  ])('why nothing is known of the way back: %s', (_what, runs, gaps) => {
    expect(pullGaps({ runs, directRuns: [] })).toEqual(gaps);
  });

  test('what was sent for it, over both paths', () => {
    const [one, two, three] = [1, 20, 300].map((sentBytes) => run(undefined, { sentBytes }));
    expect(pullBytesOf({ runs: [one, two] as Run[], directRuns: [three] as Run[] })).toBe(321);
    expect(pullBytesOf({ runs: [], directRuns: [] })).toBe(0);
  });
});
