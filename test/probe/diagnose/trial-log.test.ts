import { expect, test } from 'vitest';
import type { ExamineDeps, ExamineOptions } from '../../../src/probe/diagnose/examine-options.ts';
import { TrialLog } from '../../../src/probe/diagnose/trial-log.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';

const check = { ...fakeCheck('gitea', 'ingress', 'docker', 'blob'), timeoutMs: 3_600_000 };
const shaped = { check, shape: check.client.shape };

/** Each push takes so long, and the next one is ended by the time that is left. */
async function pushTwice(durationMs: number): Promise<TrialLog> {
  const outcomes = [{ ...fakeRun(check), durationMs }, fakeRun(check, fakeFailure('deadline'))];
  const run: ExamineDeps['run'] = () => Promise.resolve(outcomes.shift()!);
  const options: ExamineOptions = { check, deadlineMs: 600_000, signal: new AbortController().signal };
  const log = new TrialLog(options, { run, paced: () => run, checkApi: () => Promise.resolve(undefined) });
  await log.push('small', shaped, 65_536);
  await log.push('full', shaped, 1_000_000);
  return log;
}

test('a push that gets less time than others needed is left out, and is no failure', async () => {
  const { failed, trials, leftOut } = await pushTwice(700_000);
  expect([failed.length, trials.length]).toEqual([0, 1]);
  expect(leftOut).toEqual([expect.stringMatching(/were left for it, and it takes longer$/)]);
});

// 600 s are left, less what the first push took of the clock.
test.each([
  [1_000, 1, 0],
  [100_000, 1, 0],
  [150_000, 0, 1],
  [590_000, 0, 1],
])(
  'pushes take as long as others, or a few times as long: when others needed %d ms, failures and what is left out',
  async (durationMs, failures, leftOut) => {
    const log = await pushTwice(durationMs);
    expect([log.failed.length, log.leftOut.length]).toEqual([failures, leftOut]);
  },
);

test('what there is no time for is said once, however often it is asked for', () => {
  const run: ExamineDeps['run'] = () => Promise.resolve(fakeRun(check));
  const options: ExamineOptions = { check, deadlineMs: 0, signal: new AbortController().signal };
  const log = new TrialLog(options, { run, paced: () => run, checkApi: () => Promise.resolve(undefined) });
  expect(['one', 'one', 'two'].map((what) => log.hasTimeFor(what))).toEqual([false, false, false]);
  expect(log.leftOut.map((sentence) => sentence.slice(0, 4))).toEqual(['one:', 'two:']);
});
