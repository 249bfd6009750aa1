import { describe, expect, test } from 'vitest';
import {
  type ExamineDeps,
  type ExamineOptions,
  mostExaminedBytes,
} from '../../../src/probe/diagnose/examine-options.ts';
import { pullCases } from '../../../src/probe/diagnose/pull-cases.ts';
import { pullBack } from '../../../src/probe/diagnose/pull-trials.ts';
import type { PulledBack } from '../../../src/probe/diagnose/trial.ts';
import { TrialLog } from '../../../src/probe/diagnose/trial-log.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';

const check = { ...fakeCheck('gitea', 'ingress', 'docker', 'blob'), timeoutMs: 3_600_000 };
const cut = fakeFailure('connection_reset', {
  phase: 'pull',
  status: 200,
  answeredBy: 'registry',
  elapsedMs: 4_000,
  evidence: { message: 'reset', pulledBytes: 4_000_000, silentMs: 5 },
});

async function pulled(
  pulls: Run[],
  deadlineMs?: number,
  changes: Partial<ExamineOptions> = { pull: true },
): Promise<{ back: PulledBack | undefined; leftOut: string[]; given: unknown }> {
  const outcomes = [fakeRun(check), ...pulls];
  let given: unknown;
  const run: ExamineDeps['run'] = (_check, how) => {
    given = how;
    return Promise.resolve(outcomes.shift()!);
  };
  const options: ExamineOptions = { check, deadlineMs, signal: new AbortController().signal, ...changes };
  const log = new TrialLog(options, { run, paced: () => run, checkApi: () => Promise.resolve(undefined) });
  await log.push('small', { check, shape: check.client.shape }, 65_536);
  return { back: await pullBack(options, { run }, log), leftOut: log.leftOut, given };
}

test('a pull that the examination itself ends is left out, and is no failure', async () => {
  const { back, leftOut } = await pulled([fakeRun(check, fakeFailure('deadline', { phase: 'pull' }))], 600_000);
  expect(back).toEqual({ runs: [], directRuns: [] });
  expect(leftOut).toEqual([
    expect.stringMatching(/pulled back over ingress: .* were left for it, and it takes longer$/),
  ]);
});

test('one that the check’s own time ends is a failure', async () => {
  const deadline = (): Run => fakeRun(check, fakeFailure('deadline', { phase: 'pull' }));
  const { back, leftOut } = await pulled([deadline(), deadline(), deadline()]);
  expect([back?.runs.length, leftOut]).toEqual([3, []]);
});

test.each([
  ['got through', fakeRun(check), false],
  ['was cut', fakeRun(check, cut), true],
  ['could not put the blob there', fakeRun(check, fakeFailure('registry_error')), undefined],
])('the second try %s: whether it came again', (_name, again, cameAgain) => {
  const [pullCase] = pullCases({ runs: [fakeRun(check, cut), again], directRuns: [] });
  expect(pullCase?.contrast.cameAgain).toBe(cameAgain);
});

test.each<[what: string, pulledBytes: readonly number[], proven: readonly string[]]>([
  ['the same bytes', [100e6, 100e6], []],
  ['bytes of which a reset may have taken some', [100e6, 96e6], []],
  ['other bytes, of which a reset may have taken as much', [4e6, 3e6], []],
  ['bytes further apart than any reset makes them', [100e6, 95e6], ['pullTime']],
])('pulls that end after the same time and %s: what is proven', (_what, pulledBytes, expected) => {
  const cuts = pulledBytes.map((bytes) => ({ ...cut, evidence: { ...cut.evidence, pulledBytes: bytes } }));
  const [one] = pullCases({ runs: cuts.map((failure) => fakeRun(check, failure)), directRuns: [] });
  expect([...(one?.contrast.proven ?? [])]).toEqual(expected);
});

describe('a pull that an answer refuses', () => {
  const refused = fakeFailure('blocked_by_policy', { phase: 'pull', status: 403, answeredBy: 'squid' });
  const large = { ...check, workload: { ...check.workload, layerBytes: [8_000_000] } };
  const small = { ...check, workload: { ...check.workload, layerBytes: [65_536] } };
  const provenOf = (...runs: readonly Run[]): boolean | undefined =>
    pullCases({ runs, directRuns: [] })[0]?.contrast.proven.has('pullSize');

  const twice = [fakeRun(large, refused), fakeRun(large, refused)];

  test('is tried again, then twice as a small one, and once more', async () => {
    const { back } = await pulled([...twice, fakeRun(small), fakeRun(small), fakeRun(large, refused)]);
    expect(back?.runs.map(({ ok }) => ok)).toEqual([false, false, true, true, false]);
  });

  test('and comes back at the second try, is tried no further', async () => {
    const { back } = await pulled([fakeRun(large, refused), fakeRun(large)]);
    expect(back?.runs).toHaveLength(2);
  });

  test('is not tried once more when a small one is refused, too', async () => {
    const { back } = await pulled([...twice, fakeRun(small), fakeRun(small, refused)]);
    expect(back?.runs).toHaveLength(4);
  });

  test('costs no more than is announced', async () => {
    const pushed: number[] = [];
    const asked = { ...large, path: { ...check.path, name: 'ingress' } };
    const options = (pull: boolean): ExamineOptions => ({
      check: asked,
      direct: { ...check.path, name: 'direct' },
      pull,
      signal: new AbortController().signal,
    });
    const run: ExamineDeps['run'] = (tried) => {
      const [sizeBytes = 0] = tried.workload.layerBytes;
      if (tried.workload.pull) pushed.push(sizeBytes);
      const isRefused = tried.workload.pull && sizeBytes > 65_536 && tried.path.name === 'ingress';
      return Promise.resolve(fakeRun(tried, isRefused ? refused : undefined, sizeBytes));
    };
    const log = new TrialLog(options(true), { run, paced: () => run, checkApi: () => Promise.resolve(undefined) });
    await log.push('small', { check: asked, shape: asked.client.shape }, 65_536);
    await pullBack(options(true), { run }, log);
    expect(pushed).toHaveLength(7);
    const announced = mostExaminedBytes(options(true)) - mostExaminedBytes(options(false));
    expect(pushed.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(announced);
  });

  test('is refused for its size when small ones come back twice in between, and not before', () => {
    const smalls = [fakeRun(small), fakeRun(small)];
    expect(provenOf(...twice, ...smalls, fakeRun(large, refused))).toBe(true);
    expect(provenOf(...twice, fakeRun(small), fakeRun(small, refused))).toBe(false);
    expect(provenOf(fakeRun(large, refused), fakeRun(large), ...smalls, fakeRun(large, refused))).toBe(false);
  });

  test('two requests that failed before everything came back prove nothing', () => {
    const smalls = [fakeRun(small), fakeRun(small)];
    expect(provenOf(...twice, ...smalls)).toBe(false);
    const there = { ...large, path: { ...check.path, name: 'direct' } };
    const [one] = pullCases({
      runs: [...twice, ...smalls, fakeRun(large)],
      directRuns: [fakeRun(there), fakeRun(there)],
    });
    expect(one?.contrast.proven).toEqual(new Set());
  });

  test.each<[what: string, otherwise: Partial<Failure>]>([
    ['what is not there', { status: 404 }],
    ['a hop that gave up waiting', { reason: 'response_timeout', status: 504 }],
    ['Cloudflare, that gave up waiting', { reason: 'response_timeout', status: 524, answeredBy: 'cloudflare' }],
    ['a hop that found the client too slow', { reason: 'request_timeout', status: 408 }],
    ['a part that is not there', { reason: 'resume_refused', status: 416 }],
    ['a limit on requests', { reason: 'rate_limited', status: 429 }],
    ['“later”', { status: 503, evidence: { message: '', headers: { 'retry-after': '5' } } }],
    ['a hop that is overloaded', { status: 503, evidence: { message: '', headers: { 'x-envoy-overloaded': 'true' } } }],
    ['a hop in maintenance', { status: 503, evidence: { message: '', body: 'Down for maintenance' } }],
    ['a hop without servers', { status: 503, evidence: { message: '', body: 'no available server' } }],
    ['the registry', { reason: 'registry_error', status: 500, answeredBy: 'registry', registryCode: 'UNKNOWN' }],
  ])('%s refuses nothing for its size', (_what, otherwise) => {
    const failing = (): Run => fakeRun(large, { ...refused, ...otherwise });
    expect(provenOf(failing(), failing(), fakeRun(small), fakeRun(small), failing())).toBe(false);
  });
});

test('nothing is pulled unless it is asked for; a pull ends with the examination, and tells of itself', async () => {
  expect(await pulled([], undefined, {})).toMatchObject({ back: undefined, leftOut: [] });
  const own = { signal: new AbortController().signal, onProgress: () => {} };
  expect((await pulled([fakeRun(check)], undefined, { pull: true, ...own })).given).toEqual(own);
});
