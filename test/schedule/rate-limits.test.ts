import { afterEach, describe, expect, test } from 'vitest';
import { createEngine } from '../../src/daemon/engine.ts';
import { RateLimits } from '../../src/schedule/rate-limits.ts';
import { ScheduledChecks } from '../../src/daemon/scheduled-checks.ts';
import { type DemoRegistry, startRegistry } from '../support/lab/registry.ts';
import type { Failure } from '../../src/probe/failure.ts';
import type { Run } from '../../src/probe/outcome.ts';
import { History } from '../../src/publish/history.ts';
import { Metrics } from '../../src/publish/metrics/metrics.ts';
import { atOnce } from '../support/at-once.ts';
import { rendered } from '../support/rendered.ts';
import { checkOf } from '../support/checks.ts';
import { fakeCheck } from '../support/fake-check.ts';
import { fakeRun } from '../support/fake-run.ts';
import { attempt } from '../support/run-fixtures.ts';
import { Verdicts } from '../../src/publish/verdicts.ts';
import { gateOf } from '../support/gate.ts';
import { recordingLog } from '../support/recording-log.ts';

const hourMs = 3_600_000;

function setup() {
  let now = 1_800_000_000_000;
  const limits = new RateLimits(() => now);
  const [direct, edge] = ['direct', 'edge'].map((path) => fakeCheck('gitea', path, 'docker', 'small'));
  const other = fakeCheck('harbor', 'direct', 'docker', 'small');
  const failWith = (
    status: number,
    retryAfter: string | undefined,
    answeredBy: Failure['answeredBy'] = 'nginx',
    check = edge!,
    attempts: Run['attempts'] = [],
  ) => {
    const headers = retryAfter === undefined ? undefined : { 'retry-after': retryAfter };
    const failure: Failure = {
      reason: 'rate_limited',
      phase: 'start',
      answeredBy,
      blame: 'ingress',
      status,
      sentBytes: 0,
      elapsedMs: 1,
      blob: 'blob',
      evidence: { message: 'm', headers },
    };
    return limits.note({ ...fakeRun(check, failure), attempts });
  };
  const left = () => [direct!, edge!, other].map((check) => limits.leftMs(check));
  return {
    limits,
    failWith,
    left,
    other,
    direct: direct!,
    edge: edge!,
    passMs: (ms: number) => (now += ms),
    now: () => now,
  };
}

describe('who is left alone', () => {
  test('a hop asks for its path, until the time is over', () => {
    const { limits, failWith, left, passMs, now } = setup();
    const hold = failWith(429, '120');
    expect(hold).toEqual({
      registry: 'gitea',
      path: 'edge',
      byRegistry: false,
      status: 429,
      until: new Date(now() + 120_000),
    });
    expect(left()).toEqual([0, 120_000, 0]);
    expect(limits.holds()).toEqual([hold]);
    passMs(120_000);
    expect(left()).toEqual([0, 0, 0]);
    expect(limits.holds()).toEqual([]);
  });

  test('what looks like the registry holds its own path only, however long it asks', () => {
    const { failWith, left } = setup();
    failWith(429, '999999', 'registry');
    failWith(429, '999999', 'registry');
    expect(left()).toEqual([0, hourMs, 0]);
  });

  test('a registry that asks over a second path asks for all paths to it, also with 503; until then', () => {
    const { failWith, left, passMs, direct } = setup();
    failWith(503, '30', 'registry');
    expect(left()).toEqual([0, 30_000, 0]);
    passMs(10_000);
    expect(failWith(503, '40', 'registry', direct)).toMatchObject({ path: undefined, byRegistry: true });
    expect(left()).toEqual([40_000, 40_000, 0]);
    passMs(40_000);
    expect(left()).toEqual([0, 0, 0]);
    failWith(503, '30', 'registry', direct);
    expect(left()).toEqual([30_000, 0, 0]);
  });

  test('two hops that ask are two hops: no path holds another', () => {
    const { failWith, left, direct } = setup();
    failWith(429, '60');
    failWith(429, '30', 'nginx', direct);
    expect(left()).toEqual([30_000, 60_000, 0]);
  });

  test('neither a hop nor another registry confirms what a registry says', () => {
    const { failWith, left, direct, other } = setup();
    failWith(429, '60', 'nginx', direct);
    failWith(429, '50', 'registry', other);
    expect(failWith(429, '40', 'registry')).toMatchObject({ path: 'edge', byRegistry: true });
    expect(left()).toEqual([60_000, 40_000, 50_000]);
  });

  test('what is put there over another path: the one that asked is left alone, and nothing starts that takes either', () => {
    const { limits, failWith, left, direct, edge, passMs } = setup();
    const check = { ...edge, pushedOver: direct.path };
    expect(failWith(429, '60', 'nginx', check, [attempt()])).toMatchObject({ path: 'direct' });
    expect(left()).toEqual([60_000, 0, 0]);
    expect(limits.leftMs(check)).toBe(60_000);
    passMs(60_000);
    expect(limits.leftMs(check)).toBe(0);
    // Also the ping before a pull goes over its own path.
    const pushedAndPulled = [attempt(), attempt({ pull: 'cold' })];
    expect(failWith(429, '30', 'nginx', check, pushedAndPulled)).toMatchObject({ path: 'edge' });
    expect(left()).toEqual([0, 30_000, 0]);
  });

  test('a date is understood, and nothing lasts longer than an hour', () => {
    const { failWith, left, now } = setup();
    failWith(429, new Date(now() + 90_000).toUTCString());
    expect(left()[1]).toBe(90_000);
    failWith(429, '86400');
    expect(left()[1]).toBe(hourMs);
  });

  test('503 without a time, 200, 413 and a time of 0 ask for nothing', () => {
    const { failWith, left } = setup();
    expect([failWith(503, undefined), failWith(413, '60'), failWith(429, '0'), failWith(500, '60')]).toEqual(
      Array.from({ length: 4 }),
    );
    expect(left()).toEqual([0, 0, 0]);
  });

  test('429 without a time: a minute, doubled each time it comes again, an hour at most; a success begins anew', () => {
    const { limits, failWith, left, edge } = setup();
    const waits = Array.from({ length: 8 }, () => {
      failWith(429, undefined);
      return left()[1]! / 60_000;
    });
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    limits.note(fakeRun(edge));
    failWith(429, 'soon');
    expect(left()[1]).toBe(60_000);
    // Another failure is no success.
    failWith(413, undefined);
    failWith(429, undefined);
    expect(left()[1]).toBe(120_000);
  });

  test('a clock that is set back holds nobody for longer than an hour', () => {
    const { failWith, left, passMs } = setup();
    failWith(429, '600');
    passMs(-24 * hourMs);
    expect(left()[1]).toBe(hourMs);
  });
});

let registry: DemoRegistry | undefined;
afterEach(() => registry?.close());

test('a real 429 with Retry-After: the next slots are skipped as rate_limited and send nothing', async () => {
  registry = await startRegistry();
  registry.intercept = ({ method }) =>
    method === 'POST' ? { kind: 'answer', status: 429, headers: { 'Retry-After': '600' } } : undefined;
  const metrics = new Metrics({ version: '0', revision: 'r', nodeVersion: 'v', processMetrics: false });
  const { log, lines } = recordingLog();
  const rateLimits = new RateLimits(() => Date.now());
  const { gate } = gateOf({ rateLimits, log });
  const { run } = createEngine();
  const checks = new ScheduledChecks({
    run,
    metrics,
    history: new History(),
    log,
    gate,
    verdicts: new Verdicts(),
    judge: () => undefined,
    random: Math.random,
  });
  const check = { ...checkOf(registry.url, { sizeBytes: 1_000 }), retries: 'none' as const };
  const [task] = checks.update([check]);
  const { signal } = new AbortController();
  await task!.run(signal, atOnce);
  const asked = registry.requestTotal;
  expect(asked).toBeGreaterThan(0);
  await task!.run(signal, atOnce);
  await task!.run(signal, atOnce);
  expect(registry.requestTotal).toBe(asked);
  const text = await rendered(metrics);
  expect(text).toMatch(/^blobprobe_runs_skipped_total\{.*cause="rate_limited"\} 2$/m);
  expect(text).toMatch(/^blobprobe_runs_total\{.*\} 1$/m);
  expect(rateLimits.leftMs(check)).toBeGreaterThan(590_000);
  expect(lines).toContainEqual(
    expect.objectContaining({
      level: 'warn',
      message: 'a registry or hop asked for a pause: no run starts there until then',
    }),
  );
});
