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

test('one that has more time than others needed, and does not end, is a failure', async () => {
  const { failed, leftOut } = await pushTwice(1_000);
  expect([failed.length, leftOut]).toEqual([1, []]);
});

test('what there is no time for is said once, however often it is asked for', () => {
  const run: ExamineDeps['run'] = () => Promise.resolve(fakeRun(check));
  const options: ExamineOptions = { check, deadlineMs: 0, signal: new AbortController().signal };
  const log = new TrialLog(options, { run, paced: () => run, checkApi: () => Promise.resolve(undefined) });
  expect(['one', 'one', 'two'].map((what) => log.hasTimeFor(what))).toEqual([false, false, false]);
  expect(log.leftOut.map((sentence) => sentence.slice(0, 4))).toEqual(['one:', 'two:']);
});
