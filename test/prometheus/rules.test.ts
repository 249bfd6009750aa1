import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { cadences, windowLabel } from '../../prometheus/src/cadence.ts';
import { recorded, recordingGroups } from '../../prometheus/src/recording.ts';
import { alertGroups, ruleFileNames } from '../../prometheus/src/rules.ts';
import { severities } from '../../prometheus/src/rule.ts';
import { metricSpecs } from '../../src/publish/metrics/metric-names.ts';
import { describeWithComponents } from '../support/component.ts';
import { selectorsOf } from '../support/board-queries.ts';
import { promtools, runTool } from './promtool.ts';

const alerts = alertGroups().flatMap((group) => group.rules);
const recordings = recordingGroups().flatMap((group) => group.rules);
const known = new Set<string>([
  ...Object.values(metricSpecs).map(({ name }) => name),
  ...Object.values(recorded),
  'up',
]);

describe('the rules', () => {
  test.each([...alerts, ...recordings].map(({ expr }) => expr))('use metrics that exist: %s', (expr) => {
    const names = selectorsOf(expr).map((selector) => selector.replace(/\{.*/, ''));
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    expect(names).not.toEqual([]);
  });

  test('use no histogram, so that native ones and the writing of le change nothing', () => {
    for (const { expr } of [...alerts, ...recordings]) expect(expr).not.toMatch(/_bucket|_sum\b|_count\b|\ble\b/);
  });

  test('every recorded series is recorded, once for each cadence or once', () => {
    const counts = Object.values(recorded).map((name) => recordings.filter(({ record }) => record === name).length);
    expect(new Set(counts)).toEqual(new Set([1, cadences.length]));
  });

  test('every interval belongs to one cadence', () => {
    for (const seconds of [1, 60, 300, 301, 1800, 3600, 21_600, 21_601, 86_400, 604_800])
      expect(cadences.filter(({ above, upTo }) => seconds > above && seconds <= upTo)).toHaveLength(1);
    expect(new Set(cadences.map(windowLabel)).size).toBe(cadences.length);
  });

  test('the slower the checks, the longer the windows and the times to hold and keep', () => {
    for (const key of ['window', 'recent', 'hold', 'keep'] as const) {
      const values = cadences.map((cadence) => cadence[key]);
      expect(values).toEqual(values.toSorted((one, other) => one - other));
    }
    for (const { upTo, keep } of cadences.filter((cadence) => Number.isFinite(cadence.upTo)))
      expect(keep).toBeGreaterThanOrEqual(upTo);
  });
});

describe('every alert', () => {
  test.each(alerts)('$alert $window has a severity, a sentence and a runbook', (rule) => {
    expect(severities).toContain(rule.severity);
    expect(rule.alert).toMatch(/^Blobprobe[A-Z][A-Za-z]+$/);
    expect(rule.summary).toMatch(/^[A-Z].*\.$/);
    // It heads a group of alerts, whose labels differ.
    expect(rule.summary).not.toContain('{{');
    const { users, ...others } = rule.text;
    expect(users).toMatch(/^(?:\{\{ if[^}]*\}\})?[A-Z].*\.(?:\{\{ end \}\})*$/);
    for (const text of Object.values(others)) expect(text).toMatch(/\S/);
    const runbook = new URL(`../../docs/runbooks/${rule.alert}.md`, import.meta.url);
    expect(existsSync(runbook)).toBe(true);
  });

  test('of the same name and severity is told apart by its window', () => {
    const keys = alerts.map(({ alert, severity, window = '' }) => `${alert} ${severity} ${window}`);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('the runbooks', () => {
  const names = [...new Set(alerts.map(({ alert }) => alert))];
  test.each(names)('%s has all its parts, and commands and metrics that exist', (name) => {
    const text = readFileSync(new URL(`../../docs/runbooks/${name}.md`, import.meta.url), 'utf8');
    const parts = [...text.matchAll(/^## (.+)$/gm)].map((match) => match[1]);
    expect(parts).toEqual(['What users cannot do', 'Since when, and how sure', 'Cause and hop', 'First thing to try']);
    expect(text).toMatch(new RegExp(`^# ${name}\n`));
    expect(text).toMatch(/## Cause and hop\n\n```sh\n\S/);
    expect(metricsIn(text).filter((metric) => !known.has(metric))).toEqual([]);
  });

  test('docs/alerts.md lists each alert with its severities and its runbook', () => {
    const text = readFileSync(new URL('../../docs/alerts.md', import.meta.url), 'utf8');
    const listed = [...text.matchAll(/^\| \[(\w+)\]\(runbooks\/(\w+)\.md\) \| ([a-z, ]+) \|/gm)];
    const wanted = names.map((name) => {
      const found = new Set(alerts.filter(({ alert }) => alert === name).map(({ severity }) => severity));
      return [name, name, [...found].join(', ')];
    });
    const rows = listed.map((match) => match.slice(1).join(' '));
    expect(rows.toSorted()).toEqual(wanted.map((row) => row.join(' ')).toSorted());
    expect(metricsIn(text).filter((metric) => !known.has(metric))).toEqual([]);
  });

  function metricsIn(text: string): string[] {
    return (text.match(/\b(?:check:|path:|comparison:)?blobprobe_[a-z_]+(?::[a-z0-9_]+)?/g) ?? []).map((name) =>
      known.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, ''),
    );
  }
});

for (const tool of promtools) {
  describeWithComponents([tool], tool, () => {
    test('finds nothing wrong with the rules', async () => {
      const files = ruleFileNames.map((name) => fileURLToPath(new URL(`../../prometheus/${name}`, import.meta.url)));
      const { code, output } = await runTool(tool, ['check', 'rules', ...files]);
      expect(output).toContain(`${alerts.length} rules found`);
      expect(output).toContain(`${recordings.length} rules found`);
      expect(output).not.toContain('duplicate');
      expect(code).toBe(0);
    });
  });
}
