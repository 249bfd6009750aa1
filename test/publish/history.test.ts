import { expect, test } from 'vitest';
import { checkId } from '../../src/probe/check.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { History } from '../../src/publish/history.ts';
import { cancelledRun, check, failedRun, successfulRun } from '../support/run-fixtures.ts';

function at(minute: number, run: Run): Run {
  return { ...run, id: `m${minute}`, startedAt: new Date(Date.UTC(2026, 10, 24, 0, minute)) };
}

function ids(runs: readonly Run[]): string[] {
  return runs.map((run) => run.id);
}

test('failures outlive successes, each ring drops its oldest, and what is dropped is not found by id', () => {
  const history = new History({ runs: 2, failures: 2 });
  history.add(at(1, failedRun()));
  history.add(at(2, failedRun()));
  history.add(at(3, failedRun()));
  history.add(at(4, successfulRun()));
  history.add(at(5, successfulRun()));
  history.add(at(6, successfulRun()));
  expect(ids(history.list())).toEqual(['m6', 'm5', 'm3', 'm2']);
  expect(ids(history.list({ failuresOnly: true }))).toEqual(['m3', 'm2']);
  expect(history.get('m1')).toBeUndefined();
  expect(history.get('m4')).toBeUndefined();
  expect(history.get('m2')?.ok).toBe(false);
  expect(history.get('m6')?.ok).toBe(true);
});

test('checks do not push each other out, and runs are listed by when they ended', () => {
  const history = new History({ runs: 1, failures: 1 });
  const edge = check({ path: 'edge' });
  history.add(at(1, { ...successfulRun({ check: edge }), durationMs: 600_000 }));
  history.add(at(2, successfulRun()));
  expect(ids(history.list())).toEqual(['m1', 'm2']);
  expect(ids(history.list({ limit: 1 }))).toEqual(['m1']);
  expect(ids(history.list({ checkId: checkId(edge) }))).toEqual(['m1']);
  expect(history.list({ checkId: 'no/such/check/here' })).toEqual([]);
});

test('the last run of a check is the last that was not cancelled', () => {
  const history = new History();
  const id = checkId(check());
  expect(history.last(id)).toBeUndefined();
  history.add(at(1, failedRun()));
  history.add(at(2, cancelledRun()));
  expect(history.last(id)?.id).toBe('m1');
  expect(ids(history.list())).toEqual(['m2', 'm1']);
});

test('checks that are configured no more are forgotten, the others kept', () => {
  const history = new History();
  const edge = check({ path: 'edge' });
  history.add(at(1, failedRun()));
  history.add(at(2, failedRun({ check: edge })));
  history.retain(new Set([checkId(edge)]));
  expect(ids(history.list())).toEqual(['m2']);
  expect(history.get('m1')).toBeUndefined();
  expect(history.get('m2')).toBeDefined();
});

test('many checks share what is kept of all together: each keeps its newest, and three of each kind at least', () => {
  const history = new History({ runs: 50, failures: 50, all: 40 });
  const kept = (checks: number): number[] => {
    for (let minute = 0; minute < 60; minute += 1) {
      for (let number = 0; number < checks; number += 1) {
        const own = check({ path: `p${number}` });
        history.add({ ...at(minute, failedRun({ check: own })), id: `p${number} m${minute}` });
      }
    }
    return Array.from({ length: checks }, (_, number) => checkId(check({ path: `p${number}` }))).map(
      (id) => history.list({ checkId: id }).length,
    );
  };
  expect(kept(1)).toEqual([20]);
  expect(kept(4)).toEqual([5, 5, 5, 5]);
  expect(new Set(kept(30))).toEqual(new Set([3]));
  expect(history.list()).toHaveLength(90);
  expect(history.get('p0 m59')).toBeDefined();
  expect(history.get('p0 m1')).toBeUndefined();
});
