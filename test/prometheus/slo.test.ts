import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { sloFile, sloFileName } from '../../prometheus/src/slo.ts';
import { describeWithComponents } from '../support/component.ts';
import { promtools, runTool, testRules } from './promtool.ts';
import { selectorOf, seriesName } from './simulated-check.ts';

const path = fileURLToPath(new URL(`../../prometheus/${sloFileName}`, import.meta.url));
const minute = 60;
const hour = 60 * minute;
const labels = { registry: 'gitea', path: 'edge', workload: 'large' };
const identity = { sloth_id: 'blobprobe-pushes', sloth_service: 'blobprobe', sloth_slo: 'pushes' };

interface Case {
  readonly name: string;
  /** Absent: nobody has set one. */
  readonly objective?: number;
  /** Whether the run that ends at this minute of the last hour fails; before it, all is well. */
  readonly fails: (minute: number) => boolean;
  /** What the other rules say of the check. */
  readonly failing?: number;
  readonly firing: readonly string[];
}

const cases: readonly Case[] = [
  { name: 'every third push fails', objective: 0.99, fails: (at) => at % 3 === 0, firing: ['critical', 'warning'] },
  { name: 'every third push fails, and there is no objective', fails: (at) => at % 3 === 0, firing: [] },
  { name: 'every third push fails, and half of them may', objective: 0.5, fails: (at) => at % 3 === 0, firing: [] },
  { name: 'one push fails just now', objective: 0.999, fails: (at) => at === 58, firing: [] },
  { name: 'no push fails', objective: 0.999, fails: () => false, firing: [] },
  {
    name: 'every push fails, and that has an alert of its own',
    objective: 0.99,
    fails: () => true,
    failing: 1,
    firing: ['warning'],
  },
];

for (const tool of promtools) {
  describeWithComponents([tool], `alerts on an error budget, by ${tool}`, () => {
    test.each(cases)('$name', async ({ objective, fails, failing = 0, firing }) => {
      const end = 4 * hour;
      const steps = Array.from({ length: end / minute + 1 }, (_, index) => index);
      const failed = (index: number): number =>
        steps.slice(0, index + 1).filter((one) => one > 180 && fails(one - 180)).length;
      const own = { ...labels, client: 'docker' };
      const { code, output } = await testRules(tool, {
        ruleFiles: [path],
        groupOrder: ['blobprobe.slo.sli', 'blobprobe.slo.meta', 'blobprobe.slo.alerts'],
        stepSeconds: minute,
        series: [
          { series: seriesName('runs', own), values: steps },
          { series: seriesName('runFailures', own), values: steps.map(failed) },
          { series: selectorOf('check:blobprobe_failing:last', own), values: steps.map(() => failing) },
          { series: selectorOf('slo:objective:ratio', identity), values: steps.map(() => objective) },
        ],
        expectations: [
          { atSeconds: 3 * hour, expr: 'ALERTS{alertstate="firing"}', samples: [] },
          {
            atSeconds: end,
            expr: 'ALERTS{alertstate="firing"}',
            samples: firing.map((severity) =>
              selectorOf('ALERTS', {
                alertname: 'BlobprobeErrorBudgetBurning',
                alertstate: 'firing',
                severity,
                sloth_severity: severity === 'critical' ? 'page' : 'ticket',
                ...labels,
                ...identity,
              }),
            ),
          },
        ],
      });
      expect(output).toContain('SUCCESS');
      expect(code).toBe(0);
    });

    test('finds nothing wrong with the rules', async () => {
      const { code, output } = await runTool(tool, ['check', 'rules', path]);
      expect(output).not.toContain('duplicate');
      expect(code).toBe(0);
    });
  });
}

describe('the text', () => {
  test('has its four parts, and a runbook', () => {
    expect(sloFile()).toMatch(/description: "?Users cannot push .* Since: .* Cause: .* First try: /);
    const runbook = new URL('../../docs/runbooks/BlobprobeErrorBudgetBurning.md', import.meta.url);
    expect(readFileSync(runbook, 'utf8')).toContain('## First thing to try');
  });
});
