import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { pathAlerts } from '../../prometheus/src/path-alerts.ts';
import { proberAlerts } from '../../prometheus/src/prober-alerts.ts';
import { ruleFileNames } from '../../prometheus/src/rules.ts';
import { temporaryDirectory } from '../real/support/temporary-directory.ts';
import { describeWithComponents } from '../support/component.ts';
import { type InputSeries, promtools, testRules } from './promtool.ts';
import { selectorOf, seriesName, target } from './simulated-check.ts';

const committed = new URL('../../prometheus/', import.meta.url);
const hour = 3600;
const day = 24 * hour;
const step = 300;
/** What goes on for days is looked at more seldom: each look costs three milliseconds. */
const longStep = 900;

const edge = { registry: 'gitea', path: 'edge' };
const up = selectorOf('up', target);
const buildInfo = seriesName('buildInfo', { version: '1', revision: 'a', nodeversion: 'v20' });
/** A prober that is scraped: without it the alerts on the exporter itself fire. */
const alive: readonly Values[] = [
  { series: up, before: 1, broken: 1, after: 1 },
  { series: buildInfo, before: 1, broken: 1, after: 1 },
];

type Value = number | undefined | ((seconds: number) => number);
interface Values {
  readonly series: string;
  readonly before: Value;
  readonly broken: Value;
  readonly after: Value;
}

interface Scenario {
  readonly name: string;
  readonly series: readonly Values[];
  readonly brokenSeconds?: number;
  readonly afterSeconds?: number;
  readonly firing: readonly Readonly<Record<string, string>>[];
}

const size = { ...edge, client: 'docker', direction: 'push' };
const pulled = { ...size, direction: 'pull' };
const scenarios: readonly Scenario[] = [
  {
    name: 'a path accepts half the size',
    series: [
      ...alive,
      {
        series: seriesName('limitBytes', { ...size, bound: 'largest_accepted' }),
        before: 2e8,
        broken: 1e8,
        after: 2e8,
      },
      {
        series: seriesName('limitBytes', { ...size, bound: 'smallest_rejected' }),
        before: 2.1e8,
        broken: 1.1e8,
        after: 2.1e8,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [{ alertname: 'BlobprobeSizeLimitDropped', severity: 'critical', ...size }],
  },
  {
    name: 'a path cuts uploads sooner',
    series: [
      ...alive,
      {
        series: seriesName('limitSeconds', { ...size, bound: 'largest_accepted' }),
        before: 600,
        broken: 60,
        after: 600,
      },
      {
        series: seriesName('limitSeconds', { ...size, bound: 'smallest_rejected' }),
        before: 700,
        broken: 70,
        after: 700,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [{ alertname: 'BlobprobeDurationLimitDropped', severity: 'critical', ...size }],
  },
  {
    name: 'a path cuts smaller pulls',
    series: [
      ...alive,
      {
        series: seriesName('limitBytes', { ...pulled, bound: 'largest_accepted' }),
        before: 2e8,
        broken: 1e8,
        after: 2e8,
      },
      {
        series: seriesName('limitBytes', { ...pulled, bound: 'smallest_rejected' }),
        before: undefined,
        broken: 1.1e8,
        after: undefined,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [{ alertname: 'BlobprobePullSizeLimitDropped', severity: 'critical', ...pulled }],
  },
  {
    name: 'a path cuts pulls sooner',
    series: [
      ...alive,
      {
        series: seriesName('limitSeconds', { ...pulled, bound: 'largest_accepted' }),
        before: 125,
        broken: 50,
        after: 125,
      },
      {
        series: seriesName('limitSeconds', { ...pulled, bound: 'smallest_rejected' }),
        before: undefined,
        broken: 60,
        after: undefined,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [{ alertname: 'BlobprobePullDurationLimitDropped', severity: 'critical', ...pulled }],
  },
  {
    name: 'nothing comes back over a path any more, however small',
    series: [
      ...alive,
      {
        series: seriesName('limitBytes', { ...pulled, bound: 'largest_accepted' }),
        before: 2e8,
        broken: undefined,
        after: 2e8,
      },
      {
        series: seriesName('limitBytes', { ...pulled, bound: 'smallest_rejected' }),
        before: undefined,
        broken: 10,
        after: undefined,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [{ alertname: 'BlobprobePullSizeLimitDropped', severity: 'critical', ...pulled }],
  },
  {
    name: 'a search over pulls finds the same limit an eighth lower, from where a reset cut them',
    series: [
      ...alive,
      {
        series: seriesName('limitBytes', { ...pulled, bound: 'largest_accepted' }),
        before: 8e6,
        broken: 7e6,
        after: 8e6,
      },
      {
        series: seriesName('limitBytes', { ...pulled, bound: 'smallest_rejected' }),
        before: 8.1e6,
        broken: 7.8e6,
        after: 8.1e6,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [],
  },
  {
    name: 'the same short limit of pulls is found a step lower',
    series: [
      ...alive,
      {
        series: seriesName('limitSeconds', { ...pulled, bound: 'largest_accepted' }),
        before: 13.125,
        broken: 8.75,
        after: 13.125,
      },
      {
        series: seriesName('limitSeconds', { ...pulled, bound: 'smallest_rejected' }),
        before: 17.5,
        broken: 13.125,
        after: 17.5,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [],
  },
  {
    name: 'the same limit of pulls of a moment is found below the shortest time tried',
    series: [
      ...alive,
      {
        series: seriesName('limitSeconds', { ...pulled, bound: 'largest_accepted' }),
        before: 4.375,
        broken: undefined,
        after: 4.375,
      },
      {
        series: seriesName('limitSeconds', { ...pulled, bound: 'smallest_rejected' }),
        before: 8.75,
        broken: 4.375,
        after: 8.75,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [],
  },
  {
    name: 'a path cuts pulls two steps sooner than before',
    series: [
      ...alive,
      {
        series: seriesName('limitSeconds', { ...pulled, bound: 'largest_accepted' }),
        before: 13.125,
        broken: 4.375,
        after: 13.125,
      },
      {
        series: seriesName('limitSeconds', { ...pulled, bound: 'smallest_rejected' }),
        before: 17.5,
        broken: 8.75,
        after: 17.5,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [{ alertname: 'BlobprobePullDurationLimitDropped', severity: 'critical', ...pulled }],
  },
  {
    name: 'a path cuts even the shortest pull',
    series: [
      ...alive,
      {
        series: seriesName('limitSeconds', { ...pulled, bound: 'largest_accepted' }),
        before: 8.75,
        broken: undefined,
        after: 8.75,
      },
      {
        series: seriesName('limitSeconds', { ...pulled, bound: 'smallest_rejected' }),
        before: 13.125,
        broken: 4.375,
        after: 13.125,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [{ alertname: 'BlobprobePullDurationLimitDropped', severity: 'critical', ...pulled }],
  },
  {
    name: 'a path pushes as before and its pulls come back up to another size',
    series: [
      ...alive,
      {
        series: seriesName('limitBytes', { ...size, bound: 'largest_accepted' }),
        before: 2e8,
        broken: 2e8,
        after: 2e8,
      },
      {
        series: seriesName('limitBytes', { ...size, bound: 'smallest_rejected' }),
        before: 3e8,
        broken: 3e8,
        after: 3e8,
      },
      {
        series: seriesName('limitBytes', { ...pulled, bound: 'largest_accepted' }),
        before: 1e8,
        broken: 1e8,
        after: 1e8,
      },
      {
        series: seriesName('limitBytes', { ...pulled, bound: 'smallest_rejected' }),
        before: 1.1e8,
        broken: 1.1e8,
        after: 1.1e8,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [],
  },
  {
    name: 'somebody lowers the size that is searched up to',
    series: [
      ...alive,
      {
        series: seriesName('limitBytes', { ...size, bound: 'largest_accepted' }),
        before: 2e8,
        broken: 1e8,
        after: 1e8,
      },
    ],
    firing: [],
  },
  {
    name: 'somebody lowers the time that is searched up to',
    series: [
      ...alive,
      {
        series: seriesName('limitSeconds', { ...size, bound: 'largest_accepted' }),
        before: 600,
        broken: 60,
        after: 60,
      },
    ],
    firing: [],
  },
  {
    name: 'a path cuts even the shortest upload',
    series: [
      ...alive,
      {
        series: seriesName('limitSeconds', { ...size, bound: 'largest_accepted' }),
        before: 600,
        broken: undefined,
        after: 600,
      },
      {
        series: seriesName('limitSeconds', { ...size, bound: 'smallest_rejected' }),
        before: undefined,
        broken: 10,
        after: undefined,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [{ alertname: 'BlobprobeDurationLimitDropped', severity: 'critical', ...size }],
  },
  {
    name: 'a path refuses even the smallest size',
    series: [
      ...alive,
      {
        series: seriesName('limitBytes', { ...size, bound: 'largest_accepted' }),
        before: 600,
        broken: undefined,
        after: 600,
      },
      {
        series: seriesName('limitBytes', { ...size, bound: 'smallest_rejected' }),
        before: undefined,
        broken: 10,
        after: undefined,
      },
    ],
    afterSeconds: 26 * hour,
    firing: [{ alertname: 'BlobprobeSizeLimitDropped', severity: 'critical', ...size }],
  },
  ...(
    [
      ['the same limit of a new pod on the same host', 2e8, 2.1e8, []],
      [
        'a smaller limit of a new pod on the same host',
        1e8,
        1.1e8,
        [{ alertname: 'BlobprobeSizeLimitDropped', severity: 'critical', ...size }],
      ],
    ] as const
  ).map(
    ([name, accepted, rejected, firing]): Scenario => ({
      name,
      series: [
        ...alive,
        {
          series: seriesName('limitBytes', { ...size, pod: 'a', bound: 'largest_accepted' }),
          before: 2e8,
          broken: undefined,
          after: undefined,
        },
        {
          series: seriesName('limitBytes', { ...size, pod: 'a', bound: 'smallest_rejected' }),
          before: 2.1e8,
          broken: undefined,
          after: undefined,
        },
        {
          series: seriesName('limitBytes', { ...size, pod: 'b', bound: 'largest_accepted' }),
          before: undefined,
          broken: accepted,
          after: 2e8,
        },
        {
          series: seriesName('limitBytes', { ...size, pod: 'b', bound: 'smallest_rejected' }),
          before: undefined,
          broken: rejected,
          after: 2.1e8,
        },
      ],
      afterSeconds: 26 * hour,
      firing,
    }),
  ),
  {
    name: 'the prober of a job is gone from the targets while another job has one',
    series: [
      { series: buildInfo, before: 1, broken: undefined, after: 1 },
      { series: up, before: 1, broken: undefined, after: 1 },
      { series: buildInfo.replaceAll('"blobprobe"', '"another"'), before: 1, broken: 1, after: 1 },
      { series: up.replaceAll('"blobprobe"', '"another"'), before: 1, broken: 1, after: 1 },
    ],
    firing: [{ alertname: 'BlobprobeExporterAbsent', severity: 'critical', instance: '' }],
  },
  {
    name: 'a prober of a job is replaced by one of another address',
    series: [
      { series: buildInfo, before: 1, broken: undefined, after: undefined },
      { series: up, before: 1, broken: undefined, after: undefined },
      { series: buildInfo.replaceAll('prober:', 'another:'), before: undefined, broken: 1, after: 1 },
      { series: up.replaceAll('prober:', 'another:'), before: undefined, broken: 1, after: 1 },
    ],
    firing: [],
  },
  {
    name: 'the only prober is down',
    series: [
      { series: up, before: 1, broken: 0, after: 1 },
      { series: buildInfo, before: 1, broken: undefined, after: 1 },
    ],
    firing: [{ alertname: 'BlobprobeExporterDown', severity: 'critical' }],
  },
  {
    name: 'a prober is down for two days',
    series: [
      { series: up, before: 1, broken: 0, after: 1 },
      { series: buildInfo, before: 1, broken: undefined, after: 1 },
      { series: buildInfo.replaceAll('prober:', 'another:'), before: 1, broken: 1, after: 1 },
    ],
    brokenSeconds: 50 * hour,
    firing: [{ alertname: 'BlobprobeExporterDown', severity: 'critical' }],
  },
  {
    name: 'an endpoint is down',
    series: [...alive, { series: seriesName('apiUp', { ...edge, endpoint: 'ping' }), before: 1, broken: 0, after: 1 }],
    firing: [{ alertname: 'BlobprobeApiDown', severity: 'warning', ...edge, endpoint: 'ping' }],
  },
  {
    name: 'a certificate has ten days left',
    series: [
      ...alive,
      { series: seriesName('tlsCertificateExpiry', edge), before: 90 * day, broken: 10 * day, after: 90 * day },
    ],
    firing: [{ alertname: 'BlobprobeCertificateExpiring', severity: 'warning', ...edge }],
  },
  {
    name: 'a certificate has two days left',
    series: [
      ...alive,
      { series: seriesName('tlsCertificateExpiry', edge), before: 90 * day, broken: 2 * day, after: 90 * day },
    ],
    firing: [{ alertname: 'BlobprobeCertificateExpiring', severity: 'critical', ...edge }],
  },
  {
    name: 'leftovers pile up',
    series: [
      ...alive,
      { series: seriesName('leftoverObjects', { registry: 'gitea', kind: 'blob' }), before: 1, broken: 15, after: 1 },
      {
        series: seriesName('leftoverObjects', { registry: 'gitea', kind: 'session' }),
        before: 1,
        broken: 15,
        after: 1,
      },
    ],
    brokenSeconds: 7 * hour,
    firing: [{ alertname: 'BlobprobeLeftovers', severity: 'warning', registry: 'gitea' }],
  },
  {
    name: 'the budget is used up',
    series: [...alive, { series: seriesName('budgetRemaining'), before: 1e9, broken: 0, after: 1e9 }],
    firing: [{ alertname: 'BlobprobeBudgetExhausted', severity: 'info' }],
  },
  {
    name: 'runs are skipped for the budget',
    series: [
      ...alive,
      {
        series: seriesName('runsSkipped', { ...size, workload: 'large', cause: 'budget' }),
        before: 0,
        broken: (seconds) => seconds / step,
        after: 24,
      },
    ],
    firing: [{ alertname: 'BlobprobeBudgetExhausted', severity: 'info' }],
  },
  {
    name: 'the event loop is late',
    series: [...alive, { series: seriesName('eventLoopLag'), before: 0.01, broken: 0.4, after: 0.01 }],
    firing: [{ alertname: 'BlobprobeProberOverloaded', severity: 'warning' }],
  },
  {
    name: 'many runs are tainted',
    series: [
      ...alive,
      { series: seriesName('checkInterval', { ...size, workload: 'large' }), before: 300, broken: 300, after: 300 },
      // Without the times of its last run the check is no longer in the state rules; only its counters matter here.
      ...(['runs', 'runsTainted'] as const).map((key) => ({
        series: seriesName(key, { ...size, workload: 'large' }),
        before: (seconds: number) => (key === 'runs' ? seconds / step : 0),
        broken: (seconds: number) => seconds / step,
        after: (seconds: number) => (key === 'runs' ? seconds / step : 48),
      })),
    ],
    firing: [{ alertname: 'BlobprobeProberOverloaded', severity: 'warning' }],
  },
  {
    name: 'the host of the prober has no descriptors left',
    series: [
      ...alive,
      {
        series: seriesName('runsExhausted'),
        before: 3,
        broken: (seconds) => 3 + seconds / step,
        after: 500,
      },
    ],
    firing: [{ alertname: 'BlobprobeProberExhausted', severity: 'warning' }],
  },
  {
    name: 'the prober is paused and forgotten',
    series: [...alive, { series: seriesName('paused'), before: 0, broken: 1, after: 0 }],
    brokenSeconds: 3 * hour,
    firing: [{ alertname: 'BlobprobePaused', severity: 'warning' }],
  },
  {
    name: 'a reload failed',
    series: [...alive, { series: seriesName('configLastReloadSuccessful'), before: 1, broken: 0, after: 1 }],
    firing: [{ alertname: 'BlobprobeReloadFailed', severity: 'warning' }],
  },
  {
    name: 'a prober is down',
    series: [
      { series: up, before: 1, broken: 0, after: 1 },
      { series: buildInfo, before: 1, broken: undefined, after: 1 },
      { series: buildInfo.replaceAll('prober:', 'another:'), before: 1, broken: 1, after: 1 },
      { series: 'up{job="other", instance="other"}', before: 1, broken: 0, after: 1 },
    ],
    firing: [{ alertname: 'BlobprobeExporterDown', severity: 'critical' }],
  },
  {
    name: 'no prober has been scraped for days',
    series: [
      { series: buildInfo, before: 1, broken: undefined, after: 1 },
      { series: up, before: 1, broken: undefined, after: 1 },
    ],
    brokenSeconds: 50 * hour,
    firing: [{ alertname: 'BlobprobeExporterAbsent', severity: 'critical', job: '', instance: '' }],
  },
  {
    name: 'no prober is scraped',
    series: [
      { series: buildInfo, before: 1, broken: undefined, after: 1 },
      { series: up, before: 1, broken: undefined, after: 1 },
    ],
    firing: [{ alertname: 'BlobprobeExporterAbsent', severity: 'critical', instance: '' }],
  },
];

function written(
  { series, before, broken, after }: Values,
  breaksAt: number,
  healsAt: number,
  end: number,
  stepSeconds: number,
): InputSeries {
  const values = Array.from({ length: end / stepSeconds + 1 }, (_, index) => {
    const seconds = index * stepSeconds;
    const value = seconds <= breaksAt ? before : seconds <= healsAt ? broken : after;
    return typeof value === 'function' ? value(seconds) : value;
  });
  return { series, values };
}

/** Without the rules of slow checks, which nothing here concerns. */
function ruleFiles(
  folder: string,
  groupOrder = ['blobprobe.state', 'blobprobe.window.30m', 'blobprobe.alerts.other'],
): { readonly ruleFiles: string[]; readonly groupOrder: string[] } {
  const files = ruleFileNames.map((name) => {
    const { groups } = parse(readFileSync(new URL(name, committed), 'utf8')) as { groups: { name: string }[] };
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify({ groups: groups.filter((group) => groupOrder.includes(group.name)) }));
    return file;
  });
  return { ruleFiles: files, groupOrder };
}

for (const tool of promtools) {
  describeWithComponents([tool], `alerts about limits, endpoints and the prober, by ${tool}`, () => {
    test('each has a scenario here', () => {
      const named = new Set(scenarios.flatMap(({ firing }) => firing.map(({ alertname }) => alertname)));
      expect([...pathAlerts(), ...proberAlerts()].filter(({ alert }) => !named.has(alert))).toEqual([]);
    });

    test.each(scenarios)('$name: fire, resolve, and no other alert does', async (scenario) => {
      const breaksAt = 2 * hour;
      const healsAt = breaksAt + (scenario.brokenSeconds ?? 2 * hour);
      const end = healsAt + (scenario.afterSeconds ?? 3 * hour);
      const stepSeconds = end > day ? longStep : step;
      const folder = temporaryDirectory('rules');
      const expr = 'ALERTS{alertstate="firing"}';
      const samples = scenario.firing.map(({ alertname = '', ...own }) => {
        const labels = Object.entries({ ...target, ...own }).filter(([, value]) => value !== '');
        return selectorOf('ALERTS', { alertname, alertstate: 'firing', ...Object.fromEntries(labels) });
      });
      try {
        const result = await testRules(tool, {
          ...ruleFiles(folder.path),
          stepSeconds,
          series: scenario.series.map((values) => written(values, breaksAt, healsAt, end, stepSeconds)),
          expectations: [
            { atSeconds: breaksAt, expr, samples: [] },
            { atSeconds: healsAt, expr, samples },
            { atSeconds: end, expr, samples: [] },
          ],
        });
        expect(result.output).toContain('SUCCESS');
        expect(result.code).toBe(0);
      } finally {
        folder.remove();
      }
    });

    test('while it is paused a check that does not run is no news, afterwards it is', async () => {
      const pausedFrom = 2 * hour;
      const resumedAt = 5 * hour;
      const end = 7 * hour;
      const labels = { registry: 'gitea', path: 'edge', client: 'docker', workload: 'large' };
      const flat = (value: number): number[] => Array.from({ length: end / step + 1 }, () => value);
      const stamps = flat(0).map((_, index) => Math.min(index * step, pausedFrom));
      const paused = flat(0).map((_, index) => (index * step > pausedFrom && index * step <= resumedAt ? 1 : 0));
      const folder = temporaryDirectory('rules');
      const expr = 'ALERTS{alertstate="firing"}';
      const stale = { alertname: 'BlobprobeCheckStale', alertstate: 'firing', severity: 'warning', window: '30m' };
      const names = ['blobprobe.state', 'blobprobe.window.30m', 'blobprobe.alerts.30m'];
      try {
        const result = await testRules(tool, {
          ...ruleFiles(folder.path, names),
          stepSeconds: step,
          series: [
            { series: seriesName('checkInterval', labels), values: flat(300) },
            { series: seriesName('lastRunTimestamp', labels), values: stamps },
            { series: seriesName('paused'), values: paused },
          ],
          expectations: [
            { atSeconds: pausedFrom + hour, expr, samples: [] },
            { atSeconds: resumedAt, expr, samples: [] },
            { atSeconds: end, expr, samples: [selectorOf('ALERTS', { ...stale, ...target, ...labels })] },
          ],
        });
        expect(result.output).toContain('SUCCESS');
      } finally {
        folder.remove();
      }
    });
  });
}
