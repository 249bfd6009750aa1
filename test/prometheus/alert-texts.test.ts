import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { alertGroups, ruleFileNames } from '../../prometheus/src/rules.ts';
import { sloAlertName, sloFileName } from '../../prometheus/src/slo.ts';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';
import { describeWithComponents } from '../support/component.ts';
import { examples } from './alert-examples.ts';
import { type Promtool, promtools, runTool } from './promtool.ts';

const file = new URL('../../docs/alerts.md', import.meta.url);
const start = '<!-- texts: made by Prometheus from the examples in test/prometheus/alert-examples.ts -->\n';
const end = '<!-- end of texts -->';
const alerts = alertGroups().flatMap((group) => group.rules);

/** What Prometheus makes of the annotations of every example, in their order: promtool is told to expect nothing, and says what came. */
async function rendered(tool: Promtool): Promise<Readonly<Record<string, string>>[]> {
  const folder = temporaryDirectory('texts');
  try {
    const path = join(folder.path, 'test.json');
    writeFileSync(path, JSON.stringify(testFile(folder.path)));
    const { output } = await runTool(tool, ['test', 'rules', path]);
    const found = [...output.matchAll(/^\s*Labels:\{(.*)\}\s*\n\s*Annotations:\{(.*)\},?\s*$/gm)];
    const read = found.map((match) => ({ labels: pairs(match[1] ?? ''), annotations: pairs(match[2] ?? '') }));
    return examples.map(({ alert, severity }) => {
      const one = read.find(
        ({ labels }) => labels['alertname'] === alert && [undefined, labels['severity']].includes(severity),
      );
      if (one === undefined) throw new Error(`${alert} does not fire in its example: ${output}`);
      return one.annotations;
    });
  } finally {
    folder.remove();
  }
}

const groupOrder = [
  'blobprobe.state',
  'blobprobe.window.30m',
  'blobprobe.alerts.30m',
  'blobprobe.alerts.other',
  'blobprobe.slo.sli',
  'blobprobe.slo.meta',
  'blobprobe.slo.alerts',
];

/** Without the rules of slow checks, which cost promtool a minute. */
function ruleFilesIn(folder: string): string[] {
  return [...ruleFileNames, sloFileName].map((name) => {
    const text = readFileSync(new URL(`../../prometheus/${name}`, import.meta.url), 'utf8');
    const { groups } = parse(text) as { groups: { name: string }[] };
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify({ groups: groups.filter((group) => groupOrder.includes(group.name)) }));
    return path;
  });
}

function testFile(folder: string): object {
  return {
    rule_files: ruleFilesIn(folder),
    evaluation_interval: '1m',
    group_eval_order: groupOrder,
    tests: examples.map(({ alert, series, atSeconds }) => ({
      interval: '1m',
      input_series: series.map((one) => ({
        series: one.series,
        values: one.values.map((value) => value ?? '_').join(' '),
      })),
      alert_rule_test: [{ eval_time: `${atSeconds}s`, alertname: alert, exp_alerts: [] }],
    })),
  };
}

/** Label sets as Prometheus prints them: names and Go strings, which are JSON's for what we write. */
function pairs(text: string): Record<string, string> {
  const found = text.matchAll(/(\w+)=("(?:[^"\\]|\\.)*")/g);
  return Object.fromEntries([...found].map(([, name, value]) => [name, JSON.parse(value ?? '') as string]));
}

function section(texts: readonly Readonly<Record<string, string>>[]): string {
  const blocks = examples.map(({ alert, severity }, index) => {
    const { summary, description, runbook_url: runbook, runs_url: runs, dashboard_url: board } = texts[index] ?? {};
    const links = Object.entries({ Runbook: runbook, Runs: runs, Board: board }).filter(([, url]) => url !== undefined);
    const lines = [summary, '', description, ...links.map(([name, url]) => `${name}: ${url}`)];
    const title = severity === undefined ? alert : `${alert} (${severity})`;
    return `### ${title}\n\n\`\`\`text\n${lines.join('\n')}\n\`\`\`\n`;
  });
  return `\n${blocks.join('\n')}\n`;
}

/** Prometheus 3 leaves the first sample of a window out, so that shares differ a little. */
function withoutShares(text: string): string {
  return text.replaceAll(/[\d.]+(?=%| objects| times)/g, 'N');
}

test('every alert has an example', () => {
  expect(new Set(examples.map(({ alert }) => alert))).toEqual(
    new Set([...alerts.map(({ alert }) => alert), sloAlertName]),
  );
});

for (const tool of promtools) {
  describeWithComponents([tool], `the texts of alerts, by ${tool}`, () => {
    test('stand in docs/alerts.md as they are sent (`npm run generate` writes them)', async () => {
      const texts = await rendered(tool);
      const text = readFileSync(file, 'utf8');
      const [from, to] = [text.indexOf(start) + start.length, text.indexOf(end)];
      expect(from).toBeGreaterThan(start.length);
      const wanted = text.slice(0, from) + section(texts) + text.slice(to);
      if (process.env['UPDATE_GENERATED'] === '1' && tool === promtools[0]) writeFileSync(file, wanted);
      expect(withoutShares(readFileSync(file, 'utf8'))).toBe(withoutShares(wanted));
      for (const { description = '' } of texts) {
        expect(description).toMatch(/^[^\n]+ Since: [^\n]+ Cause: [^\n]+ First try: [^\n]+$/);
        // A template that fails says so in the text.
        expect(description).not.toMatch(/<error|<no value>|%!|\{\{/i);
      }
    }, 120_000);
  });
}
