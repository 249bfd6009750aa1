import { expect, test } from 'vitest';
import { findingFor } from '../../../src/probe/diagnose/judge-run.ts';
import type { Failure, FailureReason } from '../../../src/probe/failure.ts';
import type { Attempt, RequestRecord, Run } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';
import { attempt, requestRecord } from '../../support/run-fixtures.ts';

const check = fakeCheck('gitea', 'ingress', 'docker', 'image');

/** A layer whose pull began at `startMs` and was cut after 4 s. */
function cutLayer(blob: string, number: number, startMs: number, pulledBytes: number): Attempt & { failure: Failure } {
  const failure = fakeFailure('connection_reset', {
    phase: 'pull',
    status: 200,
    answeredBy: 'registry',
    elapsedMs: 4_000,
    blob,
    evidence: { message: 'reset', pulledBytes, silentMs: 5 },
  });
  return {
    blob,
    pull: 'cold',
    number,
    startMs,
    durationMs: 4_000,
    waitedMs: 0,
    phaseMs: {},
    sentBytes: 0,
    acknowledgedBytes: 0,
    pulledBytes,
    resends: 0,
    fellBack: false,
    requests: [],
    failure,
  };
}

function findingOf(attempts: readonly (Attempt & { failure: Failure })[]): string | undefined {
  const run = { ...fakeRun(check, attempts.at(-1)?.failure), attempts };
  const finding = findingFor(run, [fakeRun(fakeCheck('gitea', 'direct', 'docker', 'image'))]);
  return finding && `${finding.cause} ${finding.confidence}`;
}

test('what ends three layers at the same moment is one event, and proves no limit on time', () => {
  const layers = [cutLayer('layer-1', 1, 0, 4e6), cutLayer('layer-2', 1, 10, 9e6), cutLayer('layer-3', 1, 5, 2e6)];
  expect(findingOf(layers)).toBe('pull_cut likely');
});

test('a layer that is cut after the same time again is a limit on time', () => {
  expect(findingOf([cutLayer('layer-1', 1, 0, 4e6), cutLayer('layer-1', 2, 5_000, 9e6)])).toBe(
    'pull_time_limit certain',
  );
});

/** A run over the ingress that Traefik answered 504 when the whole body was on its way, most of its time after the last byte. */
function answered504(elapsedMs: number, waitedShare = 0.8, sentBytes = 100e6): Run {
  return fakeRun(
    fakeCheck('gitea', 'ingress', 'docker-containerd', 'large'),
    fakeFailure('response_timeout', {
      phase: 'wait',
      status: 504,
      answeredBy: 'traefik',
      elapsedMs,
      evidence: { message: '504', sinceLastByteMs: waitedShare * elapsedMs },
      sentBytes,
    }),
  );
}

/** A run of another client, whose body Traefik ended while it was under way. */
function endedBody(elapsedMs: number, path = 'ingress', reason: FailureReason = 'request_timeout'): Run {
  const failure = fakeFailure(reason, { phase: 'send', status: 499, answeredBy: 'traefik', elapsedMs });
  return fakeRun(fakeCheck('gitea', path, 'docker', 'large'), failure);
}

test.each([
  ['after the same time', [endedBody(60_100)], 'traefik_read_timeout'],
  ['after another time', [endedBody(20_000)], 'traefik_gateway_timeout'],
  ['after the same time, over another path', [endedBody(60_100, 'other')], 'traefik_gateway_timeout'],
  ['after the same time, for its size', [endedBody(60_100, 'ingress', 'body_too_large')], 'traefik_gateway_timeout'],
  ['never', [], 'traefik_gateway_timeout'],
])('a 504 after the body, of a hop that ended another body %s', (_when, others, cause) => {
  expect(findingFor(answered504(60_000), others)).toMatchObject({ cause, confidence: 'likely' });
});

test.each([
  ['of a slow one, whose last bytes may have been under way', 0.8, 2e6, 'traefik_read_timeout open'],
  ['of one that two kernels may hold, as Linux comes since 6.16', 0.8, 9e6, 'traefik_read_timeout open'],
  ['of one that was at the hop long before', 0.8, 20e6, 'traefik_gateway_timeout likely'],
  ['of a small one that was sent at once', 0.999, 65_536, 'traefik_gateway_timeout likely'],
])('a 504 after the body, alone, %s', (_what, waitedShare, sentBytes, expected) => {
  const { cause, confidence } = findingFor(answered504(60_000, waitedShare, sentBytes)) ?? {};
  expect(`${cause} ${confidence}`).toBe(expected);
});

test('a 502 to a body is judged with what the same attempt saw: the registry that opened the upload can be reached', () => {
  const failure = fakeFailure('origin_unreachable', {
    status: 502,
    answeredBy: 'nginx',
    phase: 'wait',
    sentBytes: 1_000,
  });
  const opened = requestRecord({ method: 'POST', status: 202, phase: 'start' });
  const refused = requestRecord({ status: 502, responseHeaders: {} });
  const causeOf = (...requests: (readonly RequestRecord[])[]): string | undefined => {
    const attempts = requests.map((one, index) =>
      attempt({
        blob: failure.blob,
        number: index + 1,
        startMs: 1_000 * index,
        durationMs: 500,
        requests: one,
        failure,
      }),
    );
    return findingFor({ ...fakeRun(check, failure), attempts })?.cause;
  };
  expect(causeOf([opened, refused])).toBe('hop_fails_request');
  expect(causeOf([refused])).not.toBe('hop_fails_request');
  // It answered the first attempt, and may be gone since.
  expect(causeOf([opened, refused], [refused])).not.toBe('hop_fails_request');
  // Another layer, that was given up with this one, tells nothing of it; one that got through at the same time does.
  const run = fakeRun(check, failure);
  const own = attempt({ blob: failure.blob, startMs: 0, durationMs: 100, requests: [opened, refused], failure });
  const beside = { blob: 'layer-2', startMs: 1, durationMs: 100, requests: [] };
  expect(findingFor({ ...run, attempts: [own, attempt({ ...beside, failure })] })?.cause).toBe('hop_fails_request');
  const bare = { ...own, requests: [refused] };
  const through = attempt({ ...beside, requests: [opened] });
  expect(findingFor({ ...run, attempts: [bare, through] })?.cause).toBe('hop_fails_request');
});
