import { atOnce } from '../support/at-once.ts';
import { gateOf } from '../support/gate.ts';
import { judgeRun } from '../../src/probe/diagnose/judge-run.ts';
import { expect, test } from 'vitest';
import type { Fields } from '../../src/daemon/log.ts';
import { ScheduledChecks } from '../../src/daemon/scheduled-checks.ts';
import { type Check, checkId } from '../../src/probe/check.ts';
import type { Failure } from '../../src/probe/failure.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { History } from '../../src/publish/history.ts';
import { Metrics } from '../../src/publish/metrics/metrics.ts';
import { Verdicts } from '../../src/publish/verdicts.ts';
import { fakeCheck } from '../support/fake-check.ts';
import { fakeRun } from '../support/fake-run.ts';
import { type Line, recordingLog } from '../support/recording-log.ts';
import { rendered } from '../support/rendered.ts';

function setup(run: (check: Check, signal: AbortSignal) => Promise<Run>, bytesPerDay?: number) {
  const metrics = new Metrics({ version: '0', revision: 'r', nodeVersion: 'v', processMetrics: false });
  const history = new History();
  const { log, lines } = recordingLog();
  const { gate, budget } = gateOf({ bytesPerDay, log });
  const verdicts = new Verdicts();
  const checks = new ScheduledChecks({
    run: (check, { signal }) => run(check, signal),
    metrics,
    history,
    log,
    gate,
    verdicts,
    judge: judgeRun,
    random: () => 0.999,
  });
  const scrape = async (name: string): Promise<string[]> =>
    (await rendered(metrics)).split('\n').filter((line) => line.startsWith(name));
  return { checks, metrics, history, lines, budget, verdicts, scrape };
}

const tooLarge: Failure = {
  reason: 'body_too_large',
  phase: 'send',
  answeredBy: 'nginx',
  blame: 'ingress',
  status: 413,
  sentBytes: 10_485_760,
  elapsedMs: 1_234.5,
  blob: 'blob',
  evidence: { message: '413 Request Entity Too Large' },
};

test('a run goes to metrics, history and, when it failed, to the log in the words of the labels', async () => {
  const check = fakeCheck('gitea', 'ingress', 'docker', 'large');
  const { checks, history, lines, scrape } = setup(async () => fakeRun(check, tooLarge));
  const [task] = checks.update([check]);
  await task!.run(new AbortController().signal, atOnce);
  expect(await scrape('blobprobe_run_failures_total{')).toEqual([expect.stringMatching(/path="ingress".* 1$/)]);
  expect(history.last(checkId(check))?.failure?.reason).toBe('body_too_large');
  expect(lines.map(({ message }) => message)).toEqual(['push failed', 'path at fault']);
  expect(lines.slice(0, 1)).toEqual([
    {
      level: 'warn',
      message: 'push failed',
      fields: expect.objectContaining({
        registry: 'gitea',
        path: 'ingress',
        client: 'docker',
        workload: 'large',
        phase: 'send',
        reason: 'body_too_large',
        answered_by: 'nginx',
        blame: 'ingress',
        status: 413,
        failure_sent_bytes: 10_485_760,
        failure_elapsed_seconds: 1.235,
        message: '413 Request Entity Too Large',
      }) as Fields,
    },
  ]);
});

test('a run is in flight from its start to its end, also when it rejects', async () => {
  const check = fakeCheck('gitea', 'direct', 'docker', 'small');
  let fail = (_error: Error): void => {};
  const { checks, scrape } = setup(() => new Promise((_, reject) => (fail = reject)));
  const [task] = checks.update([check]);
  const running = task!.run(new AbortController().signal, atOnce);
  expect(await scrape('blobprobe_runs_in_flight{')).toEqual([expect.stringMatching(/ 1$/)]);
  fail(new Error('defect'));
  await expect(running).rejects.toThrow('defect');
  expect(await scrape('blobprobe_runs_in_flight{')).toEqual([expect.stringMatching(/ 0$/)]);
});

test('lag, skips and defects are told', async () => {
  const check = fakeCheck('gitea', 'direct', 'docker', 'small');
  const { checks, lines, scrape } = setup(async () => fakeRun(check));
  const [{ id } = { id: '' }] = checks.update([check]);
  checks.observer.started({ id, lagMs: 1_500, queuedMs: 1_000 });
  checks.observer.skipped({ id, cause: 'overlap', slots: 3 });
  checks.observer.misbehaved({ id, error: new Error('defect') });
  expect(await scrape('blobprobe_schedule_lag_seconds_sum')).toEqual(['blobprobe_schedule_lag_seconds_sum 1.5']);
  expect(await scrape('blobprobe_runs_skipped_total{')).toContainEqual(expect.stringMatching(/cause="overlap".* 3$/));
  expect(lines.find(({ level }) => level === 'error')?.fields).toEqual({
    round: 'gitea/docker/small',
    error: 'Error: defect',
  });
});

test('after an update the series of checks that are gone are gone, those that stay keep their values', async () => {
  const stays = fakeCheck('gitea', 'direct', 'docker', 'small');
  const goes = fakeCheck('gitea', 'ingress', 'docker', 'small');
  const { checks, history, scrape } = setup(async (check) => fakeRun(check));
  const [before] = checks.update([stays, goes]);
  await before!.run(new AbortController().signal, atOnce);
  const [after] = checks.update([stays]);
  // The round as it was may still be running.
  await before!.run(new AbortController().signal, atOnce);
  expect(await scrape('blobprobe_runs_total{')).toEqual([expect.stringMatching(/path="direct".* 2$/)]);
  expect(await scrape('blobprobe_path_at_fault{')).toEqual([expect.stringMatching(/path="direct".* 0$/)]);
  expect(history.list().map((run) => run.check.path.name)).toEqual(['direct', 'direct']);
  checks.observer.skipped({ id: after!.id, cause: 'overlap', slots: 1 });
  expect((await scrape('blobprobe_runs_skipped_total{')).filter((line) => line.includes('ingress'))).toEqual([]);
});

test('a push that we cancelled ourselves is no warning', async () => {
  const check = fakeCheck('gitea', 'direct', 'docker', 'small');
  const { checks, lines } = setup(async () => fakeRun(check, { ...tooLarge, reason: 'cancelled' }));
  const [task] = checks.update([check]);
  await task!.run(new AbortController().signal, atOnce);
  expect(lines.map(({ level, message }) => [level, message])).toEqual([['info', 'push cancelled']]);
});

test('the checks of a client and workload over all paths are one task, one after the other', async () => {
  const paths = ['direct', 'ingress', 'edge'];
  const checks = paths.map((path) => fakeCheck('gitea', path, 'docker', 'small'));
  let running = 0;
  const order: string[] = [];
  const { checks: scheduled } = setup(async (check) => {
    running += 1;
    expect(running).toBe(1);
    await Promise.resolve();
    running -= 1;
    order.push(check.path.name);
    return fakeRun(check);
  });
  const tasks = scheduled.update([...checks, fakeCheck('gitea', 'direct', 'crane', 'small')]);
  expect(tasks.map(({ id }) => id)).toEqual(['gitea/docker/small', 'gitea/crane/small']);
  // Three runs of 10 s and a control of 10 s, each with its cleaning up.
  expect(tasks[0]?.timeoutMs).toBe(4 * 30_000);
  await tasks[0]!.run(new AbortController().signal, atOnce);
  expect(order).toEqual(paths);
});

test('a round feeds its verdict to metrics and record, and to the log when it is news', async () => {
  const direct = fakeCheck('gitea', 'direct', 'docker', 'large');
  const ingress = fakeCheck('gitea', 'ingress', 'docker', 'large');
  let broken = true;
  const { checks, lines, verdicts, scrape } = setup(async (check) =>
    fakeRun(check, check === ingress && broken ? tooLarge : undefined),
  );
  const [task] = checks.update([direct, ingress]);
  await task!.run(new AbortController().signal, atOnce);
  expect(await scrape('blobprobe_path_at_fault{')).toEqual([
    expect.stringMatching(/path="direct".* 0$/),
    expect.stringMatching(/path="ingress".* 1$/),
  ]);
  expect(await scrape('blobprobe_round_verdict{')).toContainEqual(expect.stringMatching(/verdict="path-fault".* 1$/));
  expect(verdicts.list()[0]?.verdict).toMatchObject({
    kind: 'path-fault',
    faults: [{ path: 'ingress', hop: 'ingress', reason: 'body_too_large' }],
  });
  const judged = (): Line[] => lines.filter(({ fields }) => 'verdict' in fields);
  expect(judged()).toEqual([
    {
      level: 'warn',
      message: 'path at fault',
      fields: expect.objectContaining({ path: 'ingress', reason: 'body_too_large', blame: 'ingress' }) as Fields,
    },
  ]);

  broken = false;
  await task!.run(new AbortController().signal, atOnce);
  await task!.run(new AbortController().signal, atOnce);
  expect(judged().slice(1)).toEqual([
    {
      level: 'info',
      message: 'round judged',
      fields: expect.objectContaining({ verdict: 'healthy', was: 'path-fault' }) as Fields,
    },
  ]);
  expect(await scrape('blobprobe_path_at_fault{')).toEqual([
    expect.stringMatching(/path="direct".* 0$/),
    expect.stringMatching(/path="ingress".* 0$/),
  ]);
});

test('an aborted round is no news', async () => {
  const check = fakeCheck('gitea', 'direct', 'docker', 'small');
  const abort = new AbortController();
  const { checks, lines, verdicts, scrape } = setup(async () => {
    abort.abort();
    return fakeRun(check, { ...tooLarge, reason: 'cancelled' });
  });
  const [task] = checks.update([check, fakeCheck('gitea', 'ingress', 'docker', 'small')]);
  await task!.run(abort.signal, atOnce);
  expect(await scrape('blobprobe_round_verdict{')).toEqual([]);
  expect(verdicts.list()).toEqual([]);
  expect(lines.map(({ message }) => message)).toEqual(['push cancelled']);
});

test('a run whose worst case does not fit into the budget is skipped; what runs did not need comes back', async () => {
  const direct = fakeCheck('gitea', 'direct', 'docker', 'small');
  const ingress = fakeCheck('gitea', 'ingress', 'docker', 'small');
  const seen: (number | undefined)[] = [];
  // 1 KiB in up to 5 attempts, each with 1 % and 64 KiB for what is not the body.
  const worst = 5_172 + 5 * 65_536;
  const { checks, budget, lines, verdicts, scrape } = setup(async (check) => {
    seen.push(budget.remaining());
    return { ...fakeRun(check), sentBytes: 1_024, wireBytes: 1_100 };
  }, worst + 1_023);
  const [task] = checks.update([direct, ingress]);
  await task!.run(new AbortController().signal, atOnce);
  expect(seen).toEqual([1_023]);
  expect(budget.remaining()).toBe(worst + 1_023 - 1_100);
  const skipped = (await scrape('blobprobe_runs_skipped_total{')).filter((line) => line.includes('cause="budget"'));
  expect(skipped).toEqual([expect.stringMatching(/path="direct".* 0$/), expect.stringMatching(/path="ingress".* 1$/)]);
  expect(verdicts.list().map(({ verdict }) => verdict)).toEqual([{ kind: 'inconclusive', why: 'ingress had no run' }]);
  expect(lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual(['byte budget used up']);
});
