import { expect, test } from 'vitest';
import { growth } from '../../grafana/src/queries.ts';
import { testRules, promtools } from '../prometheus/promtool.ts';
import { describeWithComponents } from '../support/component.ts';

const at = (seconds: number): string => growth('failed_total', `${seconds}s`);
const old = (fromNow: number, value: number): (number | undefined)[] =>
  Array.from({ length: 60 }, (_, step) => (step < 60 - fromNow ? value - 1 : value));

for (const tool of promtools) {
  describeWithComponents([tool], `growth, by ${tool}`, () => {
    test('of a series that is new is all it says, of one that was there what it grew by', async () => {
      const { code, output } = await testRules(tool, {
        ruleFiles: [],
        groupOrder: [],
        stepSeconds: 60,
        series: [
          { series: 'failed_total{reason="new"}', values: old(5, 1).map((value) => (value === 0 ? undefined : value)) },
          { series: 'failed_total{reason="grown"}', values: old(5, 8) },
          { series: 'failed_total{reason="quiet"}', values: old(50, 8) },
          // No scrape when the range began.
          {
            series: 'failed_total{reason="gap"}',
            values: old(60, 8).map((v, at) => (at > 30 && at < 55 ? undefined : v)),
          },
        ],
        expectations: [
          // What increase gives of the other may be stretched a little.
          { atSeconds: 3540, expr: 'increase(failed_total{reason="new"}[600s]) > 0', samples: [] },
          { atSeconds: 3540, expr: `round(${at(600)}) > 0`, samples: ['{reason="new"}', '{reason="grown"}'] },
          // Once the range begins after it was new, it has grown no more.
          { atSeconds: 3540, expr: `${at(120)} > 0`, samples: [] },
        ],
      });
      expect(output).toContain('SUCCESS');
      expect(code).toBe(0);
    });
  });
}
