import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { dashboardFileNames } from '../../grafana/src/dashboards.ts';
import { boardUids } from '../../prometheus/src/texts.ts';
import { recorded } from '../../prometheus/src/recording.ts';
import { alertGroups } from '../../prometheus/src/rules.ts';
import { thresholds } from '../../prometheus/src/thresholds.ts';
import { metricSpecs } from '../../src/publish/metrics/metric-names.ts';
import type { MetricSpec } from '../../src/publish/metrics/metric-spec.ts';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';
import { expanded, queriesOf, selectorsOf } from '../support/board-queries.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';
import { promtools, testRules } from '../prometheus/promtool.ts';
import { selectorOf } from '../prometheus/simulated-check.ts';
import { type Board, content, lintRules, type Panel } from './lint.ts';

const folder = new URL('../../grafana/dashboards/', import.meta.url);
const files = dashboardFileNames.map((name) => {
  const text = readFileSync(new URL(name, folder), 'utf8');
  return { name, text, board: JSON.parse(text) as Board };
});
const specs: readonly MetricSpec[] = Object.values(metricSpecs);

describe.each(files)('$name', ({ text, board }) => {
  test.each(Object.entries(lintRules))('keeps %s', (_name, rule) => {
    expect(rule(board)).toEqual([]);
  });

  test('is classic JSON with a place and an id for each panel', () => {
    expect(board.schemaVersion).toBeLessThanOrEqual(42);
    expect(new Set(board.panels.map(({ id }) => id)).size).toBe(board.panels.length);
    for (const { gridPos } of board.panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    const overlaps = board.panels.filter((one, index) =>
      board.panels.slice(index + 1).some((other) => overlap(one, other)),
    );
    expect(overlaps.map(({ title }) => title)).toEqual([]);
  });

  test('uses metrics and labels that exist', () => {
    for (const { where, expr } of queriesOf(text)) {
      const unknown = selectorsOf(expr).flatMap(unknownParts);
      expect({ where, unknown }).toEqual({ where, unknown: [] });
    }
  });

  test('groups and joins by labels that the metrics have', () => {
    const known = new Set([...specs.flatMap(({ labels }) => labels), 'job', 'instance', 'le', 'alertname', 'severity']);
    for (const { expr, where } of queriesOf(text)) {
      const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap((match) => match[1]!.split(', '));
      const unknown = grouped.filter((label) => label !== '' && !known.has(label));
      expect({ where, unknown }).toEqual({ where, unknown: [] });
    }
  });

  test('asks for both forms of each histogram, and names no bucket', () => {
    for (const { expr } of queriesOf(text)) {
      for (const { name } of specs.filter(({ type }) => type === 'histogram')) {
        if (!expr.includes(name)) continue;
        expect(expr).toMatch(new RegExp(`${name}_(bucket|sum)\\{.* or .*${name}\\{`));
      }
      expect(expr).not.toMatch(/\ble=/);
    }
  });

  test('has the variables, the annotations and the link to the other board', () => {
    expect(board.templating.list.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['datasource', 'job', 'instance', 'registry', 'path', 'client', 'workload']),
    );
    expect(board.annotations.list.map(({ name }) => name)).toEqual(['Alerts', 'Reloads', 'Restarts']);
    expect(board.links).toMatchObject([{ tags: ['blobprobe'], includeVars: true, keepTime: true }]);
    expect(Object.values(boardUids)).toContain(board.uid);
  });
});

describe('the linter table', () => {
  const { board } = files[0]!;
  const [panel] = content(board);
  const withPanel = (change: Partial<Panel>): Board => ({ ...board, panels: [{ ...panel!, ...change }] });
  const withExpr = (expr: string): Board => withPanel({ targets: [{ ...panel!.targets![0]!, expr }] });
  const withoutVariable = (name: string): Board => ({
    ...board,
    templating: { list: board.templating.list.filter((variable) => variable.name !== name) },
  });
  const every = (change: object): Board => ({
    ...board,
    templating: { list: board.templating.list.map((variable) => ({ ...variable, ...change })) },
  });
  const chosen = '{job=~"$job", instance=~"$instance"}';
  const loki = { uid: '${datasource}', type: 'loki' };
  const withLoki = (expr: string): Board => withPanel({ targets: [{ expr, datasource: loki }] });
  const relabelled = (name: string, change: object): Board => ({
    ...board,
    templating: { list: board.templating.list.map((one) => (one.name === name ? { ...one, ...change } : one)) },
  });
  const overridden = [{ properties: [{ id: 'unit', value: 'suffix:x' }] }];

  /** For each rule what breaks it. */
  const broken: Readonly<Record<string, readonly Board[]>> = {
    'template-datasource-rule': [withoutVariable('datasource'), relabelled('datasource', { label: 'Source' })],
    'template-job-rule': [withoutVariable('job'), relabelled('job', { allValue: '.*' })],
    'template-instance-rule': [withoutVariable('instance'), relabelled('instance', { multi: false })],
    'template-label-promql-rule': [every({ query: 'up' }), every({ query: 'label_values(up{, job)' })],
    'template-on-time-change-reload-rule': [every({ refresh: 1 })],
    'panel-datasource-rule': [withPanel({ datasource: { uid: 'prom' } })],
    'panel-title-description-rule': [withPanel({ description: '' }), withPanel({ title: '' })],
    'panel-units-rule': [
      withPanel({ fieldConfig: { defaults: { unit: 'suffix:x' } } }),
      withPanel({ fieldConfig: { defaults: { unit: 's' }, overrides: overridden } }),
    ],
    'panel-no-targets-rule': [withPanel({ targets: [] })],
    'target-logql-rule': [withLoki('{job="x"} |= "error"')],
    'target-logql-auto-rule': [withLoki('rate({job="x"}[5m])')],
    'target-promql-rule': [withExpr(`sum by (path (up${chosen})`), withExpr(`up${chosen} or`), withExpr('')],
    'target-rate-interval-rule': [withExpr(`rate(up${chosen}[5m])`)],
    'target-job-rule': [withExpr('up{instance=~"$instance"}')],
    'target-instance-rule': [withExpr('up{job=~"$job"}')],
    'target-counter-agg-rule': [withExpr(`blobprobe_runs_total${chosen}`)],
    'uneditable-dashboard': [{ ...board, editable: true }],
  };

  test('has all rules of the linter', () => {
    expect(Object.keys(lintRules)).toEqual(Object.keys(broken));
    expect(Object.keys(broken)).toHaveLength(17);
  });

  test.each(Object.keys(broken))('%s finds what breaks it', (name) => {
    for (const one of broken[name]!) expect(lintRules[name]?.(one)).not.toEqual([]);
  });
});

describe('both boards', () => {
  test('show every metric of the product', () => {
    const all = files.map(({ text }) => text).join('');
    const unseen = Object.entries(metricSpecs).filter(
      ([, { name }]) => !new RegExp(`${name}(?:_bucket|_sum)?\\{`).test(all),
    );
    expect(unseen.map(([key]) => key)).toEqual([]);
  });

  test('draw the thresholds of the alerts', () => {
    const drawn = files.map(({ text }) => text).join('');
    const exprs = alertGroups().flatMap((group) => group.rules.map(({ expr }) => expr));
    for (const key of ['retryRatio', 'firstAttemptFailureRatio', 'eventLoopLagSeconds', 'leftoverObjects'] as const) {
      expect(drawn).toContain(`"value": ${thresholds[key]}`);
      expect(exprs.some((expr) => expr.includes(`> ${thresholds[key]}`))).toBe(true);
    }
  });
});

const run = promisify(execFile);

describeWithComponents(['dashboard-linter'], 'the real dashboard-linter', () => {
  test.each(dashboardFileNames)('finds nothing in %s with --strict and no exclusion', async (name) => {
    const { stdout, stderr } = await run(requireComponent('dashboard-linter'), [
      'lint',
      '--strict',
      fileURLToPath(new URL(name, folder)),
    ]);
    expect(stdout + stderr).not.toMatch(/❌|⚠/);
  });
});

for (const tool of promtools) {
  describeWithComponents([tool], tool, () => {
    test('an alert that lasts is marked where it begins, and nowhere else', async () => {
      const labels = { job: 'blobprobe', instance: 'prober', client: 'docker', workload: 'large' };
      const shown = { alertname: 'BlobprobePathFault', path: 'edge', registry: 'gitea' };
      const firing = { ...shown, ...labels, alertstate: 'firing', severity: 'critical' };
      for (const { board } of files) {
        const { expr = '' } = board.annotations.list.find(({ name }) => name === 'Alerts')!;
        const asked = expanded(expr, { __interval: '1m' });
        const { output } = await testRules(tool, {
          ruleFiles: [],
          groupOrder: [],
          stepSeconds: 60,
          series: [{ series: selectorOf('ALERTS', firing), values: [undefined, undefined, undefined, 1, 1, 1, 1] }],
          expectations: [
            { atSeconds: 120, expr: asked, samples: [] },
            { atSeconds: 180, expr: asked, samples: [selectorOf('', shown)] },
            { atSeconds: 240, expr: asked, samples: [] },
            { atSeconds: 360, expr: asked, samples: [] },
          ],
        });
        expect(output).toContain('SUCCESS');
      }
    });

    test('parses every query', async () => {
      const values = {
        __range: '1h',
        __interval: '1m',
        __rate_interval: '5m',
        window: '300',
        interval: '60',
        wanted: '1',
      };
      const rules = files
        .flatMap(({ text }) => queriesOf(text))
        .map(({ expr }, index) => ({
          record: `q:${index}`,
          expr: expanded(expr, values),
        }));
      const folder = temporaryDirectory('queries');
      try {
        const file = join(folder.path, 'queries.json');
        writeFileSync(file, JSON.stringify({ groups: [{ name: 'boards', rules }] }));
        const { stdout } = await run(requireComponent(tool), ['check', 'rules', file]);
        expect(stdout).toContain(`SUCCESS: ${rules.length} rules found`);
      } finally {
        folder.remove();
      }
    });
  });
}

/** Names in a selector that are neither of ours nor of Prometheus'. */
function unknownParts(selector: string): string[] {
  const name = selector.replace(/\{.*/, '');
  const spec = specs.find((one) => one.name === name || one.name === name.replace(/_(?:bucket|sum|count)$/, ''));
  if (spec === undefined)
    return [...Object.values(recorded), 'ALERTS', 'process_start_time_seconds', 'up'].includes(name) ? [] : [name];
  const labels = [...selector.matchAll(/(\w+)=~?"/g)].map((match) => match[1]!);
  return labels.filter((label) => !['job', 'instance', ...spec.labels].includes(label));
}

function overlap({ gridPos: one }: Panel, { gridPos: other }: Panel): boolean {
  return one.x < other.x + other.w && other.x < one.x + one.w && one.y < other.y + other.h && other.y < one.y + one.h;
}
