import { expect, test } from 'vitest';
import { comparisonTable } from '../../../src/publish/report/comparison.ts';
import type { ReportData } from '../../../src/publish/report/report-data.ts';

test('many paths are rows, few are columns', () => {
  const data = (count: number): ReportData => ({
    generatedAt: new Date(0),
    version: '1',
    registry: { name: 'r', repository: 'r' },
    paths: Array.from({ length: count }, (_, index) => ({
      name: `p${index}`,
      origin: 'http://a.example',
      kind: 'direct',
    })),
    rounds: [],
    apis: [],
    limits: [],
    diagnoses: [],
  });
  expect(comparisonTable(data(2))).toMatchObject({ head: ['Measured', 'p0', 'p1'] });
  expect(comparisonTable(data(7))).toMatchObject({
    head: ['Path', 'Login', 'Push speed', 'Pull speed', 'Reliability', 'Size limit', 'Time limit'],
    rows: { length: 7, 6: [{ text: 'p6' }, ...Array.from({ length: 6 }, () => ({ text: 'not measured' }))] },
  });
});
