import { describe, expect, test } from 'vitest';
import { clientProfiles } from '../../../src/probe/clients/client-profiles.ts';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import type { ExamineDeps, ExamineOptions } from '../../../src/probe/diagnose/examine-options.ts';
import { putManifests } from '../../../src/probe/diagnose/manifest-trials.ts';
import { TrialLog } from '../../../src/probe/diagnose/trial-log.ts';
import type { ManifestPut, Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Check } from '../../../src/probe/check.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import type { Run } from '../../../src/probe/outcome.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const base = fakeCheck('gitea', 'ingress', 'docker', 'blob');
const direct = pathTo('http://registry.example', { name: 'internal', kind: 'internal' });
const refused: Failure = {
  ...fakeFailure('manifest_refused'),
  phase: 'commit',
  blob: 'manifest',
  answeredBy: 'registry',
  status: 400,
  evidence: { message: '', body: '{"errors":[{"code":"MANIFEST_INVALID","message":"no"}]}' },
};

const lostLayer: Failure = { ...fakeFailure('connection_reset'), blob: 'layer1', phase: 'send' };

/** What each push of an image comes to, in turn; the last one again and again. */
type Outcomes = readonly [first: Failure | 'ok', ...rest: (Failure | 'ok')[]];

interface Put {
  readonly puts: readonly ManifestPut[] | undefined;
  readonly log: TrialLog;
  readonly checks: readonly Check[];
  /** What each push was told of its end, and of whom to tell. */
  readonly given: readonly unknown[];
}

async function put(
  outcomes: Outcomes,
  changes: Partial<ExamineOptions> = {},
  passedInMs?: number,
  trials: readonly Trial[] = [],
): Promise<Put> {
  const checks: Check[] = [];
  const given: unknown[] = [];
  const run: ExamineDeps['run'] = (check, how): Promise<Run> => {
    given.push(how);
    const outcome = outcomes[checks.length] ?? outcomes.at(-1);
    checks.push(check);
    return Promise.resolve(fakeRun(check, outcome === 'ok' ? undefined : outcome));
  };
  const options: ExamineOptions = { check: base, direct, signal: new AbortController().signal, ...changes };
  const log = new TrialLog(options, { run, paced: () => run, checkApi: () => Promise.resolve(undefined) });
  log.trials.push(...trials);
  if (passedInMs !== Number.POSITIVE_INFINITY)
    log.trials.push(trialOf({ run: { check: options.check, durationMs: passedInMs ?? 100 } }));
  return { puts: await putManifests(options, { run }, log), log, checks, given };
}

function waysOf({ puts }: Put): string[] {
  return (puts ?? []).map(({ way }) => way);
}

describe('what is put', () => {
  test('one image of many layers, of the client’s kind, by the digest of its manifest, and no second one when it is taken', async () => {
    const done = await put(['ok']);
    expect(waysOf(done)).toEqual(['usual']);
    const [check] = done.checks;
    expect(check?.workload).toMatchObject({
      kind: 'image',
      layerBytes: [1024],
      pull: false,
      untagged: { timesNamed: 64 },
    });
    expect([check?.client.manifest, check?.path.name, check?.retries]).toEqual(['docker', 'ingress', 'none']);
    expect(done.log.leftOut).toEqual([]);
  });

  test('as the examination is ended, and tells of itself', async () => {
    const own = { signal: new AbortController().signal, onProgress: () => {} };
    expect((await put(['ok'], own)).given).toEqual([own]);
  });

  test('a refusal is compared: once more, the direct path, the other kind, a small one', async () => {
    const done = await put([refused, refused, 'ok', 'ok', 'ok', 'ok', refused]);
    expect(waysOf(done)).toEqual(['usual', 'usual', 'direct', 'direct', 'other-kind', 'other-kind', 'small']);
    expect(
      done.checks.map(({ client, path, workload }) => [client.manifest, path.name, workload.untagged?.timesNamed]),
    ).toEqual([
      ['docker', 'ingress', 64],
      ['docker', 'ingress', 64],
      ['docker', 'internal', 64],
      ['docker', 'internal', 64],
      ['oci', 'ingress', 64],
      ['oci', 'ingress', 64],
      ['docker', 'ingress', 1],
    ]);
  });

  test('a refusal that does not come again is tried for longer, and compared no further', async () => {
    expect(waysOf(await put([refused, 'ok'], { direct: undefined }))).toEqual(['usual', 'usual', 'usual', 'usual']);
  });

  test('a kind, or a size, that fails as well is not tried again', async () => {
    const none = { direct: undefined };
    expect(waysOf(await put([refused], none))).toEqual(['usual', 'usual', 'other-kind', 'small']);
    expect(waysOf(await put([refused, refused, refused, 'ok'], none))).toEqual([
      'usual',
      'usual',
      'other-kind',
      'small',
      'small',
    ]);
  });

  test('the other kind of OCI’s is docker’s', async () => {
    const check = { ...base, client: { ...base.client, manifest: 'oci' } } as const;
    const { checks } = await put([refused], { check, direct: undefined });
    expect(checks.map(({ client }) => client.manifest)).toEqual(['oci', 'oci', 'docker', 'oci']);
  });

  test.each<[what: string, outcomes: Outcomes]>([
    ['one refusal, and a layer that was lost', [refused, lostLayer, 'ok', 'ok', refused]],
    ['refusals over the direct path', [lostLayer, lostLayer, refused, refused, refused]],
  ])('%s: no other kind is tried', async (_what, outcomes) => {
    expect(waysOf(await put(outcomes))).toEqual(['usual', 'usual', 'direct', 'direct']);
  });

  test('what somebody ends is not tried for longer, and what follows is', async () => {
    expect(waysOf(await put([refused, fakeFailure('cancelled'), 'ok'], { direct: undefined }))).toEqual([
      'usual',
      'usual',
      'usual',
    ]);
  });

  test('what somebody ends later is followed by nothing else', async () => {
    const ended = await put([refused, refused, fakeFailure('cancelled')], { direct: undefined });
    expect(waysOf(ended)).toEqual(['usual', 'usual']);
  });

  test('a failure that the client sends again after is marked', async () => {
    const newer = { ...base, client: clientProfiles['docker-containerd'] };
    const cut = { ...lostLayer, evidence: { message: '', code: 'UND_ERR_SOCKET' } };
    const marksOf = async (check: Check): Promise<(boolean | undefined)[]> =>
      ((await put([cut, 'ok'], { check, direct: undefined })).puts ?? []).map((one) => one.clientSendsAgain);
    expect(await marksOf(newer)).toEqual([true, false, false, false]);
    expect(await marksOf(base)).toEqual([false, false, false, false]);
  });

  test('a layer that is not taken is compared with the direct path alone', async () => {
    const done = await put([{ ...fakeFailure('connection_reset'), blob: 'layer1', phase: 'send' }]);
    expect(waysOf(done)).toEqual(['usual', 'usual', 'direct', 'direct']);
  });
});

test.each([
  [
    'where a blob could not be deleted: what stays is the same each time',
    'method_not_allowed',
    { kind: 'rotate', count: 1 },
  ],
  ['and else is not, lest one diagnosis deletes what another needs', 'connection_reset', { kind: 'fresh' }],
] as const)('%s', async (_what, reason, payload) => {
  const lost = { kind: 'session', reason: 'connection_reset', message: '' } as const;
  const cleanup = { durationMs: 1, failures: [lost, { kind: 'blob', reason, message: '' }] } as const;
  const done = await put(['ok'], {}, 100, [trialOf({ run: { check: base, cleanup } })]);
  expect(done.checks.map((check) => check.payload)).toEqual([payload]);
});

describe('what is not put, and said so', () => {
  test.each(['keep', 'cancel'] as const)('nothing, where it would stay: cleanup %s', async (cleanup) => {
    const done = await put(['ok'], { check: { ...base, registry: { ...base.registry, cleanup } } });
    expect([done.puts, done.checks]).toEqual([undefined, []]);
    expect(done.log.leftOut).toEqual([
      expect.stringMatching(new RegExp(`^manifests: none was put, because with .cleanup: ${cleanup}. it would stay`)),
    ]);
  });

  test('nothing, where no blob got through', async () => {
    const done = await put(['ok'], {}, Number.POSITIVE_INFINITY);
    expect(done.checks).toEqual([]);
    expect(done.log.leftOut).toEqual(['manifests: none was put, because no push as docker got through']);
  });

  test('nothing, where only pushes as another client got through', async () => {
    const other = { ...base, client: clientProfiles.chunked };
    const trials = [trialOf({ run: { check: other } }), trialOf({ failure: lostLayer })];
    const done = await put(['ok'], {}, Number.POSITIVE_INFINITY, trials);
    expect(done.log.leftOut).toEqual(['manifests: none was put, because no push as docker got through']);
  });

  test('what our own deadline ends before it is known how long it takes', async () => {
    const slow = { check: { ...base, timeoutMs: 900_000 }, deadlineMs: 20_000 };
    const done = await put([{ ...fakeFailure('deadline'), blob: 'manifest', phase: 'commit' }], slow, 60_000);
    expect(done.puts).toEqual([]);
    expect(done.log.leftOut).toEqual([
      'the manifest of a tiny image over ingress: 10 s were left for it, and it takes longer',
    ]);
  });

  test('nor what it ends with a few seconds left, however quick the blobs were: a registry may ask others of a manifest', async () => {
    const short = { check: { ...base, timeoutMs: 900_000 }, direct: undefined, deadlineMs: 9_000 };
    const done = await put([{ ...fakeFailure('deadline'), blob: 'manifest', phase: 'commit' }], short);
    expect([done.puts, done.log.leftOut]).toEqual([
      [],
      [
        expect.stringMatching(
          /^the manifest of a tiny image over ingress: \S+ s were left for it, and it takes longer$/,
        ),
      ],
    ]);
  });

  test('what somebody ends says nothing', async () => {
    const done = await put([{ ...fakeFailure('cancelled'), blob: 'manifest', phase: 'commit' }]);
    expect([done.puts, done.log.leftOut]).toEqual([[], []]);
  });

  test('nothing, when the time is over', async () => {
    const done = await put(['ok'], { deadlineMs: 1_000 });
    expect(done.checks).toEqual([]);
    expect(done.log.leftOut).toEqual([expect.stringMatching(/^the manifest of a tiny image over ingress: the 1 s of/)]);
  });
});

describe('the time for one', () => {
  const patient = { ...base, timeoutMs: 900_000 };
  const silent: Failure = { ...fakeFailure('deadline'), blob: 'manifest', phase: 'commit' };

  test.each<[deadlineMs: number | undefined, most: number, least: number]>([
    [undefined, 60_000, 60_000],
    [1_000_000, 60_000, 60_000],
    [20_000, 10_000, 10_000],
    [90_000, 30_000, 20_000],
    [9_000, 9_000, 3_000],
  ])('of %s ms is a third, ten seconds at least and a minute at most: %i', async (deadlineMs, most, least) => {
    const { checks } = await put(['ok'], { check: patient, deadlineMs });
    expect(checks[0]?.timeoutMs).toBeLessThanOrEqual(most);
    expect(checks[0]?.timeoutMs).toBeGreaterThanOrEqual(least);
  });

  test.each<[quickestMs: number, isKept: boolean]>([
    [1_900, true],
    [2_000, false],
  ])('beside a push of %i ms, ten seconds of silence tell something: %s', async (quickestMs, isKept) => {
    const others = [
      trialOf({ run: { check: base, durationMs: 5_000 } }),
      trialOf({ failure: lostLayer, run: { durationMs: 1 } }),
    ];
    const done = await put([silent], { check: patient, direct: undefined, deadlineMs: 20_000 }, quickestMs, others);
    expect((done.puts ?? []).length > 0).toBe(isKept);
  });
});

describe('what is said of it', () => {
  const told = async (
    outcomes: Outcomes,
    changes: Partial<ExamineOptions> = {},
  ): Promise<ReturnType<typeof diagnose>> => {
    const { puts = [] } = await put(outcomes, changes);
    return diagnose({ subject: { path: base.path, trials: [trialOf({})] }, manifests: puts });
  };

  test('a manifest that stays is named with the reason', async () => {
    const run = fakeRun({ ...base, workload: { ...base.workload, kind: 'image', untagged: { timesNamed: 64 } } });
    const cleanup = {
      durationMs: 1,
      failures: [{ kind: 'manifest', reason: 'method_not_allowed', message: 'answered 405' }],
    } as const;
    const { facts, kind } = diagnose({
      subject: { path: base.path, trials: [trialOf({})] },
      manifests: [{ way: 'usual', run: { ...run, cleanup } }],
    });
    expect(kind).toBe('healthy');
    expect(facts).toContainEqual(
      'ingress: docker, the manifest of an image of 64 layers (docker’s schema 2), put by its digest, without a tag: taken; it stays there, because it could not be deleted: answered 405',
    );
  });

  test('nobody answers to manifests, and over the direct path they are taken', async () => {
    const silent: Failure = { ...fakeFailure('deadline'), blob: 'manifest', phase: 'commit', answeredBy: 'none' };
    const long = { check: { ...base, timeoutMs: 900_000 } };
    const over = async (changes: Partial<ExamineOptions>): Promise<string[]> => {
      const { kind, findings } = await told([silent, silent, 'ok', 'ok', silent], changes);
      return [kind, ...findings.map(({ cause, confidence }) => `${cause} ${confidence}`)];
    };
    expect(await over(long)).toEqual(['fault', 'manifest_blocked certain']);
    const { kind, unexplained } = await told([silent], { ...long, direct: undefined });
    expect([kind, unexplained]).toEqual(['inconclusive', [expect.stringMatching(/deadline.* in commit/)]]);
  });

  const cutLayer: Failure = {
    ...fakeFailure('connection_reset'),
    blob: 'layer1',
    phase: 'send',
    answeredBy: 'none',
    evidence: { message: '', code: 'UND_ERR_SOCKET' },
  };

  test('a layer that was lost once is no health', async () => {
    const { kind, unexplained } = await told([cutLayer, 'ok']);
    expect([kind, unexplained]).toEqual([
      'inconclusive',
      [expect.stringMatching(/^docker, the layer of an image of 64 layers .*; it did not come again$/)],
    ]);
  });

  test('but for a cut that the client gets over', async () => {
    const newer = { ...base, client: clientProfiles['docker-containerd'] };
    const { kind, why } = await told([cutLayer, 'ok'], { check: newer });
    expect([kind, why]).toEqual([
      'healthy',
      expect.stringMatching(
        /but for one image of 6 that was cut .* docker-containerd sends such a request again by itself$/,
      ),
    ]);
  });

  test.each([
    ['a layer', cutLayer],
    ['a connection for the config', { ...cutLayer, blob: 'config', phase: 'connect' } satisfies Failure],
  ])('what blobs of pushes meet as well is told once: %s', async (_what, cut) => {
    const { puts = [] } = await put([cut]);
    const trials = [trialOf({ failure: { ...cutLayer, blob: 'blob' } })];
    const { unexplained, findings } = diagnose({ subject: { path: base.path, trials }, manifests: puts });
    expect([...unexplained, ...findings.flatMap(({ evidence }) => evidence)].join()).not.toContain('of an image');
  });

  test('a refusal that did not come again has no cause', async () => {
    const { kind, findings, unexplained } = await told([refused, 'ok']);
    expect([kind, findings]).toEqual(['inconclusive', []]);
    expect(unexplained).toEqual([expect.stringMatching(/MANIFEST_INVALID: no”; it did not come again$/)]);
  });

  test('a refusal over this path alone, with the server’s words', async () => {
    const { kind, findings } = await told([refused, refused, 'ok', 'ok', refused]);
    expect([kind, findings.map(({ cause, confidence }) => [cause, confidence])]).toEqual([
      'fault',
      [['manifest_altered', 'certain']],
    ]);
    expect(findings[0]?.evidence).toEqual([
      expect.stringMatching(
        /^docker, the manifest of an image of 64 layers .*over internal the same push got through; it says “MANIFEST_INVALID: no”$/,
      ),
    ]);
  });

  test('the config of the image is told from its manifest', async () => {
    const config: Failure = {
      ...fakeFailure('blocked_by_policy'),
      blob: 'config',
      phase: 'send',
      answeredBy: 'nginx',
      blame: 'ingress',
      status: 403,
    };
    const { findings } = await told([config, config, 'ok', 'ok', config]);
    expect(findings.map(({ cause, evidence }) => [cause, evidence[0]])).toEqual([
      ['policy_block', expect.stringMatching(/^docker, the config of an image of 64 layers/)],
    ]);
  });

  test('what a busy process may have made itself proves nothing', async () => {
    const { puts = [] } = await put([refused, refused, 'ok', 'ok', refused]);
    const tainted = puts.map(({ way, run }) => ({ way, run: { ...run, tainted: true } }));
    const { findings } = diagnose({ subject: { path: base.path, trials: [trialOf({})] }, manifests: tainted });
    expect(findings.map(({ confidence }) => confidence)).not.toContain('certain');
  });
});
