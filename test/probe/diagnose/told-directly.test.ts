import { describe, expect, test } from 'vitest';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import { toldDirectly } from '../../../src/probe/diagnose/told-directly.ts';
import type { Examination, Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const page = fakeFailure('method_not_allowed', {
  status: 405,
  answeredBy: 'nginx',
  phase: 'start',
  evidence: { message: '', body: '<html>no</html>' },
});
const words = fakeFailure('method_not_allowed', {
  status: 405,
  answeredBy: 'registry',
  registryCode: 'UNSUPPORTED',
  phase: 'start',
  evidence: { message: '', body: '{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}' },
});

function seen(here: Failure, there: Failure): Examination {
  const [path, direct] = [
    pathTo('https://registry.example', { name: 'public', kind: 'ingress' }),
    pathTo('http://10.0.0.1'),
  ];
  return {
    subject: { path, trials: [trialOf({ failure: here }), trialOf({ kind: 'repeat', failure: here })] },
    direct: { path: direct, trials: [trialOf({ failure: there }), trialOf({ failure: there })] },
  };
}

test('a page in the place of what the registry says over the direct path is judged by the words of the registry', () => {
  const { findings } = diagnose(seen(page, words));
  expect(findings.map(({ cause, hop }) => `${cause}@${hop}`)).toEqual(['registry_read_only@registry_app']);
  expect(findings[0]?.evidence[0]).toMatch(/405 from nginx .*; there the registry says “UNSUPPORTED: The operation/);
});

test.each([
  ['another status', page, { ...words, status: 400 }],
  ['another step', page, { ...words, phase: 'commit' }],
  ['another hop there', page, { ...words, answeredBy: 'haproxy' }],
  [
    'a limit on size, which each hop has by itself',
    { ...page, reason: 'body_too_large', status: 413 },
    { ...words, status: 413 },
  ],
] as const)('%s: each is judged by itself', (_name, here, there) => {
  const symptom = { failure: here, what: 'docker, 1 MiB' };
  expect(toldDirectly(symptom, seen(here, there))).toBe(symptom);
});

test('a 502 to a body is judged by what the registry refuses over the direct path, unless pushes get through there', () => {
  const hidden = fakeFailure('origin_unreachable', {
    status: 502,
    answeredBy: 'nginx',
    phase: 'wait',
    sentBytes: 1_000,
  });
  const denied: Failure = { ...words, status: 403, registryCode: 'DENIED', reason: 'auth_rejected', phase: 'send' };
  const symptom = { failure: hidden, what: 'docker, 1 MiB' };
  const { direct, ...rest } = seen(hidden, denied);
  expect(toldDirectly(symptom, { ...rest, direct }).failure).toMatchObject({ status: 403, registryCode: 'DENIED' });
  const passing = { ...direct!, trials: [...direct!.trials, trialOf({})] };
  expect(toldDirectly(symptom, { ...rest, direct: passing })).toBe(symptom);
});

test('whether an answer came in the last bytes of a body, or after them, is chance', () => {
  const [here, there] = [
    { ...page, phase: 'send' },
    { ...words, phase: 'wait' },
  ] as const;
  expect(toldDirectly({ failure: here, what: '' }, seen(here, there)).failure.registryCode).toBe('UNSUPPORTED');
});

describe('what the registry says over the direct path', () => {
  const symptom = { failure: page, what: 'docker, 1 MiB' };

  test('takes the place of reason, status, hop and words, and of nothing else', () => {
    const there: Failure = {
      ...words,
      reason: 'auth_rejected',
      blame: 'registry_app',
      elapsedMs: 9,
      evidence: { ...words.evidence, message: 'there', headers: { server: 'there' }, url: 'http://there/' },
    };
    const here = { ...page, evidence: { ...page.evidence, url: 'http://here/' } };
    expect(toldDirectly({ ...symptom, failure: here }, seen(here, there))).toEqual({
      ...symptom,
      failure: {
        ...here,
        reason: 'auth_rejected',
        blame: 'registry_app',
        registryCode: 'UNSUPPORTED',
        answeredBy: 'registry',
        evidence: { ...here.evidence, body: words.evidence.body, headers: { server: 'there' } },
      },
    });
  });

  test.each<[string, Failure]>([
    ['what nobody answered', { ...page, status: undefined }],
    ['what the registry answered here', { ...page, answeredBy: 'registry' }],
  ])('says nothing of %s', (_what, here) => {
    const one = { ...symptom, failure: here };
    const there = { ...words, status: here.status };
    expect(toldDirectly(one, seen(here, there))).toBe(one);
  });

  test('is not known without a direct path', () => {
    const { subject } = seen(page, words);
    expect(toldDirectly(symptom, { subject })).toBe(symptom);
  });

  test('is heard though other pushes get through there, when it is the same status of the same step', () => {
    const { direct, ...rest } = seen(page, words);
    const passing = { ...direct!, trials: [trialOf({}), ...direct!.trials] };
    expect(toldDirectly(symptom, { ...rest, direct: passing }).failure.answeredBy).toBe('registry');
  });

  test.each<[string, boolean]>([
    ['patch-streamed', false],
    ['put-length', true],
  ])('of a body in another shape, at the end of its upload, may be hidden here: as %s', (shape, isTold) => {
    const hidden = fakeFailure('origin_unreachable', {
      status: 502,
      answeredBy: 'nginx',
      phase: 'wait',
      sentBytes: 1_000,
    });
    const late: Failure = { ...words, status: 403, phase: 'commit', reason: 'auth_rejected' };
    const one = { failure: hidden, what: '', trial: trialOf({ failure: hidden, shape: shape as Trial['shape'] }) };
    expect(toldDirectly(one, seen(hidden, late)).failure.answeredBy).toBe(isTold ? 'registry' : 'nginx');
  });

  test.each<[Failure['phase'], Failure['phase'], boolean]>([
    ['send', 'wait', true],
    ['wait', 'send', true],
    ['start', 'start', true],
    ['start', 'send', false],
    ['wait', 'commit', false],
  ])('in %s is the same step as here in %s: %s', (there, here, isTold) => {
    const one = { ...symptom, failure: { ...page, phase: here } };
    expect(toldDirectly(one, seen(page, { ...words, phase: there })) !== one).toBe(isTold);
  });
});
