import { expect, test } from 'vitest';
import { comparisonBlocks } from '../../../src/publish/report/comparison.ts';
import type { ReportData } from '../../../src/publish/report/report-data.ts';
import { foundLimit } from '../../support/limits.ts';

function data(limits: ReportData['limits'] = []): ReportData {
  return {
    generatedAt: new Date(0),
    version: '1',
    registry: { name: 'r', repository: 'r' },
    paths: ['p0', 'p1'].map((name) => ({ name, origin: 'http://a.example', kind: 'direct' })),
    rounds: [],
    apis: [],
    limits,
    diagnoses: [],
  };
}

const refused = { largestAccepted: undefined, smallestRejected: 1_048_576 };

test('what is the same over every path is a sentence, the rest a row a path', () => {
  expect(comparisonBlocks(data([foundLimit({ path: 'p1', ...refused })]))).toEqual([
    {
      kind: 'table',
      head: ['Path', 'Size limit'],
      rows: [
        [{ text: 'p0' }, { text: 'not measured', state: 'unknown' }],
        [{ text: 'p1' }, { text: '1 MiB refused', state: 'failed' }],
      ],
    },
    {
      kind: 'paragraph',
      text: 'The same over every path. Got through: not measured; Time limit: not measured; Push speed: not measured; Pull speed: not measured; Login: not measured.',
    },
  ]);
});

test('what fails over every path stays in the table', () => {
  const limits = ['p0', 'p1'].map((path) => foundLimit({ path, ...refused }));
  expect(comparisonBlocks(data(limits))[0]).toMatchObject({ head: ['Path', 'Size limit'] });
});

test('a single path has all its columns', () => {
  const [table, ...others] = comparisonBlocks({ ...data(), paths: data().paths.slice(0, 1) });
  expect(table).toMatchObject({
    head: ['Path', 'Got through', 'Size limit', 'Time limit', 'Push speed', 'Pull speed', 'Login'],
  });
  expect(others).toEqual([]);
});
