import { expect, test } from 'vitest';
import type { Fields, Logger } from '../../src/cli/log.ts';
import { createScheduledChecks } from '../../src/cli/scheduled-checks.ts';
import { type Check, checkId } from '../../src/probe/check.ts';
import type { Failure } from '../../src/probe/failure.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { createHistory } from '../../src/publish/history.ts';
import { createMetrics } from '../../src/publish/metrics.ts';
import { fakeCheck, fakeRun } from './fake-check.ts';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly fields: Fields;
}

function recordingLog(): { readonly log: Logger; readonly lines: Line[] } {
  const lines: Line[] = [];
  const at =
    (level: string) =>
    (message: string, fields: Fields = {}) =>
      void lines.push({ level, message, fields });
  return { lines, log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

function setup(run: (check: Check, signal: AbortSignal) => Promise<Run>) {
  const metrics = createMetrics({ version: '0', revision: 'r', nodeVersion: 'v', processMetrics: false });
  const history = createHistory();
  const { log, lines } = recordingLog();
  const checks = createScheduledChecks({ run: (check, { signal }) => run(check, signal), metrics, history, log });
  const scrape = async (name: string): Promise<string[]> =>
    (await metrics.render('text')).split('\n').filter((line) => line.startsWith(name));
  return { checks, metrics, history, lines, scrape };
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
  const { checks, history, lines, scrape } = setup(async () => fakeRun(check, { failure: tooLarge }));
  const [task] = checks.update([check]);
  await task!.run(new AbortController().signal);
  expect(await scrape('blobprobe_run_failures_total{')).toEqual([expect.stringMatching(/path="ingress".* 1$/)]);
  expect(history.last(checkId(check))?.failure?.reason).toBe('body_too_large');
  expect(lines).toEqual([
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
  const running = task!.run(new AbortController().signal);
  expect(await scrape('blobprobe_runs_in_flight{')).toEqual([expect.stringMatching(/ 1$/)]);
  fail(new Error('defect'));
  await expect(running).rejects.toThrow('defect');
  expect(await scrape('blobprobe_runs_in_flight{')).toEqual([expect.stringMatching(/ 0$/)]);
});

test('lag, skips and defects are told', async () => {
  const check = fakeCheck('gitea', 'direct', 'docker', 'small');
  const { checks, lines, scrape } = setup(async () => fakeRun(check, {}));
  checks.update([check]);
  const id = checkId(check);
  checks.observer.started({ id, lagMs: 1_500, queuedMs: 1_000 });
  checks.observer.skipped({ id, cause: 'overlap', slots: 3 });
  checks.observer.misbehaved({ id, error: new Error('defect') });
  expect(await scrape('blobprobe_schedule_lag_seconds_sum')).toEqual(['blobprobe_schedule_lag_seconds_sum 1.5']);
  expect(await scrape('blobprobe_runs_skipped_total{')).toContainEqual(expect.stringMatching(/cause="overlap".* 3$/));
  expect(lines.find(({ level }) => level === 'error')?.fields).toMatchObject({
    path: 'direct',
    error: 'Error: defect',
  });
});

test('after an update the series of checks that are gone are gone, those that stay keep their values', async () => {
  const stays = fakeCheck('gitea', 'direct', 'docker', 'small');
  const goes = fakeCheck('gitea', 'ingress', 'docker', 'small');
  const { checks, history, scrape } = setup(async (check) => fakeRun(check, {}));
  const tasks = checks.update([stays, goes]);
  for (const task of tasks) {
    await task.run(new AbortController().signal);
  }
  checks.update([stays]);
  await tasks[1]!.run(new AbortController().signal);
  expect(await scrape('blobprobe_runs_total{')).toEqual([expect.stringMatching(/path="direct".* 1$/)]);
  expect(history.list().map((run) => run.check.path.name)).toEqual(['direct']);
  checks.observer.skipped({ id: checkId(goes), cause: 'overlap', slots: 1 });
  expect((await scrape('blobprobe_runs_skipped_total{')).filter((line) => line.includes('ingress'))).toEqual([]);
});

test('a push that we cancelled ourselves is no warning', async () => {
  const check = fakeCheck('gitea', 'direct', 'docker', 'small');
  const { checks, lines } = setup(async () => fakeRun(check, { failure: { ...tooLarge, reason: 'cancelled' } }));
  const [task] = checks.update([check]);
  await task!.run(new AbortController().signal);
  expect(lines.map(({ level, message }) => [level, message])).toEqual([['info', 'push cancelled']]);
});
