import { describe, expect, test } from 'vitest';
import type { ExamineDeps, ExamineOptions } from '../../../src/probe/diagnose/examine-options.ts';
import { pullCases } from '../../../src/probe/diagnose/pull-cases.ts';
import { pullBack } from '../../../src/probe/diagnose/pull-trials.ts';
import type { PulledBack } from '../../../src/probe/diagnose/trial.ts';
import { TrialLog } from '../../../src/probe/diagnose/trial-log.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';

const check = { ...fakeCheck('gitea', 'ingress', 'docker', 'blob'), timeoutMs: 3_600_000 };
const cut = fakeFailure('connection_reset', {
  phase: 'pull',
  status: 200,
  answeredBy: 'registry',
  elapsedMs: 4_000,
  evidence: { message: 'reset', pulledBytes: 4_000_000, silentMs: 5 },
});

async function pulled(pulls: Run[], deadlineMs?: number): Promise<{ back: PulledBack | undefined; leftOut: string[] }> {
  const outcomes = [fakeRun(check), ...pulls];
  const run: ExamineDeps['run'] = () => Promise.resolve(outcomes.shift()!);
  const options: ExamineOptions = { check, deadlineMs, pull: true, signal: new AbortController().signal };
  const log = new TrialLog(options, { run, paced: () => run, checkApi: () => Promise.resolve(undefined) });
  await log.push('small', { check, shape: check.client.shape }, 65_536);
  return { back: await pullBack(options, { run }, log), leftOut: log.leftOut };
}

test('a pull that the examination itself ends is left out, and is no failure', async () => {
  const { back, leftOut } = await pulled([fakeRun(check, fakeFailure('deadline', { phase: 'pull' }))], 600_000);
  expect(back).toEqual({ runs: [], directRuns: [] });
  expect(leftOut).toEqual([
    expect.stringMatching(/pulled back over ingress: .* were left for it, and it takes longer$/),
  ]);
});

test('one that the check’s own time ends is a failure', async () => {
  const deadline = (): Run => fakeRun(check, fakeFailure('deadline', { phase: 'pull' }));
  const { back, leftOut } = await pulled([deadline(), deadline(), deadline()]);
  expect([back?.runs.length, leftOut]).toEqual([3, []]);
});

test.each([
  ['got through', fakeRun(check), false],
  ['was cut', fakeRun(check, cut), true],
  ['could not put the blob there', fakeRun(check, fakeFailure('registry_error')), undefined],
])('the second try %s: whether it came again', (_name, again, cameAgain) => {
  const [pullCase] = pullCases({ runs: [fakeRun(check, cut), again], directRuns: [] });
  expect(pullCase?.contrast.cameAgain).toBe(cameAgain);
});

describe('a pull that an answer refuses', () => {
  const refused = fakeFailure('blocked_by_policy', { phase: 'pull', status: 403, answeredBy: 'squid' });
  const large = { ...check, workload: { ...check.workload, layerBytes: [8_000_000] } };
  const small = { ...check, workload: { ...check.workload, layerBytes: [65_536] } };
  const provenOf = (...runs: readonly Run[]): boolean | undefined =>
    pullCases({ runs, directRuns: [] })[0]?.contrast.proven.has('pullSize');

  test('is tried again, and then twice as a small one', async () => {
    const { back } = await pulled([fakeRun(large, refused), fakeRun(large, refused), fakeRun(small), fakeRun(small)]);
    expect(back?.runs.map(({ ok }) => ok)).toEqual([false, false, true, true]);
  });

  test('is refused for its size when small ones come back twice, and not before', () => {
    const twice = [fakeRun(large, refused), fakeRun(large, refused)];
    expect(provenOf(...twice, fakeRun(small), fakeRun(small))).toBe(true);
    expect(provenOf(...twice, fakeRun(small), fakeRun(small, refused))).toBe(false);
    expect(provenOf(fakeRun(large, refused), fakeRun(large), fakeRun(small), fakeRun(small))).toBe(false);
    const absent = { ...refused, status: 404 };
    expect(provenOf(fakeRun(large, absent), fakeRun(large, absent), fakeRun(small), fakeRun(small))).toBe(false);
  });
});
