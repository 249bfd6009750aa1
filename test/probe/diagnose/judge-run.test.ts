import { describe, expect, test } from 'vitest';
import type { PathKind } from '../../../src/network/path.ts';
import { Secret } from '../../../src/network/secrets/secret.ts';
import { causes } from '../../../src/probe/diagnose/causes.ts';
import { findingFor, judgeRun } from '../../../src/probe/diagnose/judge-run.ts';
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

function findingOf(attempts: readonly Attempt[]): string | undefined {
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

/** A hop's 502 to a body, and what says that the registry behind it opened the upload. */
const hidden502 = fakeFailure('origin_unreachable', {
  status: 502,
  answeredBy: 'nginx',
  phase: 'wait',
  sentBytes: 1_000,
});
const opened = requestRecord({ method: 'POST', status: 202, phase: 'start' });
const refused = requestRecord({ status: 502, responseHeaders: {} });

test('a 502 to a body is judged with what the same attempt saw: the registry that opened the upload can be reached', () => {
  const causeOf = (...requests: (readonly RequestRecord[])[]): string | undefined => {
    const attempts = requests.map((one, index) =>
      attempt({
        blob: hidden502.blob,
        number: index + 1,
        startMs: 1_000 * index,
        durationMs: 500,
        requests: one,
        failure: hidden502,
      }),
    );
    return findingFor({ ...fakeRun(check, hidden502), attempts })?.cause;
  };
  expect(causeOf([opened, refused])).toBe('hop_fails_request');
  expect(causeOf([refused])).not.toBe('hop_fails_request');
  // It answered the first attempt, and may be gone since.
  expect(causeOf([opened, refused], [refused])).not.toBe('hop_fails_request');
  // Another layer, that was given up with this one, tells nothing of it; one that got through at the same time does.
  const run = fakeRun(check, hidden502);
  const own = attempt({
    blob: hidden502.blob,
    startMs: 0,
    durationMs: 100,
    requests: [opened, refused],
    failure: hidden502,
  });
  const beside = { blob: 'layer-2', startMs: 1, durationMs: 100, requests: [] };
  expect(findingFor({ ...run, attempts: [own, attempt({ ...beside, failure: hidden502 })] })?.cause).toBe(
    'hop_fails_request',
  );
  const bare = { ...own, requests: [refused] };
  const through = attempt({ ...beside, requests: [opened] });
  expect(findingFor({ ...run, attempts: [bare, through] })?.cause).toBe('hop_fails_request');
});

const nothingSeen = { elsewhere: 'none', kindsFailingAlike: [] } as const;

test('a run that got through has no cause', () => {
  expect([findingFor(fakeRun(check)), judgeRun(fakeRun(check), nothingSeen)]).toEqual([undefined, undefined]);
});

test.each<[string, number, boolean]>([
  ['a tenth later', 66_666, true],
  ['more than a tenth later', 66_667, false],
  ['a tenth earlier', 54_546, true],
  ['more than a tenth earlier', 54_545, false],
])('a body that the same hop ended %s: the same time, or another', (_when, elapsedMs, isSame) => {
  const cause = isSame ? 'traefik_read_timeout' : 'traefik_gateway_timeout';
  expect(findingFor(answered504(60_000), [endedBody(elapsedMs)])?.cause).toBe(cause);
});

test('a body that was ended in exactly a tenth less is of the same time', () => {
  expect(findingFor(answered504(55_000), [endedBody(50_000)])?.cause).toBe('traefik_read_timeout');
});

test.each<[string, number, boolean]>([
  ['that is no round trip', 350, true],
  ['of a round trip', 349, false],
])('the same time %s', (_what, ms, counts) => {
  const cause = counts ? 'traefik_read_timeout' : undefined;
  expect(findingFor(answered504(ms, 0.999, 65_536), [endedBody(ms)])?.cause).toBe(cause);
});

test.each<[string, Partial<Failure>, string?]>([
  ['another hop', { answeredBy: 'nginx' }],
  ['nobody', { answeredBy: 'none' }],
  ['the same hop after the body', { phase: 'wait' }],
  ['the same hop before another registry', {}, 'harbor'],
])('a body that was ended after the same time by %s says nothing of this one', (_who, changes, registry = 'gitea') => {
  const ended = endedBody(60_100);
  const other = { ...fakeRun(fakeCheck(registry, 'ingress', 'docker', 'large'), { ...ended.failure!, ...changes }) };
  expect(findingFor(answered504(60_000), [other])?.cause).toBe('traefik_gateway_timeout');
});

test.each<[string, readonly Run[], string, string]>([
  [
    'got through',
    [fakeRun(fakeCheck('gitea', 'direct', 'docker', 'image'))],
    'nothing_listens likely',
    'over another path the same push got through',
  ],
  [
    'failed',
    [fakeRun(fakeCheck('gitea', 'direct', 'docker', 'image'), fakeFailure('connect_refused'))],
    'nothing_answers likely',
    '',
  ],
  [
    'got through, and over a third one failed',
    [
      fakeRun(fakeCheck('gitea', 'direct', 'docker', 'image')),
      fakeRun(fakeCheck('gitea', 'other', 'docker', 'image'), fakeFailure('connect_refused')),
    ],
    'nothing_listens likely',
    'over another path the same push got through',
  ],
  ['was of another client', [fakeRun(fakeCheck('gitea', 'direct', 'skopeo', 'image'))], 'nothing_answers likely', ''],
  ['was the same run, before', [fakeRun(check)], 'nothing_answers likely', ''],
])('a port that refuses, where what was pushed over another path %s', (_what, others, expected, words) => {
  const finding = findingFor(fakeRun(check, fakeFailure('connect_refused', { phase: 'connect' })), others)!;
  expect(`${finding.cause} ${finding.confidence}`).toBe(expected);
  expect(finding.evidence[0]).toContain(words);
  expect(finding.evidence[0]).toMatch(/^docker: /);
});

describe('the same judgement for a round', () => {
  const refused = fakeFailure('connect_refused', { phase: 'connect' });
  const login = fakeFailure('auth_rejected', {
    phase: 'auth',
    status: 401,
    answeredBy: 'registry',
    blame: 'auth_server',
  });
  const password = { kind: 'basic', username: 'probe', password: Secret.of('word') } as const;
  const asUser = { ...check, registry: { ...check.registry, credentials: password } };

  test('says what and where it is, and what to do, with a reference', () => {
    const behind = { ...check, path: { ...check.path, kind: 'ingress' as const } };
    const judged = judgeRun(fakeRun(behind, refused), { ...nothingSeen, elsewhere: 'ok' });
    const { remedy, reference } = causes.nothing_listens;
    expect(judged).toEqual({ cause: 'nothing_listens', hop: 'ingress', remedy: `${remedy} See ${reference}` });
  });

  test('says of what is open that it may be so', () => {
    const { cause, remedy } = judgeRun(
      fakeRun(check, fakeFailure('connect_timeout', { phase: 'connect' })),
      nothingSeen,
    )!;
    expect(cause).toBe('registry_down');
    expect(remedy).toMatch(/^Perhaps [a-z].*: .* See https:\/\//);
  });

  test.each<['ok' | 'same' | 'none', string]>([
    ['ok', 'nothing_listens'],
    ['same', 'registry_down'],
    ['none', 'nothing_answers'],
  ])('compares with the other paths: %s', (elsewhere, cause) => {
    expect(judgeRun(fakeRun(check, refused), { ...nothingSeen, elsewhere })?.cause).toBe(cause);
  });

  test.each<[string, typeof check, 'ok' | 'same', string]>([
    ['of somebody who is let in elsewhere', asUser, 'ok', 'login_differs_by_path'],
    ['of somebody who is let in nowhere', asUser, 'same', 'credentials_rejected'],
  ])('a login %s', (_who, of, elsewhere, cause) => {
    expect(judgeRun(fakeRun(of, login), { ...nothingSeen, elsewhere })?.cause).toBe(cause);
  });

  test('nobody who is logged in nowhere has a login that differs by path', () => {
    expect(judgeRun(fakeRun(check, login), { ...nothingSeen, elsewhere: 'ok' })?.cause).not.toBe(
      'login_differs_by_path',
    );
  });

  test.each<[PathKind, string]>([
    ['ingress', 'ingress'],
    ['internal', 'edge'],
  ])('an edge that fails as a path of kind %s does: at the %s', (kind, hop) => {
    const cut = fakeFailure('http2_error', { sentBytes: 9 });
    const edge = { ...check, path: { ...check.path, kind: 'edge' as const } };
    expect(judgeRun(fakeRun(edge, cut), { elsewhere: 'ok', kindsFailingAlike: [kind] })?.hop).toBe(hop);
  });
});

test('a session that was lost with a body that was sent again is no second trouble; any other loss is', () => {
  const lost = fakeFailure('session_lost', { status: 404, answeredBy: 'registry', phase: 'wait' });
  const causeAfter = (changes: Partial<Attempt>, failure = lost): string | undefined => {
    const attempts = [attempt({ blob: failure.blob, requests: [], failure, ...changes })];
    return findingFor({ ...fakeRun(check, failure), attempts })?.cause;
  };
  expect(causeAfter({ resends: 1 })).toBeUndefined();
  expect(causeAfter({ resends: 0 })).toBeDefined();
  const beside = attempt({ blob: 'layer-2', requests: [], resends: 1 });
  const sentAgain = attempt({ blob: lost.blob, requests: [], failure: lost, resends: 1 });
  expect(findingFor({ ...fakeRun(check, lost), attempts: [beside, sentAgain] })).toBeUndefined();
  // Another end of an attempt in which it was sent again, and another end of the run.
  expect(causeAfter({ resends: 1, failure: fakeFailure('connection_reset') })).toBeDefined();
  const large = fakeFailure('body_too_large', { status: 413, answeredBy: 'nginx' });
  expect(causeAfter({ resends: 1 }, large)).toBe('nginx_body_limit');
});

test.each<[string, number, string]>([
  ['when the one before had ended', 4_000, 'pull_time_limit certain'],
  ['before that', 3_999, 'pull_cut likely'],
])('a layer that began %s', (_when, startMs, expected) => {
  // The order in which they are kept is not that in which they began.
  expect(findingOf([cutLayer('layer-2', 1, startMs, 9e6), cutLayer('layer-1', 1, 0, 4e6)])).toBe(expected);
});

test('a body that nobody answered says nothing of another that ended after the same time', () => {
  const cut = (): Run =>
    fakeRun(
      fakeCheck('gitea', 'ingress', 'docker', 'large'),
      fakeFailure('connection_reset', { elapsedMs: 60_000, sentBytes: 9 }),
    );
  expect(findingFor(cut(), [cut()])).toBeUndefined();
});

test('a layer that came in the meantime is no event beside those that were cut', () => {
  const came = { ...cutLayer('layer-2', 1, 0, 9e6), durationMs: 20_000, failure: undefined };
  expect(findingOf([came, cutLayer('layer-1', 1, 1, 4e6), cutLayer('layer-1', 2, 5_000, 9e6)])).toBe(
    'pull_time_limit certain',
  );
});

test('what ended before the last try began tells nothing of it, what ended with its begin does', () => {
  const causeWith = (durationMs: number): string | undefined => {
    const beside = attempt({ blob: 'layer-2', startMs: 0, durationMs, requests: [opened] });
    const own = attempt({
      blob: hidden502.blob,
      startMs: 1_000,
      requests: [refused],
      failure: hidden502,
    });
    return findingFor({ ...fakeRun(check, hidden502), attempts: [beside, own] })?.cause;
  };
  // But for an earlier try of the same.
  const tries = [1, 2].map((number) =>
    attempt({
      blob: hidden502.blob,
      number,
      startMs: 1_000 * number,
      durationMs: 1_000,
      requests: number === 1 ? [opened, refused] : [refused],
      failure: hidden502,
    }),
  );
  expect(findingFor({ ...fakeRun(check, hidden502), attempts: tries })?.cause).not.toBe('hop_fails_request');
  // One of another layer that ended with its begin is none, whatever its number.
  const later = attempt({ blob: hidden502.blob, number: 2, startMs: 500, requests: [refused], failure: hidden502 });
  const other = attempt({ blob: 'layer-2', number: 1, startMs: 0, durationMs: 500, requests: [opened] });
  expect(findingFor({ ...fakeRun(check, hidden502), attempts: [other, later] })?.cause).toBe('hop_fails_request');
  expect(causeWith(1_000)).toBe('hop_fails_request');
  expect(causeWith(999)).not.toBe('hop_fails_request');
});

test('the last try is that of the part that failed; where it is not known nothing was seen', () => {
  const run = fakeRun(check, hidden502);
  const own = attempt({ blob: hidden502.blob, durationMs: 100, requests: [opened, refused], failure: hidden502 });
  const failure = { ...fakeFailure('cancelled'), blob: 'layer-2' };
  const later = attempt({ blob: 'layer-2', startMs: 9_000, requests: [], failure });
  expect(findingFor({ ...run, attempts: [own, later] })?.cause).toBe('hop_fails_request');
  expect(findingFor({ ...run, attempts: [attempt({ requests: [opened] })] })?.cause).not.toBe('hop_fails_request');
});
