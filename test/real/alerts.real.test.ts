import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dashboardFiles } from '../../grafana/src/dashboards.ts';
import type { Cadence } from '../../prometheus/src/cadence.ts';
import { alertGroups, ruleFiles } from '../../prometheus/src/rules.ts';
import { recordingGroups } from '../../prometheus/src/recording.ts';
import { type DemoLab, startLab } from '../../src/demo/lab.ts';
import { metricSpecs } from '../../src/publish/metric-names.ts';
import { expanded, queriesOf, selectorsOf } from '../support/board-queries.ts';
import { describeWithComponents } from '../support/component.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { type Delivered, type Monitoring, startMonitoring } from './support/monitoring.ts';
import { waitFor } from './support/process.ts';

const KiB = 1024;
const broken = 'cloudflare-enterprise';
const every = 3;

/** The product's own rules with seconds for minutes. */
const hurried: Cadence = {
  above: 0,
  upTo: Number.POSITIVE_INFINITY,
  window: 30,
  recent: 20,
  recentStep: 1,
  past: 60,
  pastStep: 2,
  hold: 2,
  keep: 4,
};
const rules = { cadences: [hurried], timeScale: 1 / 300 };
const alertmanagerExample = new URL('../../alertmanager/alertmanager.yaml', import.meta.url);

/** Metrics that may be without series in this scene, and why that is right. */
const mayBeEmpty = new Map<string, string>([
  [metricSpecs.limitBytes.name, 'no search for limits is configured'],
  [metricSpecs.limitSeconds.name, 'no search for limits is configured'],
  ['path:blobprobe_limit_bytes:max_7d', 'no search for limits is configured'],
  ['path:blobprobe_limit_seconds:max_7d', 'no search for limits is configured'],
  [metricSpecs.roundVerdict.name, 'no round over all paths is configured'],
  [metricSpecs.pathAtFault.name, 'no round over all paths is configured'],
  [metricSpecs.apiUp.name, 'the endpoints are not checked in this scene'],
  [metricSpecs.budgetRemaining.name, 'no budget is configured'],
  [metricSpecs.leftoverObjects.name, 'absent until something is left behind'],
]);

describeWithComponents(
  ['prometheus', 'prometheus-alertmanager'],
  'a path breaks and heals, with real monitoring',
  () => {
    let lab: DemoLab;
    let daemon: RunningDaemon;
    let monitoring: Monitoring;

    beforeAll(async () => {
      lab = await startLab({ outage: { everyMs: 3_600_000, downMs: 1_000 } });
      daemon = await startDaemon(configuration(lab));
      const { inhibit_rules: inhibitRules } = parse(readFileSync(alertmanagerExample, 'utf8')) as Record<
        string,
        unknown
      >;
      monitoring = await startMonitoring({ target: daemon.address, ruleFiles: ruleFiles(rules), inhibitRules });
      // A past of successes on each path, without which a first failure would be all there is.
      await daemon.scrapeUntil('some runs of each check', everyCheckRan(8), 60_000);
    }, 90_000);

    afterAll(async () => {
      await monitoring?.stop();
      await daemon?.stop();
      await lab?.close();
    });

    const about = ({ labels }: Delivered): boolean => labels['path'] === broken && labels['workload'] === 'large';
    const names = (delivered: readonly Delivered[]): string[] =>
      [...new Set(delivered.map(({ labels }) => labels['alertname'] ?? ''))].filter(
        (name) => !name.includes('Throughput'),
      );
    const firing = async (alertname: string): Promise<boolean> =>
      (await monitoring.query(`ALERTS{alertname="${alertname}", alertstate="firing", path="${broken}"}`)).length > 0;
    const arrived = (what: string, status: Delivered['status']): Promise<Delivered> =>
      waitFor(what, () => monitoring.delivered.find((one) => about(one) && one.status === status), {
        timeoutMs: 60_000,
        everyMs: 200,
        details: () => JSON.stringify(monitoring.delivered, undefined, 1),
      });

    test('nothing is delivered while all paths work', () => {
      expect(names(monitoring.delivered)).toEqual([]);
    });

    test('the fault of the path is delivered, with its labels and its reason', async () => {
      lab.break(broken, [{ kind: 'body-limit', limitBytes: 256 * KiB, ending: 'keep-alive' }]);
      const { labels, annotations } = await arrived('the alert', 'firing');
      expect(labels).toMatchObject({
        alertname: 'BlobprobePathFault',
        severity: 'critical',
        job: 'blobprobe',
        registry: 'gitea',
        path: broken,
        client: 'docker',
        workload: 'large',
      });
      expect(annotations['description']).toContain('body_too_large');
      expect(annotations['description']).toContain('answered by cloudflare');
      expect(annotations['dashboard_url']).toContain(`var-path=${broken}`);
      expect(annotations['runbook_url']).toMatch(/\/BlobprobePathFault\.md$/);
    });

    test('what follows from the fault fires in Prometheus, and is not delivered', async () => {
      await waitFor(
        'the followers',
        async () => (await firing('BlobprobePushFailing')) && firing('BlobprobeRetriesHigh'),
        {
          timeoutMs: 60_000,
          everyMs: 500,
        },
      );
      await daemon.scrapeUntil('two more runs', moreRuns(await runsNow(), 2), 30_000);
      expect(names(monitoring.delivered)).toEqual(['BlobprobePathFault']);
      expect(monitoring.delivered.filter((one) => !about(one) && names([one]).length > 0)).toEqual([]);
    });

    test('every query of every panel, annotation and variable returns data', async () => {
      const values = { __range: '1m', __rate_interval: '10s', window: '20', interval: '3', wanted: '1000000' };
      const empty: string[] = [];
      for (const { where, expr } of Object.values(dashboardFiles()).flatMap(queriesOf)) {
        const result = await monitoring.query(expanded(expr, values));
        if (result.length === 0) empty.push(...(excused(expr) ? [] : [`${where}: ${expr}`]));
      }
      expect(empty).toEqual(
        // True after a restart or a reload of the last minutes only.
        ['Overview', 'Path'].flatMap((board) =>
          Object.values(dashboardFiles())
            .flatMap(queriesOf)
            .filter(({ where }) => where.startsWith(`blobprobe / ${board}: annotation Re`))
            .map(({ where, expr }) => `${where}: ${expr}`),
        ),
      );
    });

    test('every recording rule gives series', async () => {
      const empty: string[] = [];
      for (const { record } of recordingGroups([hurried]).flatMap((group) => group.rules)) {
        const result = await monitoring.query(record);
        if (result.length === 0 && !mayBeEmpty.has(record)) empty.push(record);
      }
      expect(empty).toEqual([]);
    });

    test('every alert is evaluated without error, on series that exist', async () => {
      const missing = new Set<string>();
      for (const { expr } of alertGroups(rules).flatMap((group) => group.rules)) {
        await monitoring.query(expr);
        for (const selector of selectorsOf(expr)) {
          if ((await monitoring.query(selector)).length === 0 && !excused(selector)) missing.add(selector);
        }
      }
      expect([...missing]).toEqual([
        // Only where pushes end at authentication.
        `${metricSpecs.lastFailureInfo.name}{reason=~"auth_challenge_bad|auth_rejected"}`,
      ]);
      const { groups } = (await monitoring.get('/api/v1/rules')) as {
        groups: { rules: { name: string; health: string; lastError?: string }[] }[];
      };
      expect(groups.flatMap((group) => group.rules).filter(({ health }) => health !== 'ok')).toEqual([]);
    });

    test('it resolves when the path heals', async () => {
      lab.heal(broken);
      const { labels } = await arrived('the end of the alert', 'resolved');
      expect(labels['alertname']).toBe('BlobprobePathFault');
    });

    function excused(expr: string): boolean {
      return selectorsOf(expr).some((selector) => mayBeEmpty.has(selector.replace(/\{.*/, '')));
    }

    async function runsNow(): Promise<number> {
      return (await daemon.scrape()).value('blobprobe_runs_total', { path: broken, workload: 'large' }) ?? 0;
    }
  },
);

function everyCheckRan(times: number): Parameters<RunningDaemon['scrapeUntil']>[1] {
  return (scrape) => {
    const runs = scrape.samples.filter(({ name }) => name === 'blobprobe_runs_total');
    return runs.length > 0 && runs.every(({ value }) => value >= times);
  };
}

function moreRuns(than: number, by: number): Parameters<RunningDaemon['scrapeUntil']>[1] {
  return (scrape) => (scrape.value('blobprobe_runs_total', { path: broken, workload: 'large' }) ?? 0) >= than + by;
}

function configuration(lab: DemoLab): object {
  const wanted = new Set([broken, 'internal', 'bypass']);
  const paths = lab.paths
    .filter(({ name }) => wanted.has(name))
    .map(({ name, origin, kind, caFile }) => [name, { url: origin, kind, ...(caFile && { tls: { caFile } }) }]);
  const { repository, username, password } = lab.registry;
  return {
    registries: { gitea: { repository, credentials: { username, password }, paths: Object.fromEntries(paths) } },
    checks: {
      small: { size: '64KiB', every: `${every}s`, clients: ['docker'] },
      large: { size: '512KiB', every: `${every}s`, clients: ['docker'], pull: true },
    },
    retryWaitScale: 0.001,
  };
}
