import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dashboardFiles } from '../../grafana/src/dashboards.ts';
import { ruleFiles } from '../../prometheus/src/rules.ts';
import { sloFile } from '../../prometheus/src/slo.ts';
import { links } from '../../prometheus/src/texts.ts';
import { describeWithComponents, requireComponent } from '../support/component.ts';

const file = fileURLToPath(new URL('../../mixin.libsonnet', import.meta.url));
const run = promisify(execFile);

describe('the mixin', () => {
  test('replaces the placeholders that the rules hold', () => {
    const text = readFileSync(file, 'utf8');
    for (const placeholder of Object.values(links)) expect(text.split(placeholder).length - 1).toBe(2);
  });
});

describeWithComponents(['jsonnet'], 'the mixin in jsonnet', () => {
  async function evaluated(expression: string): Promise<unknown> {
    const { stdout } = await run(requireComponent('jsonnet'), ['-e', `local m = import '${file}'; ${expression}`], {
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(stdout);
  }

  test('gives the boards and rules as they are', async () => {
    const boards = Object.entries(dashboardFiles()).map(([name, text]) => [name, JSON.parse(text) as unknown]);
    expect(await evaluated('m.grafanaDashboards')).toEqual(Object.fromEntries(boards));
    expect(await evaluated('m.prometheusRules')).toEqual(parse(ruleFiles()['blobprobe.rules.yaml']));
    expect(await evaluated('m.prometheusAlerts')).toEqual(parse(ruleFiles()['blobprobe.alerts.yaml']));
  });

  test('puts the address of one’s own Grafana into the alerts', async () => {
    const mine = await evaluated(
      "(m { _config+:: { grafanaUrl: 'https://g.mine', runbookUrl: 'https://r.mine', blobprobeUrl: 'https://b.mine' } }).prometheusAlerts",
    );
    const alerts = ruleFiles()['blobprobe.alerts.yaml'];
    const wanted = alerts
      .replaceAll(links.grafana, 'https://g.mine')
      .replaceAll(links.runbooks, 'https://r.mine')
      .replaceAll(links.prober, 'https://b.mine');
    expect(mine).toEqual(parse(wanted));
  });

  test('adds the rules for an objective when there is one', async () => {
    const withObjective = '(m { _config+:: { sloObjective: 0.995 } })';
    const added = async (field: string): Promise<object[]> => {
      const [all, usual] = (await Promise.all(
        [withObjective, 'm'].map((mixin) => evaluated(`${mixin}.${field}.groups`)),
      )) as [object[], object[]];
      expect(all.slice(0, usual.length)).toEqual(usual);
      return all.slice(usual.length);
    };
    const [sli, meta, alerts] = (parse(sloFile()) as { groups: object[] }).groups;
    const labels = { sloth_id: 'blobprobe-pushes', sloth_service: 'blobprobe', sloth_slo: 'pushes' };
    const rule = { record: 'slo:objective:ratio', expr: 'vector(0.995)', labels };
    expect(await added('prometheusRules')).toEqual([{ name: 'blobprobe.slo.objective', rules: [rule] }, sli, meta]);
    expect(await added('prometheusAlerts')).toEqual([alerts]);
  });
});
