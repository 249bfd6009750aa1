import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { alertGroups, labelsOf } from '../../prometheus/src/rules.ts';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';
import { describeWithComponents } from '../support/component.ts';
import { runTool } from './promtool.ts';

const file = fileURLToPath(new URL('../../alertmanager/alertmanager.yaml', import.meta.url));
const template = fileURLToPath(new URL('../../alertmanager/blobprobe.tmpl', import.meta.url));
const alerts = alertGroups().flatMap((group) => group.rules);

interface InhibitRule {
  readonly source_matchers: readonly string[];
  readonly target_matchers: readonly string[];
  readonly equal: readonly string[];
}
const { inhibit_rules: inhibitRules } = parse(readFileSync(file, 'utf8')) as { inhibit_rules: readonly InhibitRule[] };

function alertNames(matchers: readonly string[]): string[] {
  const names = matchers.flatMap((matcher) => /^alertname=~?"([^"]+)"$/.exec(matcher)?.[1]?.split('|') ?? []);
  return names.filter((name) => !name.includes('+'));
}

describe('the inhibition rules', () => {
  test.each(inhibitRules)(
    '$source_matchers silences $target_matchers: both exist and have the equal labels',
    (rule) => {
      const { source_matchers: source, target_matchers: targets, equal } = rule;
      for (const name of [...alertNames(source), ...alertNames(targets)]) {
        const found = alerts.filter(({ alert }) => alert === name);
        expect({ name, count: found.length }).not.toEqual({ name, count: 0 });
        for (const alert of found) expect(labelsOf(alert)).toEqual(expect.arrayContaining([...equal]));
      }
      expect(alertNames(source)).toHaveLength(1);
    },
  );
});

describeWithComponents(['amtool'], 'the Alertmanager example', () => {
  test('passes amtool check-config', async () => {
    const { code, output } = await runTool('amtool', ['check-config', file]);
    expect(output).toContain(`${inhibitRules.length} inhibit rules`);
    expect(code).toBe(0);
  });

  const receivers = { critical: 'pager', warning: 'tickets', info: 'journal' };
  const kinds = new Map(alerts.map(({ alert, severity }) => [`${alert} ${severity}`, { alert, severity }]));
  test.each([...kinds.values()])('routes $alert ($severity)', async ({ alert, severity }) => {
    const labels = [`alertname=${alert}`, `severity=${severity}`, 'registry=gitea'];
    const { output } = await runTool('amtool', ['config', 'routes', 'test', `--config.file=${file}`, ...labels]);
    expect(output.split('\n')[0]).toBe(receivers[severity]);
  });

  test('keeps the alerts of others out of the pager', async () => {
    const labels = ['alertname=DiskFull', 'severity=critical'];
    const { output } = await runTool('amtool', ['config', 'routes', 'test', `--config.file=${file}`, ...labels]);
    expect(output.split('\n')[0]).toBe('tickets');
  });

  test('writes a notification that can be read', async () => {
    const folder = temporaryDirectory('template');
    try {
      const data = join(folder.path, 'data.json');
      writeFileSync(data, JSON.stringify(notification));
      const text = '{{ template "blobprobe.title" . }}\n{{ template "blobprobe.text" . }}';
      const args = ['template', 'render', `--template.glob=${template}`, `--template.data=${data}`];
      const { output } = await runTool('amtool', [...args, `--template.text=${text}`]);
      expect(output.trimEnd()).toBe(
        [
          '[FIRING 1] BlobprobePathFault gitea over edge',
          'Pushes fail over one path.',
          '',
          '* Users cannot push large.',
          '  Since: 3 failed runs in a row.',
          '  Cause: nginx refuses bodies.',
          '  First try: `client_max_body_size 0;`',
          '  Firing since 2026-01-01 00:00 UTC.',
          '  Runs: http://prober:10719/runs?path=edge',
          '  Board: https://grafana.example.org/d/x',
          '* Over: BlobprobePathFault over edge as docker, large, at 2026-01-01 01:00 UTC.',
          '',
          'What to do: https://example.org/BlobprobePathFault.md',
        ].join('\n'),
      );
    } finally {
      folder.remove();
    }
  });
});

const common = { alertname: 'BlobprobePathFault', registry: 'gitea', path: 'edge' };
const notification = {
  receiver: 'tickets',
  status: 'firing',
  externalURL: 'http://alertmanager.example.org',
  groupLabels: common,
  commonLabels: common,
  commonAnnotations: {
    summary: 'Pushes fail over one path.',
    runbook_url: 'https://example.org/BlobprobePathFault.md',
  },
  alerts: [
    {
      status: 'firing',
      labels: { ...common, workload: 'large' },
      annotations: {
        description:
          'Users cannot push large. Since: 3 failed runs in a row. Cause: nginx refuses bodies. First try: `client_max_body_size 0;`',
        runs_url: 'http://prober:10719/runs?path=edge',
        dashboard_url: 'https://grafana.example.org/d/x',
      },
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: '0001-01-01T00:00:00Z',
    },
    {
      status: 'resolved',
      labels: { ...common, client: 'docker', workload: 'large' },
      annotations: {},
      startsAt: '2026-01-01T00:00:00Z',
      endsAt: '2026-01-01T01:00:00Z',
    },
  ],
};
