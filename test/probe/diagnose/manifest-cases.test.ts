import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import type { Diagnosis } from '../../../src/probe/diagnose/finding.ts';
import { findingFor } from '../../../src/probe/diagnose/judge-run.ts';
import type { ManifestPut } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, fakeRun } from '../../support/fake-run.ts';
import { trialOf } from '../../support/trials.ts';

const check = fakeCheck('gitea', 'ingress', 'docker', 'image');
const untagged = { ...check, workload: { ...check.workload, kind: 'image', untagged: { timesNamed: 64 } } } as const;
const other = fakeCheck('gitea', 'internal', 'docker', 'image');

/** The PUT of the manifest is answered so by the registry. */
function answered(status: number, code: string, message: string, changes: Partial<Failure> = {}): Failure {
  const body = JSON.stringify({ errors: [{ code, message, detail: {} }] });
  return fakeFailure('manifest_refused', {
    phase: 'commit',
    blob: 'manifest',
    answeredBy: 'registry',
    blame: 'registry_app',
    status,
    registryCode: code,
    evidence: { message: '', body, headers: { 'content-type': 'application/json; charset=utf-8' } },
    ...changes,
  });
}

/** Nobody answers the PUT of the manifest. */
function unanswered(reason: 'connection_reset' | 'response_timeout'): Failure {
  return fakeFailure(reason, { phase: 'commit', blob: 'manifest', evidence: { message: '', code: 'ECONNRESET' } });
}

type Ways = Partial<Record<ManifestPut['way'], readonly (Failure | 'ok')[]>>;

/** A path over which all blobs got through, and then these images. */
function diagnosisOf(ways: Ways): Diagnosis {
  const puts = (Object.keys(ways) as ManifestPut['way'][]).flatMap((way) =>
    (ways[way] ?? []).map((outcome): ManifestPut => {
      const failure = outcome === 'ok' ? undefined : outcome;
      const path = way === 'direct' ? other.path : untagged.path;
      return { way, run: fakeRun({ ...untagged, path }, failure) };
    }),
  );
  return diagnose({ subject: { path: untagged.path, trials: [trialOf({})] }, manifests: puts });
}

function namesOf({ findings }: Diagnosis): string[] {
  return findings.map(({ cause, confidence }) => `${cause} ${confidence}`);
}

describe('one image of a check', () => {
  const foundOf = (failure: Failure, ...works: (typeof other)[]): string | undefined => {
    const finding = findingFor(
      fakeRun(check, failure),
      works.map((one) => fakeRun(one)),
    );
    return finding && `${finding.cause} ${finding.confidence}`;
  };

  test.each<[string, Failure, string]>([
    [
      'the type of the answer is no word of it',
      answered(400, 'MANIFEST_INVALID', 'manifest invalid'),
      'manifest_altered open',
    ],
    ['nor after other words', answered(400, 'UNSUPPORTED', 'The operation is unsupported.'), 'manifest_altered open'],
    [
      'a type that the registry names is',
      answered(400, 'MANIFEST_INVALID', 'unsupported content-type: text/plain'),
      'manifest_kind_refused certain',
    ],
    [
      'a right that the login lacks is no policy of the registry, though AWS calls it so',
      answered(
        403,
        'DENIED',
        'User: arn:aws:iam::1:user/ci is not authorized to perform: ecr:PutImage on resource: arn:aws:ecr:eu-central-1:1:repository/x because no identity-based policy allows the ecr:PutImage action',
      ),
      'manifest_not_allowed certain',
    ],
    [
      'a policy of the registry is one',
      answered(403, 'DENIED', 'blocked by policy: not signed'),
      'manifest_policy certain',
    ],
    [
      'a repository that is not known is not missing where its blobs were taken',
      answered(404, 'NAME_UNKNOWN', 'repository name not known to registry'),
      'manifest_blobs_missing open',
    ],
  ])('%s', (_what, failure, expected) => {
    expect(foundOf(failure)).toBe(expected);
  });

  test.each(['connection_reset', 'response_timeout'] as const)(
    'one %s is no rule of a hop, though another path’s last image was taken: a restart looks so',
    (reason) => {
      expect(foundOf(unanswered(reason), other) ?? '').not.toMatch(/manifest/);
    },
  );
});

describe('images of a diagnosis', () => {
  test.each(['connection_reset', 'response_timeout'] as const)('%s twice here, and never there, is', (reason) => {
    const lost = unanswered(reason);
    expect(namesOf(diagnosisOf({ usual: [lost, lost], direct: ['ok', 'ok'] }))).toEqual(['manifest_blocked certain']);
  });

  test.each<[string, Partial<Failure>, string]>([
    [
      'a connection that is refused after others were taken',
      { reason: 'connect_refused', phase: 'connect', evidence: { message: '', code: 'ECONNREFUSED' } },
      'no_more_connections likely',
    ],
    [
      'a name that is not found after it was',
      { reason: 'dns_failure', phase: 'dns', evidence: { message: '', code: 'ENOTFOUND' } },
      '',
    ],
    ['a login that others got', { reason: 'auth_rejected', phase: 'auth', status: 403 }, ''],
  ])('%s is judged by all that was seen of the path', (_what, changes, expected) => {
    const failure = fakeFailure('connect_refused', { blob: 'layer1', ...changes });
    expect(namesOf(diagnosisOf({ usual: [failure, failure] })).join()).toBe(expected);
  });

  test('two failures that differ are no single event', () => {
    const gateway = (status: number): Failure =>
      fakeFailure('origin_unreachable', {
        phase: 'commit',
        blob: 'manifest',
        status,
        answeredBy: 'nginx',
        blame: 'ingress',
      });
    const over = (...usual: readonly (Failure | 'ok')[]): string => diagnosisOf({ usual }).unexplained.join();
    expect(over(gateway(502), gateway(504))).not.toContain('did not come again');
    expect(over(gateway(502), 'ok', 'ok', 'ok')).toContain('did not come again');
  });

  test('a refusal in words that a direct path does not have may be a gateway’s, and is said so', () => {
    const denied = answered(403, 'DENIED', 'blocked by policy');
    const { findings } = diagnosisOf({ usual: [denied, denied], direct: ['ok', 'ok'], 'other-kind': [denied] });
    expect(findings.map(({ cause, title }) => [cause, title])).toEqual([
      ['manifest_altered', expect.stringMatching(/; or it refuses it itself, as a registry does$/)],
    ]);
  });

  test('a repository that is unknown over one path alone is another registry’s', () => {
    const unknown = answered(404, 'NAME_UNKNOWN', 'repository name not known to registry');
    expect(namesOf(diagnosisOf({ usual: [unknown, unknown], direct: ['ok', 'ok'] }))).toEqual([
      'manifest_led_elsewhere certain',
    ]);
  });

  test.each<[string, string, string]>([
    ['which may be of the digest', 'no such luck', 'manifest_refused likely'],
    ['which names the reason', 'admission webhook denied it', 'manifest_policy certain'],
  ])('a refusal over all paths, %s', (_what, message, expected) => {
    const refused = answered(400, 'MANIFEST_INVALID', message);
    const ways = { usual: [refused, refused], direct: [refused, refused], 'other-kind': [refused], small: [refused] };
    expect(namesOf(diagnosisOf(ways))).toEqual([expected]);
  });

  test('a quota is no refusal of the manifest, also where the registry does not say a word', () => {
    const full = answered(403, '', '', {
      reason: 'quota_exceeded',
      registryCode: undefined,
      evidence: { message: '' },
    });
    const ways = { usual: [full, full], direct: [full, full], 'other-kind': [full], small: [full] };
    expect(namesOf(diagnosisOf(ways))).toEqual(['quota likely']);
  });

  test.each<[string, string, string[]]>([
    ['a digest has no tag that could be stale', 'sha256:00', []],
    ['a tag may be stale', 'blobprobe-1', ['manifest_tag_stale']],
  ])('%s', (_what, reference, expected) => {
    const url = `http://registry.example/v2/a/b/manifests/${reference}`;
    const stale = answered(200, '', '', { reason: 'body_corrupted', phase: 'verify', evidence: { message: '', url } });
    const causes = diagnosisOf({ usual: [stale, stale], direct: ['ok', 'ok'] }).findings.map(({ cause }) => cause);
    expect(causes.filter((cause) => cause === 'manifest_tag_stale')).toEqual(expected);
  });
});

describe('what stays', () => {
  const factsOf = (failure?: Failure): string => {
    const cleanup = {
      durationMs: 1,
      failures: [{ kind: 'manifest', reason: 'method_not_allowed', message: 'answered 405' }],
    } as const;
    const run = { ...fakeRun(untagged, failure), cleanup };
    const { facts } = diagnose({
      subject: { path: untagged.path, trials: [trialOf({})] },
      manifests: [{ way: 'usual', run }],
    });
    return facts.join('\n');
  };

  test.each<[string, Failure | undefined, RegExp]>([
    ['taken', undefined, /; it stays there, because/],
    ['taken without its digest', answered(201, '', ''), /; it stays there, because/],
    ['not found afterwards', answered(404, '', '', { reason: 'verify_failed', phase: 'verify' }), /; it stays there/],
    ['not answered', unanswered('connection_reset'), /; it may stay there, because/],
    ['refused', answered(400, 'MANIFEST_INVALID', ''), /^(?!.*stay)/],
  ])('of a manifest that was %s', (_what, failure, words) => {
    const [fact = ''] = factsOf(failure)
      .split('\n')
      .filter((one) => one.includes('of an image'));
    expect(fact).toMatch(words);
  });
});
