import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { limiters } from '../../../src/network/kernel/kernel-facts.ts';
import { answerers, failureReasons, phases } from '../../../src/probe/failure.ts';
import { leftoverKinds } from '../../../src/probe/outcome.ts';
import { checkLabels } from '../../../src/probe/check.ts';
import { seriesFromStart } from '../../../src/publish/metrics/check-series.ts';
import { bucketsOf, drawnHistograms, histogramsOfCheck } from '../../../src/publish/metrics/chosen-histograms.ts';
import {
  directions,
  type MetricKey,
  metricSpecs,
  runOutcomes,
  skipCauses,
} from '../../../src/publish/metrics/metric-names.ts';
import { sendingSpecs } from '../../../src/publish/metrics/sending-specs.ts';
import { Metrics } from '../../../src/publish/metrics/metrics.ts';
import { type Exposition, readExposition, type Sample } from '../../support/exposition-reader.ts';
import { describeWithComponents } from '../../support/component.ts';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { checkMetrics } from '../../support/promtool.ts';
import { selectorsOf } from '../../support/board-queries.ts';
import { recordingGroups } from '../../../prometheus/src/recording.ts';
import {
  attempt,
  cancelledRun,
  check,
  clientProfile,
  failedRun,
  failure,
  requestRecord,
  successfulRun,
} from '../../support/run-fixtures.ts';
import { rendered } from '../../support/rendered.ts';

const docsFile = new URL('../../../docs/metrics.md', import.meta.url);
const MiB = 1024 ** 2;
const base = { registry: 'gitea', path: 'direct', client: 'docker', workload: 'large' };

function emptyMetrics(processMetrics = false): Metrics {
  return new Metrics({ version: '1.2.3', revision: 'abc', nodeVersion: 'v20.20.0', processMetrics });
}

/** With everything that could ever happen to a check, by the closed sets that its labels are from. */
function mostSeries(): number {
  const values: Readonly<Record<string, number>> = {
    phase: phases.length,
    reason: failureReasons.length,
    answered_by: answerers.length,
    cause: skipCauses.length,
    kind: leftoverKinds.length,
    outcome: runOutcomes.length,
    direction: directions.length,
    limited_by: limiters.length,
    state: 2,
  };
  const ofCheck = (Object.keys(metricSpecs) as MetricKey[])
    .map((key) => [key, metricSpecs[key]] as const)
    .filter(([, { labels }]) =>
      'path,client,workload'.split(',').every((name) => (labels as readonly string[]).includes(name)),
    );
  return ofCheck.reduce((sum, [key, { name, type, labels }]) => {
    const others = name.endsWith('_info') ? [] : labels.filter((label) => !(label in base));
    const sets = others.reduce((product, label) => product * values[label]!, 1);
    return sum + sets * (type === 'histogram' ? bucketsOf(key, drawnHistograms).length + 3 : 1);
  }, 0);
}

async function scrape(metrics: Metrics): Promise<Exposition> {
  return readExposition(await rendered(metrics));
}

test('the label client is the name as it is configured', async () => {
  const metrics = emptyMetrics();
  for (const name of ['docker', 'docker@29.7', 'docker@20.10'] as const)
    metrics.register(check({ client: clientProfiles[name] }));
  const labels = (await scrape(metrics))
    .all('blobprobe_check_interval_seconds')
    .map((sample) => sample.labels['client']);
  expect(labels).toEqual(['docker', 'docker@29.7', 'docker@20.10']);
});

describe('before the first run', () => {
  test('every counter and histogram of the check is there at zero', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    const scraped = await scrape(metrics);
    const { attemptFailures, failureSentBytes, failureElapsed } = metricSpecs;
    const later: readonly object[] = [
      ...Object.values(sendingSpecs),
      attemptFailures,
      failureSentBytes,
      failureElapsed,
    ];
    const counted = Object.values(metricSpecs).filter(
      (spec) => spec.type !== 'gauge' && spec.labels.length > 0 && !later.includes(spec),
    );
    expect(counted.length).toBeGreaterThan(14);
    const sampled = counted.map((spec) => spec.name + (spec.type === 'histogram' ? '_count' : ''));
    expect(sampled.filter((name) => scraped.all(name, base).length === 0)).toEqual([]);
    expect(sampled.flatMap((name) => scraped.all(name, base)).filter((sample) => sample.value !== 0)).toEqual([]);
    expect(scraped.samples.filter(({ name }) => /blobprobe_(failure_|attempt_failures)/.test(name))).toEqual([]);
    expect(scraped.value('blobprobe_run_duration_seconds_bucket', { ...base, outcome: 'failure', le: '0.1' })).toBe(0);
  });

  test('gauges about the last run are absent, the interval and runs in flight are not', async () => {
    const metrics = emptyMetrics();
    metrics.register(check({ intervalMs: 90_000 }));
    const scraped = await scrape(metrics);
    expect(scraped.samples.filter((sample) => sample.name.startsWith('blobprobe_last_'))).toEqual([]);
    expect(scraped.value('blobprobe_check_interval_seconds', base)).toBe(90);
    expect(scraped.value('blobprobe_runs_in_flight', base)).toBe(0);
    expect(scraped.value('blobprobe_budget_remaining_bytes')).toBeUndefined();
    expect(scraped.value('blobprobe_config_last_reload_successful')).toBeUndefined();
  });

  test('a check costs the number of series that docs/metrics.md states', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    const widest = check({
      path: 'edge',
      origin: 'https://git.example.org',
      pull: true,
      client: clientProfile({ name: 'crane', httpVersion: 'h2-if-offered' }),
    });
    metrics.register(widest);
    const { samples } = await scrape(metrics);
    const of = (path: string): number => samples.filter((sample) => sample.labels['path'] === path).length;
    expect([check(), widest].map((one) => seriesFromStart(one, drawnHistograms))).toEqual([of('direct'), of('edge')]);
    const docs = readFileSync(docsFile, 'utf8');
    const stated = /costs \*\*(\d+) series\*\*.*?\*\*(\d+)\*\*/s.exec(docs);
    expect(stated?.slice(1).map(Number)).toEqual([of('direct'), of('edge')]);
    expect(of('edge') + 16).toBeLessThanOrEqual(150);
    expect(Number(/never more than \*\*([\d,]+)\*\*/.exec(docs)?.[1]?.replaceAll(',', ''))).toBe(mostSeries());
  });

  test.each([
    ['none', []],
    ['all', histogramsOfCheck],
  ])('of the histograms %s have edges; their sums and counts stay', async (_name, chosen) => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.observe(failedRun());
    metrics.chooseHistograms(chosen);
    metrics.observe(failedRun());
    const scraped = await scrape(metrics);
    const edged = histogramsOfCheck.filter((key) =>
      scraped.all(`${metricSpecs[key].name}_bucket`).some(({ labels }) => labels['le'] !== '+Inf'),
    );
    expect(edged).toEqual(chosen);
    const counted = histogramsOfCheck.filter((key) =>
      scraped.all(`${metricSpecs[key].name}_count`).some(({ value }) => value > 0),
    );
    expect(counted).toEqual(histogramsOfCheck.filter((key) => key !== 'throughput'));
    // What keeps its edges keeps its values.
    expect(scraped.value('blobprobe_run_duration_seconds_count', { ...base, outcome: 'failure' })).toBe(
      chosen.length > 0 ? 2 : 1,
    );
    expect(scraped.value('blobprobe_runs_total', base)).toBe(2);
    expect(seriesFromStart(check(), chosen)).toBe(chosen.length > 0 ? 172 : 57);
  });

  test('only phases that the check can reach have series', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.register(check({ path: 'edge', origin: 'https://git.example.org', pull: true }));
    const scraped = await scrape(metrics);
    const phasesOf = (path: string): (string | undefined)[] =>
      scraped.all('blobprobe_phase_duration_seconds_count', { path }).map((sample) => sample.labels['phase']);
    expect(phasesOf('direct')).not.toContain('tls');
    expect(phasesOf('direct')).not.toContain('pull');
    expect(phasesOf('edge')).toEqual(expect.arrayContaining(['tls', 'pull']));
  });

  test('a reason has its zero where a rule reads it by its name, and nowhere else', async () => {
    const metrics = emptyMetrics();
    metrics.register(check({ pull: true }));
    const there = (await scrape(metrics)).all('blobprobe_attempt_failures_total').map(({ labels }) => labels);
    const read = recordingGroups()
      .flatMap(({ rules }) => rules.flatMap(({ expr }) => selectorsOf(expr)))
      .filter((selector) => selector.startsWith('blobprobe_attempt_failures_total'))
      .map((selector) => Object.fromEntries([...selector.matchAll(/(\w+)="(\w+)"/g)].map((match) => match.slice(1))));
    expect(read.length).toBeGreaterThan(0);
    expect(there).toHaveLength(1);
    for (const matchers of read) expect(there[0]).toMatchObject(matchers);
  });
});

describe('a successful run', () => {
  test('is counted with its duration, phases, throughput and bytes', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    const run = successfulRun();
    metrics.observe(run);
    const scraped = await scrape(metrics);
    const value = (name: string, labels = {}): number | undefined =>
      scraped.value(`blobprobe_${name}`, { ...base, ...labels });
    expect(value('runs_total')).toBe(1);
    expect(value('run_failures_total')).toBe(0);
    expect(value('first_attempt_failures_total')).toBe(0);
    expect(value('attempts_total')).toBe(1);
    expect(value('retries_total')).toBe(0);
    expect(value('sent_bytes_total')).toBe(50 * MiB);
    expect(value('run_duration_seconds_sum', { outcome: 'success' })).toBe(0.5);
    expect(value('run_duration_seconds_count', { outcome: 'failure' })).toBe(0);
    expect(value('phase_duration_seconds_sum', { phase: 'send' })).toBe(0.3);
    expect(value('throughput_bytes_per_second_sum', { direction: 'push' })).toBe(128 * MiB);
    expect(value('last_run_success')).toBe(1);
    expect(value('last_run_duration_seconds')).toBe(0.5);
    expect(value('last_run_attempts')).toBe(1);
    expect(value('last_run_size_bytes')).toBe(50 * MiB);
    expect(value('last_throughput_bytes_per_second', { direction: 'push' })).toBe(128 * MiB);
    expect(value('last_run_timestamp_seconds')).toBe(run.startedAt.getTime() / 1000 + 0.5);
    expect(value('last_success_timestamp_seconds')).toBe(run.startedAt.getTime() / 1000 + 0.5);
    expect(scraped.all('blobprobe_last_failure_info')).toEqual([]);
  });

  test('after a retry still counts its failed first attempt', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    const how = failure({ reason: 'connection_reset', answeredBy: 'none', phase: 'wait' });
    const attempts = [attempt({ failure: how, resends: 3 }), attempt({ number: 2, waitedMs: 5000 })];
    metrics.observe(successfulRun({ attempts }));
    const scraped = await scrape(metrics);
    expect(scraped.value('blobprobe_run_failures_total', base)).toBe(0);
    expect(scraped.value('blobprobe_first_attempt_failures_total', base)).toBe(1);
    expect(scraped.value('blobprobe_attempts_total', base)).toBe(2);
    expect(scraped.value('blobprobe_retries_total', base)).toBe(1);
    expect(scraped.value('blobprobe_resends_total', base)).toBe(3);
    expect(scraped.value('blobprobe_last_run_attempts', base)).toBe(2);
    expect(
      scraped.value('blobprobe_attempt_failures_total', { ...base, reason: 'connection_reset', phase: 'wait' }),
    ).toBe(1);
  });

  test('of several blobs counts each attempt and the most that one blob needed', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    const blobs = ['layer1', 'layer2', 'config'].map((blob) => attempt({ blob }));
    metrics.observe(
      successfulRun({
        attempts: [...blobs, attempt({ blob: 'layer3', failure: failure() }), attempt({ blob: 'layer3', number: 2 })],
      }),
    );
    const scraped = await scrape(metrics);
    expect(scraped.value('blobprobe_attempts_total', base)).toBe(5);
    expect(scraped.value('blobprobe_last_run_attempts', base)).toBe(2);
    expect(scraped.value('blobprobe_first_attempt_failures_total', base)).toBe(1);
    expect(scraped.value('blobprobe_run_attempts_sum', base)).toBe(2);
  });
});

describe('fetching back', () => {
  test('is no attempt at the push, but its failures are counted', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    const pull = { phase: 'pull', method: 'GET', plannedBytes: 0, sentBytes: 0, framing: 'none' } as const;
    const how = failure({ reason: 'body_corrupted', phase: 'pull' });
    const attempts = [
      attempt(),
      attempt({ pull: 'cold', requests: [requestRecord(pull)], phaseMs: { pull: 80 }, failure: how }),
    ];
    metrics.observe(successfulRun({ attempts, ok: false, failure: how }));
    const scraped = await scrape(metrics);
    expect(scraped.value('blobprobe_attempts_total', base)).toBe(1);
    expect(scraped.value('blobprobe_first_attempt_failures_total', base)).toBe(0);
    expect(
      scraped.value('blobprobe_attempt_failures_total', { ...base, reason: 'body_corrupted', phase: 'pull' }),
    ).toBe(1);
    expect(scraped.value('blobprobe_phase_duration_seconds_count', { ...base, phase: 'pull' })).toBe(1);
  });
});

describe('a failed run', () => {
  test('has its duration in the histogram and its bytes and age by reason, but no throughput', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.observe(failedRun({ pushBytesPerSecond: 5e6 }));
    const scraped = await scrape(metrics);
    const value = (name: string, labels = {}): number | undefined =>
      scraped.value(`blobprobe_${name}`, { ...base, ...labels });
    expect(value('runs_total')).toBe(1);
    expect(value('run_failures_total')).toBe(1);
    expect(value('first_attempt_failures_total')).toBe(1);
    expect(value('attempts_total')).toBe(5);
    expect(value('retries_total')).toBe(4);
    expect(value('attempt_failures_total', { phase: 'send', reason: 'body_too_large', answered_by: 'nginx' })).toBe(5);
    expect(value('run_duration_seconds_sum', { outcome: 'failure' })).toBe(51.5);
    expect(value('run_duration_seconds_count', { outcome: 'success' })).toBe(0);
    expect(value('phase_duration_seconds_count', { phase: 'send' })).toBe(5);
    expect(value('phase_duration_seconds_count', { phase: 'commit' })).toBe(0);
    expect(value('throughput_bytes_per_second_count', { direction: 'push' })).toBe(0);
    const reason = 'body_too_large';
    expect(value('failure_sent_bytes_bucket', { reason, le: '1.048576e+07' })).toBe(0);
    expect(value('failure_sent_bytes_bucket', { reason, le: '1.6777216e+07' })).toBe(5);
    expect(value('failure_elapsed_seconds_sum', { reason })).toBe(1.25);
    expect(value('last_run_success')).toBe(0);
    expect(value('last_success_timestamp_seconds')).toBeUndefined();
    expect(value('last_throughput_bytes_per_second')).toBeUndefined();
  });

  test('has series of what the kernel tells when it tells, and none before', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.observe(failedRun());
    const names = Object.values(sendingSpecs).map(({ name }) => name);
    const before = await scrape(metrics);
    expect(names.flatMap((name) => before.all(name))).toEqual([]);
    const limited = { receiver: 1_500, network: 250, prober: 0 };
    const sending = { viaProxy: false, limited, retransmittedBytes: 1_448, minRttMs: 40.5, pathMtuBytes: 1_500 };
    for (let times = 0; times < 2; times += 1) metrics.observe(failedRun({ sending }));
    const scraped = await scrape(metrics);
    const of = (name: string, labels = {}): number | undefined =>
      scraped.value(`blobprobe_${name}`, { ...base, ...labels });
    expect(limiters.map((by) => of('sending_limited_seconds_total', { limited_by: by }))).toEqual([3, 0.5, 0]);
    expect(of('retransmitted_bytes_total')).toBe(2_896);
    expect([of('round_trip_seconds'), of('path_mtu_bytes')]).toEqual([0.0405, 1_500]);
  });

  test('that never came to a body adds nothing to the histograms of limits', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    const how = failure({ reason: 'dns_failure', phase: 'dns', answeredBy: 'none', blame: 'dns', sentBytes: 0 });
    metrics.observe(failedRun({}, how));
    const scraped = await scrape(metrics);
    expect(scraped.value('blobprobe_attempt_failures_total', { ...base, reason: 'dns_failure' })).toBe(5);
    expect(scraped.all('blobprobe_failure_sent_bytes_count', { reason: 'dns_failure' })).toEqual([]);
  });

  test('is the one series of last_failure_info until a run succeeds', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.observe(failedRun());
    metrics.observe(failedRun({}, failure({ reason: 'response_timeout', phase: 'wait', answeredBy: 'cloudflare' })));
    const failed = (await scrape(metrics)).all('blobprobe_last_failure_info');
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({
      value: 1,
      labels: { ...base, reason: 'response_timeout', phase: 'wait', answered_by: 'cloudflare', blame: 'ingress' },
    });
    metrics.observe(successfulRun());
    expect((await scrape(metrics)).all('blobprobe_last_failure_info')).toEqual([]);
  });

  test('counts in consecutive_failures until a run succeeds, and what is no outcome counts as nothing', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    const value = async (): Promise<number | undefined> =>
      (await scrape(metrics)).value('blobprobe_consecutive_failures', base);
    expect(await value()).toBeUndefined();
    const seen: (number | undefined)[] = [];
    for (const run of [failedRun(), failedRun(), cancelledRun(), failedRun(), successfulRun(), failedRun()]) {
      metrics.observe(run);
      seen.push(await value());
    }
    expect(seen).toEqual([1, 2, 2, 3, 0, 1]);
    metrics.unregister(check());
    metrics.register(check());
    expect(await value()).toBeUndefined();
  });

  test('has its likeliest cause with the setting to change in last_cause_info, surer when the push gets through elsewhere', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.register(check({ path: 'bypass' }));
    const cause = async (): Promise<Sample | undefined> =>
      (await scrape(metrics)).all('blobprobe_last_cause_info', base)[0];
    metrics.observe(failedRun());
    expect(await cause()).toMatchObject({
      value: 1,
      labels: { cause: 'nginx_body_limit', hop: 'ingress', remedy: expect.stringContaining('client_max_body_size 0;') },
    });
    const how = { reason: 'connect_refused', phase: 'connect', answeredBy: 'none', status: undefined } as const;
    const refused = failedRun({}, failure(how));
    metrics.observe(refused);
    expect(await cause()).toMatchObject({ labels: { cause: 'nothing_answers' } });
    const elsewhere = check({ path: 'bypass' });
    metrics.observe(successfulRun({ check: elsewhere }));
    metrics.observe(refused);
    expect((await scrape(metrics)).all('blobprobe_last_cause_info')).toHaveLength(1);
    expect(await cause()).toMatchObject({ labels: { cause: 'nothing_listens', confidence: 'likely' } });
    metrics.observe(failedRun({ check: elsewhere }));
    metrics.observe(refused);
    expect(await cause()).toMatchObject({ labels: { cause: 'nothing_answers' } });
    metrics.observe(successfulRun());
    expect(await cause()).toBeUndefined();
  });

  test('by an answerer beyond the table of triples is counted all the same', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.observe(failedRun({}, failure({ answeredBy: 'haproxy' })));
    const labels = { reason: 'body_too_large', answered_by: 'haproxy' };
    expect((await scrape(metrics)).value('blobprobe_attempt_failures_total', labels)).toBe(5);
  });
});

test('a run that we cancelled counts its bytes and completed attempts, and is no failure', async () => {
  const metrics = emptyMetrics();
  metrics.register(check());
  metrics.observe(successfulRun());
  const before = await scrape(metrics);
  const reset = failure({ reason: 'connection_reset', phase: 'send', answeredBy: 'none' });
  const cancelled = cancelledRun({ startedAt: new Date('2026-11-24T01:00:00Z') });
  metrics.observe({ ...cancelled, attempts: [attempt({ failure: reset }), ...cancelled.attempts] });
  const after = await scrape(metrics);
  const change = (name: string, labels = {}): number =>
    (after.value(`blobprobe_${name}`, { ...base, ...labels }) ?? Number.NaN) -
    (before.value(`blobprobe_${name}`, { ...base, ...labels }) ?? Number.NaN);
  expect(change('runs_cancelled_total')).toBe(1);
  expect(change('sent_bytes_total')).toBe(1000);
  expect(change('attempts_total')).toBe(1);
  expect(change('runs_total')).toBe(0);
  expect(change('run_failures_total')).toBe(0);
  expect(change('first_attempt_failures_total')).toBe(0);
  expect(change('run_duration_seconds_count', { outcome: 'failure' })).toBe(0);
  expect(change('last_run_success')).toBe(0);
  expect(change('last_run_timestamp_seconds')).toBe(0);
  expect(after.all('blobprobe_attempt_failures_total', { reason: 'cancelled' })).toEqual([]);
  expect(after.all('blobprobe_last_failure_info')).toEqual([]);
});

test('a run for which this host had no means is counted for the whole prober, and says nothing of its path', async () => {
  const metrics = emptyMetrics();
  metrics.register(check());
  expect((await scrape(metrics)).value('blobprobe_runs_exhausted_total')).toBe(0);
  const exhausted = failure({ reason: 'prober_exhausted', phase: 'connect', answeredBy: 'none', blame: 'prober' });
  metrics.observe(failedRun({ failure: exhausted, attempts: [attempt({ failure: exhausted })] }));
  const after = await scrape(metrics);
  expect(after.value('blobprobe_runs_exhausted_total')).toBe(1);
  const untouched = ['runs_cancelled_total', 'runs_total', 'run_failures_total', 'attempts_total'];
  expect(untouched.map((name) => after.value(`blobprobe_${name}`, base))).toEqual([0, 0, 0, 0]);
  expect(after.value('blobprobe_last_run_success', base)).toBeUndefined();
  expect(after.all('blobprobe_last_failure_info')).toEqual([]);
});

describe('reload', () => {
  test('a check registered again keeps its counters and histograms, and takes the new interval', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.observe(successfulRun());
    metrics.register(check({ intervalMs: 5000 }));
    const scraped = await scrape(metrics);
    expect(scraped.value('blobprobe_runs_total', base)).toBe(1);
    expect(scraped.value('blobprobe_run_duration_seconds_count', { ...base, outcome: 'success' })).toBe(1);
    expect(scraped.value('blobprobe_check_interval_seconds', base)).toBe(5);
  });

  test('a removed check loses all its series; those of its path stay while another check uses it', async () => {
    const metrics = emptyMetrics();
    const empty = await rendered(metrics);
    const small = check({ workload: 'small' });
    metrics.register(check());
    metrics.register(small);
    const facts = { family: 4, tlsVersion: 'TLSv1.3', certificateExpiresAt: new Date(1e12) } as const;
    metrics.observe(failedRun({ pathFacts: facts }));
    metrics.observe(successfulRun({ check: small, pathFacts: facts }));
    metrics.apiUp('gitea', 'direct', 'ping', true);
    metrics.limit({
      registry: 'gitea',
      path: 'direct',
      client: 'docker',
      unit: 'bytes',
      direction: 'push',
      largestAccepted: 1,
    });

    metrics.unregister(check());
    const one = await scrape(metrics);
    expect(one.samples.filter((sample) => sample.labels['workload'] === 'large')).toEqual([]);
    expect(one.value('blobprobe_runs_total', { workload: 'small' })).toBe(1);
    expect(one.value('blobprobe_path_info', { path: 'direct', tls_version: 'TLSv1.3' })).toBe(1);
    expect(one.value('blobprobe_api_up', { path: 'direct' })).toBe(1);

    metrics.observe(failedRun());
    metrics.unregister(small);
    metrics.round({ registry: 'gitea', client: 'docker', workload: 'small', verdict: 'healthy', paths: [] });
    expect(await rendered(metrics)).toBe(empty);
  });
});

describe('path facts', () => {
  test('path_info has one series for each path and client, the newest', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.observe(successfulRun());
    expect((await scrape(metrics)).all('blobprobe_path_info')[0]?.labels).toEqual({
      registry: 'gitea',
      path: 'direct',
      client: 'docker',
      ip_family: '4',
      http_version: '1.1',
      tls_version: 'none',
      token_host: 'own',
      upload_host: 'own',
    });
    metrics.observe(successfulRun({ pathFacts: { family: 6, httpVersion: '1.1' } }));
    const info = (await scrape(metrics)).all('blobprobe_path_info');
    expect(info.map((sample) => sample.labels['ip_family'])).toEqual(['6']);
  });

  test('tokens and uploads that leave the path show, without the names that a server chose', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    const pathFacts = {
      family: 4,
      foreignRealmHost: 'git.example.org',
      foreignLocationHost: 'storage.example',
    } as const;
    metrics.observe(successfulRun({ pathFacts }));
    const text = await rendered(metrics);
    const labels = readExposition(text).all('blobprobe_path_info')[0]?.labels;
    expect(labels).toMatchObject({ token_host: 'other', upload_host: 'other' });
    expect(text).not.toContain('example.org');
  });

  test('a run that never connected keeps what is known', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.observe(successfulRun({ pathFacts: { family: 4, certificateExpiresAt: new Date(1_800_000_000_000) } }));
    metrics.observe(failedRun({ pathFacts: {} }));
    const scraped = await scrape(metrics);
    expect(scraped.all('blobprobe_path_info')).toHaveLength(1);
    expect(scraped.value('blobprobe_tls_certificate_expiry_timestamp_seconds')).toBe(1_800_000_000);
  });
});

test('schedule, rounds, limits, budget, leftovers, reloads and the event loop', async () => {
  const metrics = new Metrics({
    version: '1.2.3',
    revision: 'abc',
    nodeVersion: 'v20.20.0',
    processMetrics: false,
    eventLoopLagSeconds: () => 0.125,
  });
  metrics.register(check());
  metrics.runStarted(check());
  metrics.scheduleLag(0.2);
  metrics.runSkipped(check(), 'overlap');
  metrics.runSkipped(check(), 'missed', 3);
  metrics.apiUp('gitea', 'direct', 'auth', false);
  const where = { registry: 'gitea', path: 'direct', client: 'docker' };
  metrics.limit({ ...where, unit: 'bytes', direction: 'push', largestAccepted: 10, smallestRejected: 11 });
  metrics.limit({ ...where, unit: 'bytes', direction: 'push', largestAccepted: 12 });
  metrics.limit({ ...where, unit: 'seconds', direction: 'push', smallestRejected: 100 });
  metrics.round({
    registry: 'gitea',
    client: 'docker',
    workload: 'large',
    verdict: 'path-fault',
    paths: [
      { path: 'direct', atFault: false },
      { path: 'edge', atFault: true },
    ],
  });
  metrics.budgetRemaining(1e9);
  metrics.leftovers('gitea', 'session', 2);
  metrics.configReloaded(true, new Date(1_700_000_000_000));
  metrics.configReloaded(false, new Date(1_700_000_001_000));
  const scraped = await scrape(metrics);
  const value = (name: string, labels = {}): number | undefined => scraped.value(`blobprobe_${name}`, labels);
  expect(value('runs_in_flight')).toBe(1);
  expect(value('schedule_lag_seconds_sum')).toBe(0.2);
  expect(value('runs_skipped_total', { cause: 'overlap' })).toBe(1);
  expect(value('runs_skipped_total', { cause: 'missed' })).toBe(3);
  expect(value('api_up', { endpoint: 'auth' })).toBe(0);
  expect(scraped.all('blobprobe_limit_bytes').map((sample) => sample.value)).toEqual([12]);
  expect(value('limit_seconds', { bound: 'smallest_rejected' })).toBe(100);
  expect(value('path_at_fault', { path: 'direct' })).toBe(0);
  expect(value('path_at_fault', { path: 'edge' })).toBe(1);
  const states = scraped.all('blobprobe_round_verdict').map(({ labels, value }) => [labels['verdict'], value]);
  expect(Object.fromEntries(states)).toEqual({ healthy: 0, 'path-fault': 1, 'registry-fault': 0, inconclusive: 0 });
  expect(value('budget_remaining_bytes')).toBe(1e9);
  expect(value('leftover_objects', { kind: 'session' })).toBe(2);
  expect(value('config_last_reload_successful')).toBe(0);
  expect(value('config_last_reload_success_timestamp_seconds')).toBe(1_700_000_000);
  expect(value('event_loop_lag_seconds')).toBe(0.125);
  expect(value('build_info', { version: '1.2.3', revision: 'abc', nodeversion: 'v20.20.0' })).toBe(1);
  metrics.runEnded(check());
  metrics.budgetRemaining(undefined);
  const later = await scrape(metrics);
  expect(later.value('blobprobe_runs_in_flight')).toBe(0);
  expect(later.all('blobprobe_budget_remaining_bytes')).toEqual([]);
});

describe('exposition', () => {
  test('names do not change whatever was scraped before', async () => {
    const metrics = emptyMetrics(true);
    metrics.register(check());
    metrics.observe(failedRun());
    // Garbage collection happens when it happens, between two scrapes too.
    const names = (text: string): string[] =>
      [...new Set(readExposition(text).samples.map((sample) => sample.name))].filter((n) => !n.startsWith('nodejs_gc'));
    const textBefore = names(await rendered(metrics));
    const open = names(await rendered(metrics, 'openmetrics'));
    const textAfter = names(await rendered(metrics));
    const openAgain = names(await rendered(metrics, 'openmetrics'));
    expect(textBefore).toContain('blobprobe_runs_total');
    expect(textBefore).toContain('process_cpu_seconds_total');
    expect(textAfter).toEqual(textBefore);
    expect(open).toEqual(textBefore);
    expect(openAgain).toEqual(textBefore);
    expect(textBefore.filter((name) => name.includes('_total_total'))).toEqual([]);
  });

  test('families are named as each format wants them, and all of the table are there', async () => {
    const metrics = emptyMetrics();
    const text = readExposition(await rendered(metrics)).types;
    const open = readExposition(await rendered(metrics, 'openmetrics')).types;
    const specs = Object.values(metricSpecs);
    expect(specs.map((spec) => [spec.name, text.get(spec.name)])).toEqual(specs.map(({ name, type }) => [name, type]));
    const families = specs.map(({ name, type }) => [name.replace(/_total$/, ''), type] as const);
    expect(families.map(([name]) => [name, open.get(name)])).toEqual(families);
    expect(text.size).toBe(Object.keys(metricSpecs).length);
  });

  test('exemplars lead to the run in OpenMetrics only', async () => {
    const metrics = emptyMetrics();
    metrics.register(check());
    const run = failedRun({}, failure({ evidence: { message: 'x', rayId: '8f1e2d3c4b5a6978-FRA' } }));
    metrics.observe(run);
    const open = readExposition(await rendered(metrics, 'openmetrics'));
    const of = (name: string): string[] =>
      open.all(`blobprobe_${name}_bucket`).flatMap((sample) => sample.exemplar ?? []);
    expect(of('run_duration_seconds')).toEqual([expect.stringMatching(`^{run_id="${run.id}"} 51\\.5 \\d`)]);
    expect(of('failure_sent_bytes')[0]).toContain(`{run_id="${run.id}",ray_id="8f1e2d3c4b5a6978-FRA"} `);
    const text = await rendered(metrics);
    expect(text).not.toContain(run.id);
    expect(text).not.toContain('# EOF');
    expect(await rendered(metrics, 'openmetrics')).toMatch(/\n# EOF\n$/);
  });

  test.each([
    ['a ray id with markup', '"} 1\n# EOF'],
    ['a ray id of a thousand characters', 'a'.repeat(1000)],
  ])('%s stays out of exemplars', async (_name, rayId) => {
    const metrics = emptyMetrics();
    metrics.register(check());
    metrics.observe(failedRun({}, failure({ evidence: { message: 'x', rayId } })));
    const open = await rendered(metrics, 'openmetrics');
    expect(open).not.toContain('ray_id');
    expect(
      readExposition(open)
        .all('blobprobe_failure_sent_bytes_bucket')
        .some((s) => s.exemplar),
    ).toBe(true);
  });

  test('hostile names come back as they were, in both formats, with and without exemplars', async () => {
    const hostile = 'a"b\\c\nd{e}=,# {run_id="x"} 1 2 le="1" # EOF é';
    const metrics = emptyMetrics();
    const nasty = check({ path: hostile, workload: '"} 5 # {a="b"} 3 4' });
    metrics.register(nasty);
    metrics.observe(successfulRun({ check: nasty }));
    const labels = checkLabels(nasty);
    const text = readExposition(await rendered(metrics));
    const open = readExposition(await rendered(metrics, 'openmetrics'));
    for (const scraped of [text, open]) {
      expect(scraped.value('blobprobe_runs_total', { ...labels })).toBe(1);
      expect(scraped.value('blobprobe_run_duration_seconds_bucket', { ...labels, outcome: 'success', le: '0.5' })).toBe(
        1,
      );
    }
    expect(text.samples.some((sample) => sample.exemplar)).toBe(false);
    const facts = ({ name, labels, value }: Sample): unknown[] => [name, labels, value];
    expect(text.samples.map(facts)).toEqual(open.samples.map(facts));
  });

  test('no edge is written as a bare whole number', async () => {
    const metrics = emptyMetrics(true);
    metrics.register(check());
    const edges = new Set(readExposition(await rendered(metrics)).samples.flatMap((s) => s.labels['le'] ?? []));
    expect([...edges].filter((edge) => /^\d+$/.test(edge))).toEqual([]);
    expect(edges).toContain('65536.0');
    expect(edges).toContain('1.048576e+06');
  });

  test('help texts need no escaping and end as sentences', () => {
    const helps = Object.values(metricSpecs).map((spec) => spec.help);
    expect(helps.filter((help) => !/^[^"\\\n]+\.$/.test(help))).toEqual([]);
  });

  describeWithComponents(['promtool'], 'promtool check metrics', () => {
    test('accepts it', async () => {
      const metrics = emptyMetrics(true);
      metrics.register(check());
      metrics.observe(successfulRun());
      metrics.observe(failedRun());
      const good = await checkMetrics(await rendered(metrics));
      expect(good).toEqual({ code: 0, output: '' });
      const bad = await checkMetrics(`${await rendered(metrics)}# TYPE x_total gauge\nx_total 1\n`);
      expect(bad.code).not.toBe(0);
    });
  });
});

test('a tainted run keeps out of the last duration and throughput when asked to, and of nothing else', async () => {
  const metrics = new Metrics({ version: '1', revision: 'r', nodeVersion: 'v20', processMetrics: false });
  metrics.register(check());
  const lines = async (): Promise<string[]> =>
    (await rendered(metrics)).split('\n').filter((line) => /^blobprobe_(last_|runs_total|runs_tainted)/.test(line));
  const valueOf = async (name: string): Promise<number | undefined> => {
    const line = (await lines()).find((one) => one.startsWith(`blobprobe_${name}{`));
    return line === undefined ? undefined : Number(line.split(' ').at(-1));
  };
  const tainted = successfulRun({ tainted: true, durationMs: 9_000, pushBytesPerSecond: 1 });
  metrics.observe(tainted, { excludeTainted: true });
  expect(await valueOf('last_run_duration_seconds')).toBeUndefined();
  expect(await valueOf('last_throughput_bytes_per_second')).toBeUndefined();
  expect([await valueOf('last_run_success'), await valueOf('runs_total'), await valueOf('runs_tainted_total')]).toEqual(
    [1, 1, 1],
  );
  metrics.observe(successfulRun({ durationMs: 2_000, pushBytesPerSecond: 5 }), { excludeTainted: true });
  metrics.observe(failedRun({ tainted: true, durationMs: 9_000 }), { excludeTainted: true });
  expect([await valueOf('last_run_duration_seconds'), await valueOf('last_throughput_bytes_per_second')]).toEqual([
    2, 5,
  ]);
  expect(await valueOf('last_run_success')).toBe(0);
  expect((await lines()).some((line) => line.startsWith('blobprobe_last_failure_info{'))).toBe(true);
  metrics.observe(tainted);
  expect([await valueOf('last_run_duration_seconds'), await valueOf('last_throughput_bytes_per_second')]).toEqual([
    9, 1,
  ]);
});
