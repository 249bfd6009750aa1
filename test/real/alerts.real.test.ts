import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cadence } from '../../prometheus/src/cadence.ts';
import { alertGroups, ruleFileNames, ruleFiles, type RuleOptions } from '../../prometheus/src/rules.ts';
import { recorded, recordingGroups } from '../../prometheus/src/recording.ts';
import { metricSpecs } from '../../src/publish/metrics/metric-names.ts';
import { expanded, selectorsOf } from '../support/board-queries.ts';
import { describeWithComponents, findComponent } from '../support/component.ts';
import {
  type Delivered,
  type RouteTimes,
  type RunningAlertmanager,
  startAlertmanager,
} from './support/alertmanager.ts';
import {
  boardQueries,
  bothForms,
  checkTable,
  emptyQueries,
  rightlyEmpty,
  statusTable,
  unhealthyRules,
} from './support/board-values.ts';
import { type RunningDaemon, startDemo } from './support/daemon.ts';
import { waitFor } from './support/process.ts';
import { lastGoodScrape, type RunningPrometheus, startPrometheus } from './support/prometheus.ts';
import { type ScrapeWitness, startScrapeWitness } from './support/scrape-witness.ts';

const KiB = 1024;

/** The product's own rules with seconds for minutes; three runs of a check every 15 s, the demo's most frequent, are 45 s. */
const hurried: Cadence = {
  above: 0,
  upTo: Number.POSITIVE_INFINITY,
  window: 90,
  recent: 45,
  recentStep: 5,
  past: 60,
  pastStep: 5,
  hold: 2,
  keep: 4,
};

interface Pace {
  readonly rules: RuleOptions;
  readonly ruleFiles: Readonly<Record<string, string>>;
  /** Label of the demo's cadence. */
  readonly window: string;
  readonly routes: RouteTimes;
  readonly demoFlags: readonly string[];
  readonly scrapeEvery: string;
  /** Of Prometheus 3, which scrapes four times over. */
  readonly scrapeEvery3: string;
  readonly evaluateEvery: string;
  readonly patienceMs: number;
}

/** With `BLOBPROBE_TRUE_PACE=1` rules, routes and the demo's outage are the shipped ones to the second, and the scene takes 20 minutes. */
const truePace = process.env['BLOBPROBE_TRUE_PACE'] === '1';
const pace: Pace = truePace
  ? {
      rules: {},
      ruleFiles: Object.fromEntries(
        ruleFileNames.map((name) => [name, readFileSync(new URL(`../../prometheus/${name}`, import.meta.url), 'utf8')]),
      ),
      window: '30m',
      routes: {},
      demoFlags: [],
      scrapeEvery: '15s',
      scrapeEvery3: '20s',
      evaluateEvery: '15s',
      patienceMs: 25 * 60_000,
    }
  : {
      rules: { cadences: [hurried], timeScale: 1 / 300 },
      ruleFiles: ruleFiles({ cadences: [hurried], timeScale: 1 / 300 }),
      window: '90s',
      // Longer than a scrape and an evaluation, as the shipped minute is: that the fault is the path's is known at the end of a round, and a
      // scrape in the middle of it sees the failure alone.
      routes: { group_wait: '12s', group_interval: '1s' },
      demoFlags: ['--outage-every=4m'],
      scrapeEvery: '8s',
      scrapeEvery3: '15s',
      evaluateEvery: '2s',
      // Until the second outage, should a busy machine make the first one go by unseen.
      patienceMs: 300_000,
    };
const timeout = pace.patienceMs + 60_000;

/** Of the demo's paths: one that is broken by hand, one that has no server at times, and those on which nothing fails. */
const broken = 'internal';
const unsteady = 'loadbalancer';
const steady = ['bypass', 'internal-tls', 'cloudflare-enterprise'];

/** Variables of the boards; those that are not here choose everything. */
const boardValues = {
  __range: '1m',
  __interval: '30s',
  __rate_interval: '1m',
  window: '60',
  interval: '30',
  wanted: '1000000',
};

/** How Prometheus 3 scrapes, by job; `both` is for comparing the two forms of histograms, of which others have one. */
const scrapes3 = {
  text: { scrape_protocols: ['PrometheusText0.0.4'] },
  openmetrics: { scrape_protocols: ['OpenMetricsText1.0.0'] },
  native: { convert_classic_histograms_to_nhcb: true, enable_compression: false },
  both: {
    convert_classic_histograms_to_nhcb: true,
    always_scrape_classic_histograms: true,
    metric_relabel_configs: [
      { source_labels: ['__name__'], regex: 'blobprobe_(run|phase|throughput|failure|schedule)_.+', action: 'keep' },
    ],
  },
};
const wholeJobs3 = ['text', 'openmetrics', 'native'];

describeWithComponents(['prometheus', 'prometheus-alertmanager'], 'the demo, with real monitoring', () => {
  let demo: RunningDaemon;
  let alertmanager: RunningAlertmanager;
  let prometheus: RunningPrometheus;
  let witness: ScrapeWitness;
  let prometheus3: RunningPrometheus | undefined;

  beforeAll(async () => {
    demo = await startDemo(...pace.demoFlags);
    alertmanager = await startAlertmanager(pace.routes);
    const { ruleFiles, scrapeEvery, scrapeEvery3, evaluateEvery } = pace;
    prometheus = await startPrometheus({
      program: 'prometheus',
      ruleFiles,
      scrapeEvery,
      evaluateEvery,
      scrapeConfigs: [{ job_name: 'blobprobe', static_configs: [{ targets: [demo.address] }] }],
      alertmanagerPort: alertmanager.port,
    });
    witness = await startScrapeWitness(demo.address);
    if (findComponent('prometheus3') !== undefined) {
      const scrapeConfigs = Object.entries(scrapes3).map(([job, how]) => ({
        job_name: job,
        metrics_path: `/${job}/metrics`,
        static_configs: [{ targets: [witness.address] }],
        ...how,
      }));
      const program = 'prometheus3';
      prometheus3 = await startPrometheus({
        program,
        ruleFiles,
        scrapeEvery: scrapeEvery3,
        evaluateEvery,
        scrapeConfigs,
      });
    }
    const works = `blobprobe_last_run_success{path="${broken}", client="docker", workload="small"} == 1`;
    await waitFor('a success', async () => (await prometheus.query(works)).length === 1, {
      timeoutMs: 60_000,
      everyMs: 500,
      details: demo.output,
    });
    await change('break', '&preset=cloudflared-quic');
  }, 90_000);

  afterAll(async () => {
    await prometheus3?.stop();
    await prometheus?.stop();
    await alertmanager?.stop();
    await witness?.close();
    await demo?.stop();
  });

  async function change(action: 'break' | 'heal', more = ''): Promise<string> {
    const url = `http://${demo.address}/demo/${action}?path=${broken}${more}`;
    const response = await fetch(url, { method: 'POST', signal: AbortSignal.timeout(10_000) });
    if (!response.ok) throw new Error(await response.text());
    return response.text();
  }

  /** What arrived about the check of small blobs as docker over a path. */
  function about(path: string): readonly Delivered[] {
    return alertmanager.delivered.filter(
      ({ labels }) => labels['path'] === path && labels['client'] === 'docker' && labels['workload'] === 'small',
    );
  }

  /** Alerts on throughput and on late runs are left out: on a busy machine they come and go. */
  function namesOf(alerts: readonly Delivered[]): string[] {
    const names = new Set(alerts.map(({ labels }) => labels['alertname'] ?? ''));
    return [...names].filter((name) => !/Throughput|CheckStale/.test(name));
  }

  /**
   * What has no data yet: where no time limit is met the shortest search for one takes over five minutes, and where one is met a
   * busy machine may leave the search without a result. A check's past of days is looked at once an hour.
   */
  function notYet(what: string): boolean {
    const { name } = metricSpecs.limitSeconds;
    const best = recorded.durationLimitBest;
    const accepted = [`${name}{bound="largest_accepted", direction="push"}`, best, `${best}{direction="push"}`];
    const past = truePace
      ? [recorded.throughputPast, recorded.throughputOfPast].flatMap((name) => [
          name,
          `${name}{window="${pace.window}"}`,
        ])
      : [];
    const ofDurations = what.includes(`(${name}{`) || what.includes(`: ${name}`);
    const isAccepted = what.includes('bound="largest_accepted"');
    return [...accepted, ...past].includes(what) || (ofDurations && (isAccepted || isInconclusive()));
  }

  const isInconclusive = (): boolean => demo.output().includes('msg="limit not found"');

  /** A search for a limit on time has ended, and is stored; on a busy machine it takes its time. */
  function searched(from: RunningPrometheus, job: string): Promise<boolean> {
    const found = `${metricSpecs.limitSeconds.name}{job="${job}", bound="smallest_rejected", direction="push"}`;
    return waitFor(
      'the end of a search for a limit on time',
      async () => isInconclusive() || (await from.query(found)).length > 0,
      { timeoutMs: pace.patienceMs, everyMs: 500, details: demo.output },
    );
  }

  /** The boards' queries that return nothing, and why is not known. */
  async function unexpectedlyEmpty(from: RunningPrometheus, job: string): Promise<string[]> {
    await searched(from, job);
    const at = await lastGoodScrape(from, job);
    const empty = await emptyQueries(from, { ...boardValues, job }, at);
    return empty.filter((query) => !rightlyEmpty.includes(query) && !notYet(query));
  }

  function arrived(path: string, status: Delivered['status']): Promise<Delivered> {
    return waitFor(
      `the alert on ${path}: ${status}`,
      () => about(path).find((one) => one.labels['alertname'] === 'BlobprobePathFault' && one.status === status),
      { timeoutMs: pace.patienceMs, everyMs: 200, details: () => JSON.stringify(about(path)) },
    );
  }

  test(
    'a path is broken: its fault arrives, with its labels and its reason',
    async () => {
      const { receiver, labels, annotations } = await arrived(broken, 'firing');
      expect(receiver).toBe('pager');
      expect(labels).toEqual({
        alertname: 'BlobprobePathFault',
        severity: 'critical',
        window: pace.window,
        job: 'blobprobe',
        instance: demo.address,
        registry: 'gitea',
        path: broken,
        client: 'docker',
        workload: 'small',
      });
      expect(annotations['description']).toContain('body_dropped in phase send, answered by registry, blame tunnel.');
      expect(annotations['description']).toMatch(
        /^Users cannot push workload small as docker over path internal .* Since: \d+ failed runs in a row; .* Cause: .* hop: tunnel\. .* First try: .*http2/,
      );
      expect(annotations['runs_url']).toContain(`http://${demo.address}/runs?registry=gitea&path=${broken}&`);
      expect(annotations['dashboard_url']).toContain(`var-path=${broken}`);
      expect(annotations['runbook_url']).toMatch(/\/BlobprobePathFault\.md$/);
    },
    timeout,
  );

  test(
    'the outage that comes by itself arrives, too',
    async () => {
      const { receiver, labels, annotations } = await arrived(unsteady, 'firing');
      expect(receiver).toBe('pager');
      expect(labels).toMatchObject({ severity: 'critical', registry: 'gitea', window: pace.window });
      expect(annotations['description']).toContain('origin_unreachable in phase auth, answered by haproxy');
    },
    timeout,
  );

  test('each is one alert: what has an alert with its cause has no second one', () => {
    for (const path of [broken, unsteady]) expect(namesOf(about(path))).toEqual(['BlobprobePathFault']);
  });

  test('every query of every panel, annotation and variable returns data', { timeout }, async () => {
    expect(await unexpectedlyEmpty(prometheus, 'blobprobe')).toEqual([]);
  });

  test('every recording rule gives series', async () => {
    const empty: string[] = [];
    const at = await lastGoodScrape(prometheus, 'blobprobe');
    for (const { record, labels } of recordingGroups(pace.rules.cadences).flatMap((group) => group.rules)) {
      // All checks of the demo are of one cadence, so nothing is recorded for others.
      if (labels !== undefined && labels['window'] !== pace.window) continue;
      if ((await prometheus.query(record, at)).length === 0) empty.push(record);
    }
    // Paths that work are always among those of the demonstration.
    expect(empty.filter((record) => !notYet(record))).toEqual([recorded.allPathsFailing]);
  });

  test('every alert is evaluated without error, on series that exist', async () => {
    const missing = new Set<string>();
    const at = await lastGoodScrape(prometheus, 'blobprobe');
    for (const { expr, window = pace.window } of alertGroups(pace.rules).flatMap((group) => group.rules)) {
      await prometheus.query(expr);
      if (window !== pace.window) continue;
      for (const selector of selectorsOf(expr))
        if ((await prometheus.query(selector, at)).length === 0) missing.add(selector);
    }
    // The demonstration searches no limits of pulls.
    const isOfPullLimit = (selector: string): boolean => /_limit_.*direction="pull"/.test(selector);
    expect([...missing].filter((selector) => !notYet(selector) && !isOfPullLimit(selector))).toEqual([
      // Only where pushes end at authentication.
      `${metricSpecs.lastFailureInfo.name}{reason=~"auth_challenge_bad|auth_rejected"}`,
      recorded.allPathsFailing,
    ]);
    expect(await unhealthyRules(prometheus)).toEqual([]);
  });

  test('the panel with the state of each check says what the status page says', async () => {
    const at = await lastGoodScrape(prometheus, 'blobprobe');
    const rows = await checkTable(prometheus, boardValues, at);
    const status = await statusTable(demo, at);
    // Between the last scrape and now the next run may have ended.
    const comparable = [...rows].filter(([check, { age }]) => Math.abs(age - (status.get(check)?.age ?? 0)) < 0.01);
    expect(comparable.length).toBeGreaterThan(rows.size / 3);
    for (const [check, row] of comparable) {
      const { age: _, ...said } = status.get(check)!;
      expect({ check, ...row }).toMatchObject({ check, ...said });
    }
  });

  test('the panel of the largest accepted size says what the paths let through', async () => {
    const limits = { 'cloudflare-free': 1_000_000, 'ingress-nginx-default': 512 * KiB };
    const found = await waitFor(
      'the first search on both paths',
      async () => {
        const panel = boardQueries.find(({ where }) => where.endsWith(': Largest accepted size'))!;
        const results = await prometheus.query(expanded(panel.expr, boardValues));
        const sizes = new Map(results.map(({ metric, value }) => [metric['path'], Number(value?.[1])]));
        return Object.keys(limits).every((path) => sizes.has(path)) && sizes;
      },
      { timeoutMs: 60_000, everyMs: 1_000 },
    );
    for (const [path, limit] of Object.entries(limits)) {
      // A search ends within 64 KiB of a limit.
      expect(found.get(path)).toBeGreaterThan(limit - 64 * KiB);
      expect(found.get(path)).toBeLessThanOrEqual(limit);
    }
  });

  describeWithComponents(['prometheus3'], 'and Prometheus 3 beside it', () => {
    test('scrapes text and OpenMetrics, compressed and not', () => {
      const got = Object.fromEntries(
        wholeJobs3.map((job) => {
          const { contentType, contentEncoding } = witness.seen.findLast((one) => one.job === job)!;
          return [job, [contentType?.replace(/;.*version=([\d.]+).*/, ' $1'), contentEncoding]];
        }),
      );
      expect(got).toEqual({
        text: ['text/plain 0.0.4', 'gzip'],
        openmetrics: ['application/openmetrics-text 1.0.0', 'gzip'],
        native: ['application/openmetrics-text 1.0.0', undefined],
      });
    });

    test('takes all four kinds of scrape, and every rule', async () => {
      const up = await prometheus3!.query('max_over_time(up[1h])');
      expect(Object.fromEntries(up.map(({ metric, value }) => [metric['job'], value?.[1]]))).toEqual(
        Object.fromEntries(Object.keys(scrapes3).map((job) => [job, '1'])),
      );
      expect(await unhealthyRules(prometheus3!)).toEqual([]);
    });

    test('writes every le as a float, text and OpenMetrics alike', async () => {
      const edges = await Promise.all(
        ['text', 'openmetrics'].map(async (job) => {
          const series = encodeURIComponent(`{__name__=~"blobprobe_.+_bucket", job="${job}"}`);
          return (await prometheus3!.get(`/api/v1/label/le/values?match[]=${series}`)) as string[];
        }),
      );
      expect(edges[0]).toEqual(edges[1]);
      expect(edges[0]!.length).toBeGreaterThan(20);
      expect(edges[0]!.filter((edge) => !/^(?:\+Inf|\d+\.\d+|\d+(?:\.\d+)?e[+-]\d+)$/.test(edge))).toEqual([]);
    });

    test('converts every histogram to a native one when asked to', async () => {
      const names = Object.values(metricSpecs).flatMap(({ name, type }) => (type === 'histogram' ? [name] : []));
      for (const name of names) {
        const at = await lastGoodScrape(prometheus3!, 'native');
        expect(await prometheus3!.query(`{__name__=~"${name}_(bucket|sum|count)", job="native"}`, at)).toEqual([]);
        const native = await prometheus3!.query(`${name}{job="native"}`, at);
        expect(native).not.toEqual([]);
        expect(native.filter(({ histogram }) => histogram === undefined)).toEqual([]);
      }
    });

    test('heatmaps get the buckets of native histograms', async () => {
      const at = await lastGoodScrape(prometheus3!, 'native');
      const heatmaps = boardQueries.filter(({ expr }) => expr.startsWith('sum by (le) '));
      expect(heatmaps.length).toBeGreaterThan(3);
      for (const { where, expr } of heatmaps) {
        const [one, ...more] = await prometheus3!.query(expanded(expr, { ...boardValues, job: 'native' }), at);
        const counts = one?.histogram?.[1].buckets?.map(([, , , count]) => Number(count)) ?? [];
        expect([where, more]).toEqual([where, []]);
        expect(counts.some((count) => count > 0)).toBe(true);
      }
    });

    test.each(wholeJobs3)('every query of the boards returns data of job %s', { timeout }, async (job) => {
      expect(await unexpectedlyEmpty(prometheus3!, job)).toEqual([]);
    });

    test('quantiles and means of native histograms are those of the classic ones', async () => {
      const at = await lastGoodScrape(prometheus3!, 'both');
      const forms = await bothForms(prometheus3!, { ...boardValues, job: 'both' }, at);
      expect(forms.length).toBeGreaterThan(4);
      for (const { where, classic, native } of forms) {
        expect([where, native]).toEqual([where, classic]);
        expect([where, Object.keys(classic)]).not.toEqual([where, []]);
      }
    });

    test.each(wholeJobs3)(
      'the alert on the broken path fires on what job %s scraped',
      async (job) => {
        const alert = `ALERTS{alertname="BlobprobePathFault", alertstate="firing", job="${job}", path="${broken}", client="docker", workload="small"}`;
        const [fired] = await waitFor(
          'the alert',
          async () => {
            const alerts = await prometheus3!.query(`max_over_time(${alert}[1h])`);
            return alerts.length > 0 && alerts;
          },
          { timeoutMs: 60_000, everyMs: 500 },
        );
        expect(fired!.metric).toMatchObject({ severity: 'critical', window: pace.window, registry: 'gitea' });
      },
      90_000,
    );
  });

  test(
    'the path heals: the alert on it ends',
    async () => {
      expect(await change('heal')).toBe(`${broken}: nothing is in the way any more\n`);
      await arrived(broken, 'resolved');
    },
    timeout,
  );

  test(
    'the outage goes by itself: the alert on it ends; nothing ever arrived about paths without a fault',
    async () => {
      await arrived(unsteady, 'resolved');
      const said = alertmanager.delivered.filter(({ labels }) => steady.includes(labels['path'] ?? ''));
      expect(namesOf(said)).toEqual([]);
    },
    timeout,
  );
});
