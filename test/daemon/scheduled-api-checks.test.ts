import { expect, test } from 'vitest';
import { ScheduledApiChecks } from '../../src/daemon/scheduled-api-checks.ts';
import type { ApiReport, EndpointState } from '../../src/probe/diagnose/api-check.ts';
import type { Failure } from '../../src/probe/failure.ts';
import { Metrics } from '../../src/publish/metrics/metrics.ts';
import { atOnce } from '../support/at-once.ts';
import { fakeCheck } from '../support/fake-check.ts';
import { gateOf } from '../support/gate.ts';
import { recordingLog } from '../support/recording-log.ts';
import { rendered } from '../support/rendered.ts';

const failure: Failure = {
  reason: 'origin_unreachable',
  phase: 'auth',
  answeredBy: 'nginx',
  blame: 'ingress',
  status: 502,
  sentBytes: 0,
  elapsedMs: 1,
  blob: '',
  evidence: { message: '502 Bad Gateway' },
};
const up: EndpointState = { up: true };
const down: EndpointState = { up: false, failure };

function setup(states: () => ApiReport['endpoints'] | undefined) {
  const metrics = new Metrics({ version: '0', revision: 'r', nodeVersion: 'v', processMetrics: false });
  const { log, lines } = recordingLog();
  const api = new ScheduledApiChecks({
    engine: {
      checkApi: async ({ registry, path }) => {
        const endpoints = states();
        return endpoints && { registry: registry.name, path: path.name, endpoints };
      },
    },
    metrics,
    log,
    gate: gateOf({ log }).gate,
  });
  const scrape = async (): Promise<string[]> =>
    (await rendered(metrics)).split('\n').filter((line) => line.startsWith('blobprobe_api_up{'));
  return { api, lines, scrape };
}

const signal = new AbortController().signal;

test.each([
  [[8_000, 900_000], 60_000],
  [[90_000, 120_000], 90_000],
  [[900_000, 3_600_000], 300_000],
])('one look for each path, as often as its checks of %j ms but between 1 and 5 minutes', (intervals, expected) => {
  const { api } = setup(() => undefined);
  const checks = intervals.flatMap((intervalMs) =>
    ['direct', 'edge'].map((path) => ({ ...fakeCheck('gitea', path, 'docker', `every-${intervalMs}`), intervalMs })),
  );
  expect(api.update(checks).map(({ id, intervalMs }) => [id, intervalMs])).toEqual([
    ['API of gitea/direct', expected],
    ['API of gitea/edge', expected],
  ]);
});

test('states become gauges, changes become log lines', async () => {
  let endpoints: ApiReport['endpoints'] = { ping: up, auth: up, catalog: up, tags: down };
  const { api, lines, scrape } = setup(() => endpoints);
  const [task] = api.update([fakeCheck('gitea', 'direct', 'docker', 'small')]);
  await task!.run(signal, atOnce);
  await task!.run(signal, atOnce);
  expect(await scrape()).toEqual([
    expect.stringMatching(/path="direct",endpoint="ping".* 1$/),
    expect.stringMatching(/endpoint="auth".* 1$/),
    expect.stringMatching(/endpoint="catalog".* 1$/),
    expect.stringMatching(/endpoint="tags".* 0$/),
  ]);
  expect(api.reports()).toEqual([{ registry: 'gitea', path: 'direct', endpoints }]);
  endpoints = { ping: up, auth: up, catalog: up, tags: up };
  await task!.run(signal, atOnce);
  expect(lines.map(({ level, message, fields }) => [level, message, fields['endpoint'], fields['reason']])).toEqual([
    ['warn', 'endpoint is down', 'tags', 'origin_unreachable'],
    ['info', 'endpoint is up again', 'tags', undefined],
  ]);
  api.update([]);
  expect(api.reports()).toEqual([]);
});

test('an aborted look, and one of a path that is gone, say nothing', async () => {
  let endpoints: ApiReport['endpoints'] | undefined;
  const { api, lines, scrape } = setup(() => endpoints);
  const [task] = api.update([fakeCheck('gitea', 'direct', 'docker', 'small')]);
  await task!.run(AbortSignal.abort(), atOnce);
  api.update([]);
  endpoints = { ping: down, auth: down, catalog: down, tags: down };
  await task!.run(signal, atOnce);
  expect(await scrape()).toEqual([]);
  expect(api.reports()).toEqual([]);
  expect(lines).toEqual([]);
});
