import { expect, test } from 'vitest';
import { type Check, checkId } from '../../src/probe/check.ts';
import { History } from '../../src/publish/history.ts';
import { type OverviewView, type RegistryView, statusView } from '../../src/publish/status-view.ts';
import { attempt, check, failedRun, failure, successfulRun } from '../support/run-fixtures.ts';

const now = new Date('2026-11-24T00:01:00Z');

function checksOf(registry: string, paths: number, workloads: number): Check[] {
  return Array.from({ length: paths * workloads }, (_, at) =>
    check({ registry, path: `path-${Math.floor(at / workloads)}`, workload: `work-${at % workloads}` }),
  );
}

function viewOf<K extends 'overview' | 'registry'>(
  kind: K,
  checks: readonly Check[],
  history: History,
  question: { registry?: string; page?: number } = {},
): K extends 'overview' ? OverviewView : RegistryView {
  const view = statusView(checks, history, now, { page: 1, ...question });
  expect(view?.kind).toBe(kind);
  return view as K extends 'overview' ? OverviewView : RegistryView;
}

test('few checks are shown whole, in the order of the configuration', () => {
  const checks = [...checksOf('b', 2, 3), ...checksOf('a', 1, 1)];
  const view = statusView(checks, new History(), now, { page: 7 });
  expect(view).toMatchObject({ kind: 'whole', registries: [{ name: 'b' }, { name: 'a' }] });
});

test('160 cells are few, a path more is many', () => {
  expect(statusView(checksOf('a', 20, 8), new History(), now, { page: 1 })?.kind).toBe('whole');
  expect(statusView(checksOf('a', 21, 8), new History(), now, { page: 1 })?.kind).toBe('overview');
});

test('many checks are counted by registry, most trouble first, and the worst are named', () => {
  const history = new History();
  const checks = ['a', 'b', 'c', 'd'].flatMap((registry) => checksOf(registry, 10, 10));
  checks.forEach((each) => history.add(successfulRun({ check: each })));
  const retried = [attempt({ failure: failure() }), attempt({ number: 2 })];
  checks.slice(100, 160).forEach((each) => history.add(successfulRun({ check: each, attempts: retried })));
  checks.slice(200, 203).forEach((each) => history.add(failedRun({ check: each })));
  const view = viewOf('overview', checks, history);
  expect(view.checkCount).toBe(400);
  expect(view.registries.map(({ name, counts }) => [name, counts.failed, counts.retried, counts.ok])).toEqual([
    ['c', 3, 0, 97],
    ['b', 0, 60, 40],
    ['a', 0, 0, 100],
    ['d', 0, 0, 100],
  ]);
  expect(view.troubleCount).toBe(63);
  expect(view.troubles.map(({ state }) => state)).toEqual([
    ...Array.from({ length: 3 }, () => 'failed'),
    ...Array.from({ length: 47 }, () => 'retried'),
  ]);
});

test('more registries than fit are on further pages, none lost', () => {
  const checks = Array.from({ length: 250 }, (_, at) => check({ registry: `registry-${at}` }));
  const names = [1, 2, 3].flatMap((page) => {
    const { registries, ...rest } = viewOf('overview', checks, new History(), { page });
    expect(rest).toMatchObject({ page, pages: 3, shown: { total: 250 } });
    expect(registries.length).toBeLessThanOrEqual(100);
    return registries.map(({ name }) => name);
  });
  expect(new Set(names).size).toBe(250);
  expect(names).toHaveLength(250);
  expect(viewOf('overview', checks, new History(), { page: 99 }).page).toBe(3);
});

test.each([
  ['many paths', 300, 2],
  ['many workloads', 2, 300],
  ['many of both', 90, 90],
])('a registry of %s comes in bounded blocks that have each check once', (_name, paths, workloads) => {
  const checks = checksOf('big', paths, workloads);
  const history = new History();
  const seen: string[] = [];
  const { pages } = viewOf('registry', checks, history, { registry: 'big' });
  for (let page = 1; page <= pages; page += 1) {
    const { registry, ...rest } = viewOf('registry', checks, history, { registry: 'big', page });
    expect(registry.paths.length * registry.columns.length).toBeLessThanOrEqual(120);
    expect(registry.paths).toHaveLength(rest.paths.to - rest.paths.from + 1);
    expect(registry.columns).toHaveLength(rest.columns.to - rest.columns.from + 1);
    seen.push(...registry.checks.map(({ id }) => id));
  }
  expect(seen.toSorted()).toEqual(checks.map(checkId).toSorted());
});

test('of a registry in blocks, the paths and workloads that fail come first; of one that fits, nothing moves', () => {
  const history = new History();
  const checks = checksOf('big', 50, 50);
  history.add(
    failedRun({ check: checks.find((each) => each.path.name === 'path-33' && each.workload.name === 'work-44')! }),
  );
  const { registry } = viewOf('registry', checks, history, { registry: 'big' });
  expect([registry.paths[0], registry.columns[0]?.workload]).toEqual(['path-33', 'work-44']);
  expect(registry.paths[1]).toBe('path-0');

  const small = checksOf('small', 3, 3);
  history.add(failedRun({ check: small[8]! }));
  const whole = viewOf('registry', [...checks, ...small], history, { registry: 'small' });
  expect(whole.registry.paths).toEqual(['path-0', 'path-1', 'path-2']);
  expect(whole).toMatchObject({ page: 1, pages: 1, checkCount: 9, paths: { from: 1, to: 3, total: 3 } });
});

test('a registry without checks has no view', () => {
  expect(statusView(checksOf('a', 1, 1), new History(), now, { registry: 'b', page: 1 })).toBeUndefined();
});
