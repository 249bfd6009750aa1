import { expect, test } from 'vitest';
import type { Check } from '../../src/probe/check.ts';
import { History } from '../../src/publish/history.ts';
import { type CheckState, statusOf } from '../../src/publish/status.ts';
import { attempt, cancelledRun, check, failedRun, failure, successfulRun } from '../support/run-fixtures.ts';

const startedAt = new Date('2026-11-24T00:00:00Z');
const soon = new Date('2026-11-24T00:01:00Z');

function stateAfter(runs: Parameters<History['add']>[0][], now = soon): CheckState | undefined {
  const history = new History();
  runs.forEach((run) => history.add(run));
  return statusOf([check()], history, now)[0]?.checks[0]?.state;
}

test.each([
  ['no run', [], 'unknown'],
  ['a success', [successfulRun()], 'ok'],
  [
    'a success after a retry',
    [successfulRun({ attempts: [attempt({ failure: failure() }), attempt({ number: 2 })] })],
    'retried',
  ],
  ['a failure', [successfulRun(), failedRun()], 'failed'],
  ['a cancelled run after a failure', [failedRun(), cancelledRun()], 'failed'],
  ['only a cancelled run', [cancelledRun()], 'unknown'],
] as const)('after %s', (_name, runs, state) => {
  expect(stateAfter([...runs])).toBe(state);
});

test('a result older than three intervals is no news', () => {
  const run = successfulRun({ startedAt, durationMs: 0 });
  expect(stateAfter([run], new Date(startedAt.getTime() + 180_000))).toBe('ok');
  expect(stateAfter([run], new Date(startedAt.getTime() + 180_001))).toBe('stale');
});

test('the matrix has one row a path, one column a workload and client, and says in a sentence what is wrong', () => {
  const history = new History();
  const checks: Check[] = ['direct', 'edge'].flatMap((path) =>
    ['small', 'large'].map((workload) => check({ path, workload })),
  );
  checks.push(check({ registry: 'harbor' }));
  const status = statusOf(checks, history, soon);
  expect(status.map(({ name, paths, columns }) => [name, paths, columns.map((column) => column.workload)])).toEqual([
    ['gitea', ['direct', 'edge'], ['small', 'large']],
    ['harbor', ['direct'], ['large']],
  ]);
  expect(status[0]?.summary).toBe('4 of 4 checks had no run yet.');
  checks.slice(0, 3).forEach((each) => history.add(successfulRun({ check: each })));
  history.add(failedRun({ check: checks[3]! }));
  const [gitea] = statusOf(checks, history, soon);
  expect(gitea?.summary).toBe('1 of 4 checks fails, over the path edge.');
  expect(gitea?.checks[3]?.last).toMatchObject({ ok: false, attempts: 5, failure: { reason: 'body_too_large' } });
  history.add(successfulRun({ check: checks[3]! }));
  expect(statusOf(checks, history, soon)[0]?.summary).toBe('4 of 4 checks succeed on all paths that have results.');
});

test('the recent runs of a check are the last forty, oldest first, without cancelled ones', () => {
  const history = new History({ runs: 100, failures: 100 });
  for (let minute = 0; minute < 50; minute += 1) {
    const at = { id: `r${minute}`, startedAt: new Date(startedAt.getTime() + minute * 60_000) };
    history.add(minute % 10 === 9 ? cancelledRun(at) : successfulRun(at));
  }
  const recent = statusOf([check()], history, soon)[0]?.checks[0]?.recent.map(({ id }) => id);
  expect(recent).toHaveLength(40);
  // 45 of the 50 were not cancelled; the five oldest have no place.
  expect([recent?.[0], recent?.at(-1)]).toEqual(['r5', 'r48']);
  expect(recent).not.toContain('r39');
});
