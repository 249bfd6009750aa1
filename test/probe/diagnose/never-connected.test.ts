import { expect, test } from 'vitest';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import type { Examined, Trial } from '../../../src/probe/diagnose/trial.ts';
import { fakeFailure } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const inConnect = (elapsedMs: number) => trialOf({ failure: fakeFailure('deadline', { phase: 'connect', elapsedMs }) });
const direct: Examined = {
  path: pathTo('http://direct.example', { kind: 'internal' }),
  trials: [trialOf({}), trialOf({})],
};

function said(trials: readonly Trial[]): string[] {
  const subject = { path: pathTo('http://registry.example', { kind: 'ingress' }), trials };
  return diagnose({ subject, direct }).findings.map(({ cause, confidence }) => `${cause} ${confidence}`);
}

test('no connection until our own deadlines: there is no way to the address', () => {
  expect(said([inConnect(23_000), inConnect(23_000)])).toEqual(['no_way_there certain']);
});

test.each<[string, Trial[]]>([
  ['they were short', [inConnect(2_000), inConnect(2_000)]],
  ['one push got through', [inConnect(23_000), inConnect(23_000), trialOf({})]],
  [
    'one push failed later than that',
    [inConnect(23_000), trialOf({ failure: fakeFailure('deadline', { phase: 'tls' }) })],
  ],
])('not where %s', (_name, trials) => {
  expect(said(trials)).toEqual([]);
});

test('no connection to the token service, though the path’s own address answers: it is that service', () => {
  const evidence = { message: '', code: 'ABORTED', url: 'http://tokens.example/token' };
  const failure = fakeFailure('deadline', { phase: 'connect', elapsedMs: 23_000, evidence });
  expect(said([trialOf({ failure }), trialOf({ failure })])).toEqual(['token_service_down likely']);
});

test.each([
  ['http://registry.example', 'http://<secret>.example/v2/'],
  ['http://registry.example:80', 'http://registry.example:80/v2/'],
])('the path’s own address %s is it, too, where the evidence has it as %s', (origin, url) => {
  const evidence = { message: '', code: 'ABORTED', url };
  const failure = fakeFailure('deadline', { phase: 'connect', elapsedMs: 23_000, evidence });
  const subject = { path: pathTo(origin, { kind: 'ingress' }), trials: [trialOf({ failure }), trialOf({ failure })] };
  expect(diagnose({ subject, direct }).findings.map(({ cause }) => cause)).toEqual(['no_way_there']);
});
