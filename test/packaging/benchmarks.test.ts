import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withResults } from '../../bench/document.ts';
import { isMet, ratioTo, rangeOf, rowOf } from '../../bench/figures.ts';
import { keptFolder } from '../../bench/results.ts';
import { suites } from '../../bench/suites.ts';
import { textTable } from '../../bench/table.ts';
import { root } from './compose-file.ts';

const file = join(root, 'docs/benchmarks.md');

describe('docs/benchmarks.md', () => {
  test('shows the kept results (`npm run generate` writes it)', () => {
    const wanted = withResults(readFileSync(file, 'utf8'), suites, keptFolder);
    if (process.env['UPDATE_GENERATED'] === '1') writeFileSync(file, wanted);
    expect(readFileSync(file, 'utf8')).toBe(wanted);
  });

  test('has no results of a suite that is gone', () => {
    const kept = readdirSync(keptFolder).map((name) => name.replace(/\.json$/, ''));
    expect(suites.map(({ name }) => name)).toEqual(expect.arrayContaining(kept));
  });
});

describe('the figures of the bench', () => {
  test('are the nearest rank, the middle of an even number, and no p99 of a few', () => {
    expect(rangeOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3, samples: 3 });
    expect(rangeOf([4, 1, 2, 3])?.median).toBe(2.5);
    expect(rangeOf(Array.from({ length: 200 }, (_, at) => at + 1))?.p99).toBe(198);
    expect(rangeOf([])).toBeUndefined();
  });

  test('are held against the goal, and a row without figures reaches nothing', () => {
    const row = { subject: 'docker', figure: 'throughput', unit: 'MiB/s' };
    const ratio = ratioTo('curl', [30], [20]);
    expect(isMet(rowOf(row, [30], { ratio, goal: { of: 'ratio', atLeast: 1.5 } }))).toBe(true);
    expect(isMet(rowOf(row, [30, 40], { goal: { of: 'max', atMost: 35 } }))).toBe(false);
    const missing = rowOf({ ...row, note: 'curl is not installed' }, [], { goal: { of: 'max', atMost: 35 } });
    expect(isMet(missing)).toBeUndefined();
    expect(textTable([missing])).toMatch(/not measured +curl is not installed/);
    expect(textTable([rowOf(row, [50], { goal: { of: 'max', atMost: 40 } })])).toContain('MISSED by 25 %');
  });
});
