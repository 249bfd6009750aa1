import { expect, onTestFinished, test, vi } from 'vitest';
import type { Check } from '../../../src/probe/check.ts';
import type { ExamineDeps, ExamineOptions } from '../../../src/probe/diagnose/examine-options.ts';
import { TrialLog } from '../../../src/probe/diagnose/trial-log.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';

const check = { ...fakeCheck('gitea', 'ingress', 'docker', 'blob'), timeoutMs: 3_600_000 };
const shaped = { check, shape: check.client.shape };
const direct = pathTo('http://10.0.0.1', { name: 'inside' });
const late = fakeFailure('deadline');

/** Time stands still, and passes as pushes take it. */
function stoppedClock(): void {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
}

interface Outcome {
  readonly durationMs?: number;
  readonly failure?: Failure;
}

interface Logged {
  readonly log: TrialLog;
  readonly asked: { readonly check: Check; readonly options: object }[];
}

/** A log whose pushes end as `outcomes` say, in turn; after these they get through at once. */
function logged(options: Partial<ExamineOptions> = {}, outcomes: readonly Outcome[] = []): Logged {
  stoppedClock();
  const asked: Logged['asked'] = [];
  const run: ExamineDeps['run'] = (of, how) => {
    const { durationMs = 0, failure } = outcomes[asked.length] ?? {};
    asked.push({ check: of, options: how });
    vi.advanceTimersByTime(durationMs);
    return Promise.resolve({ ...fakeRun(of, failure), durationMs });
  };
  const signal = new AbortController().signal;
  const deps = { run, paced: () => run, checkApi: () => Promise.resolve(undefined) };
  return { log: new TrialLog({ check, signal, ...options }, deps), asked };
}

test('a push is one blob of its size, whose session is asked for, and which a silence of half a minute ends', async () => {
  const steps: string[] = [];
  const onProgress = (): void => {};
  const { signal } = new AbortController();
  const { log, asked } = logged({ signal, onProgress, onStep: (words) => steps.push(words) });
  expect(await log.push('full', shaped, 1_000_000)).toBe(true);
  expect(asked.map(({ options }) => options)).toEqual([
    { signal, onProgress, inspectsSession: true, stallTimeoutMs: 30_000 },
  ]);
  expect(asked[0]?.check).toMatchObject({
    path: check.path,
    timeoutMs: 3_600_000,
    workload: { layerBytes: [1_000_000] },
  });
  expect(steps).toEqual(['docker, 977 KiB over ingress']);
  const [trial] = log.trials;
  expect(trial).toMatchObject({ kind: 'full', shape: shaped.shape, sizeBytes: 1_000_000, clientSendsAgain: false });
  expect([log.directTrials, log.failed, log.leftOut]).toEqual([[], [], []]);
});

test('one over the direct path is kept apart, and one that is paced is made by the engine that paces', async () => {
  const { log, asked } = logged({}, [{ failure: fakeFailure('connection_reset') }]);
  expect(await log.push('small', shaped, 1_000, { direct })).toBe(false);
  expect([log.trials, log.failed, log.directTrials.length]).toEqual([[], [], 1]);
  expect(asked[0]?.check.path.name).toBe('inside');
  const paced: ExamineDeps['run'] = (of) => Promise.resolve(fakeRun(of, late));
  expect(await log.push('pausing', shaped, 1_000, { run: paced, pauseMs: 70 })).toBe(false);
  expect([asked.length, log.failed]).toEqual([1, log.trials]);
  expect(log.trials).toMatchObject([{ kind: 'pausing', pauseMs: 70 }]);
});

test('of a client that sends a request again after such an end that is noted', async () => {
  const cut = fakeFailure('connection_reset', { phase: 'wait', evidence: { message: '', code: 'UND_ERR_SOCKET' } });
  const { log } = logged({}, [{ failure: cut }]);
  const client = clientProfiles['docker-containerd'];
  await log.push('small', { check: { ...check, client }, shape: client.shape }, 1_000);
  await log.push('small', { check: { ...check, client }, shape: client.shape }, 1_000);
  expect(log.trials.map(({ clientSendsAgain }) => clientSendsAgain)).toEqual([true, false]);
});

const KiB = 1024;

test.each<[string, number | undefined, number, number]>([
  ['all that it usually has, without a deadline', undefined, 1_000_000, 3_600_000],
  ['no more than it usually has', 36_000_000, 1_000_000, 3_600_000],
  ['all that is left', 600_000, 64 * KiB + 1, 600_000],
  ['a third of it, when it is small', 600_000, 64 * KiB, 200_000],
  ['ten seconds at least, when it is small', 20_000, 64 * KiB, 10_000],
  ['no more than is left, when it is small', 8_000, 64 * KiB, 8_000],
  ['whole milliseconds', 40_000.5, 1_000_000, 40_001],
])('a push has %s', async (_what, deadlineMs, sizeBytes, timeoutMs) => {
  const { log, asked } = logged({ deadlineMs });
  await log.push('small', shaped, sizeBytes);
  expect(asked.map((one) => one.check.timeoutMs)).toEqual([timeoutMs]);
});

test('the time of the examination passes with each push, and with less than three seconds none is begun', async () => {
  const { log, asked } = logged({ deadlineMs: 20_000 }, [{ durationMs: 17_000 }, { durationMs: 1 }]);
  expect(log.leftMs).toBe(20_000);
  expect([await log.push('full', shaped, 1_000_000), log.leftMs]).toEqual([true, 3_000]);
  expect([await log.push('full', shaped, 1_000_000), log.leftMs]).toEqual([true, 2_999]);
  expect(await log.push('full', shaped, 1_000_000)).toBe(false);
  expect(asked.map((one) => one.check.timeoutMs)).toEqual([20_000, 3_000]);
  expect(log.leftOut).toEqual(['docker, 977 KiB over ingress: the 20 s of this examination were over']);
});

test('a push that gets less time than others needed is left out, and is no failure', async () => {
  const { log } = logged({ deadlineMs: 800_000 }, [{ durationMs: 700_000 }, { failure: late }]);
  await log.push('small', shaped, 64 * KiB);
  expect(await log.push('full', shaped, 1_000_000)).toBe(false);
  expect([log.failed.length, log.trials.length]).toEqual([0, 1]);
  expect(log.leftOut).toEqual(['docker, 977 KiB over ingress: 1 m 40 s were left for it, and it takes longer']);
});

test.each<[string, readonly Outcome[], number, number]>([
  ['others needed less than a fourth of the time', [{ durationMs: 119_999 }, { failure: late }], 1, 0],
  ['others needed a fourth of it', [{ durationMs: 120_000 }, { failure: late }], 0, 1],
  ['the slowest of several that got through needed as long', [{ durationMs: 120_000 }, {}, { failure: late }], 0, 1],
  ['only one that failed took long', [{ durationMs: 120_000, failure: late }, { failure: late }], 2, 0],
])('what our own timeout ended is a failure, or left out: %s', async (_what, outcomes, failures, leftOut) => {
  const { log } = logged({ deadlineMs: 600_000 }, outcomes);
  for (let made = 0; made < outcomes.length; made += 1) await log.push('full', shaped, 1_000_000);
  expect([log.failed.length, log.leftOut.length]).toEqual([failures, leftOut]);
});

test('what others needed is asked of the same path', async () => {
  const { log } = logged({ deadlineMs: 600_000 }, [{ durationMs: 300_000 }, { failure: late }]);
  await log.push('full', shaped, 1_000_000);
  await log.push('full', shaped, 1_000_000, { direct });
  expect([log.directTrials.length, log.leftOut]).toEqual([1, []]);
});

test.each<[string, number, Failure]>([
  ['by a timeout that was as long as usual', 36_000_000, late],
  ['by somebody else', 2_000_000, fakeFailure('response_timeout')],
])('what was ended %s is a failure, however long others took', async (_what, deadlineMs, failure) => {
  const { log } = logged({ deadlineMs }, [{ durationMs: 1_000_000 }, { failure }]);
  await log.push('full', shaped, 1_000_000);
  await log.push('full', shaped, 1_000_000);
  expect([log.failed.length, log.leftOut]).toEqual([1, []]);
});

test('what there is no time for is said once, however often it is asked for', () => {
  const { log } = logged({ deadlineMs: 2_999 });
  expect(['one', 'one', 'two'].map((what) => log.hasTimeFor(what))).toEqual([false, false, false]);
  expect(log.leftOut).toEqual(['one', 'two'].map((what) => `${what}: the 3 s of this examination were over`));
});

test('when somebody ended the examination, nothing is made, told or said of it', async () => {
  const steps: string[] = [];
  const { log, asked } = logged({ signal: AbortSignal.abort(), onStep: (words) => steps.push(words) });
  expect(await log.push('small', shaped, 1_000)).toBe(false);
  expect([asked, steps, log.trials, log.leftOut]).toEqual([[], [], [], []]);
});
