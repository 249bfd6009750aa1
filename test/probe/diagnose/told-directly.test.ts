import { expect, test } from 'vitest';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import { toldDirectly } from '../../../src/probe/diagnose/told-directly.ts';
import type { Examination } from '../../../src/probe/diagnose/trial.ts';
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
