import { expect, test } from 'vitest';
import type { ApiReport, EndpointState } from '../../../src/probe/diagnose/api-check.ts';
import { diagnose } from '../../../src/probe/diagnose/diagnose.ts';
import { withConnectTimeouts } from '../../../src/probe/diagnose/never-connected.ts';
import type { Examined, Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
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

const path = pathTo('http://registry.example');
const up: EndpointState = { up: true };

function apiOf(states: Partial<ApiReport['endpoints']>): ApiReport {
  return { registry: 'lab', path: 'direct', endpoints: { ping: up, auth: up, catalog: up, tags: up, ...states } };
}

const waiting = (elapsedMs: number, url?: string): Failure =>
  fakeFailure('deadline', { phase: 'connect', elapsedMs, evidence: { message: '', url } });
const down = (failure: Failure): EndpointState => ({ up: false, failure });
const away = 'http://tokens.example/token';

/** The reasons and hops of the failures of an examination, read as they are named. */
function namedOf(failures: readonly (Failure | undefined)[], states?: Partial<ApiReport['endpoints']>): string[] {
  const trials = failures.map((failure) => trialOf(failure === undefined ? {} : { failure }));
  const subject: Examined = { path, trials, ...(states && { api: apiOf(states) }) };
  const named = withConnectTimeouts({ subject }).subject;
  const seen = [
    ...Object.values(named.api?.endpoints ?? {}).map((state) => (state.up ? undefined : state.failure)),
    ...named.trials.map(({ run }) => run.failure),
  ];
  return seen.flatMap((one) => (one === undefined ? [] : `${one.reason}@${one.blame}`));
}

const ours = 'deadline@unknown';
const silent = 'connect_timeout@client_network';
const service = 'auth_challenge_bad@auth_server';

test.each<[string, readonly (Failure | undefined)[], readonly string[]]>([
  ['one of them waited for seven seconds', [waiting(7_000), waiting(1)], [silent, silent]],
  ['none waited so long', [waiting(6_999), waiting(1)], [ours, ours]],
  ['beside a connect timeout', [waiting(7_000), fakeFailure('connect_timeout')], [silent, 'connect_timeout@unknown']],
  [
    'beside a token service that cannot be reached',
    [waiting(7_000), fakeFailure('auth_challenge_bad')],
    [silent, 'auth_challenge_bad@unknown'],
  ],
  [
    'beside another failure',
    [waiting(7_000), fakeFailure('connect_refused', { phase: 'connect' })],
    [ours, 'connect_refused@unknown'],
  ],
  [
    'that were short, beside a long connect timeout',
    [waiting(1), fakeFailure('connect_timeout', { elapsedMs: 9_000 })],
    [ours, 'connect_timeout@unknown'],
  ],
  ['beside one that got through', [waiting(7_000), undefined], [ours]],
  ['at the address of the path', [waiting(7_000, 'http://registry.example/v2/')], [silent]],
  ['at another address', [waiting(7_000, away)], [service]],
  ['at an address that is not known', [waiting(7_000, 'http://<secret>/')], [silent]],
])('our own deadlines before a connection: %s', (_what, failures, named) => {
  expect(namedOf(failures)).toEqual(named);
});

test('where a redirect led is no token service', () => {
  const led = waiting(7_000, away);
  expect(namedOf([{ ...led, evidence: { ...led.evidence, redirectedFrom: 'http://registry.example/v2/' } }])).toEqual([
    silent,
  ]);
});

test('endpoints of the API that got no connection are named as well; where one answers, only those of another address', () => {
  const all = {
    ping: down(waiting(7_000)),
    auth: down(waiting(1)),
    catalog: down(waiting(1)),
    tags: down(waiting(1, away)),
  };
  expect(namedOf([waiting(1)], all)).toEqual([silent, silent, silent, service, silent]);
  expect(namedOf([waiting(1)], { auth: down(waiting(7_000)) })).toEqual([ours, ours]);
  expect(namedOf([waiting(1, away)], { auth: down(waiting(7_000, away)) })).toEqual([service, service]);
  expect(namedOf([waiting(1, away)], { auth: down(waiting(7_000)) })).toEqual([ours, ours]);
});

test('the direct path is read in the same way; what is not so is left as it is', () => {
  const silentThere: Examined = { path, trials: [trialOf({ failure: waiting(7_000) })] };
  const subject: Examined = { path, trials: [trialOf({ failure: waiting(6_999) })] };
  const examination = withConnectTimeouts({ subject, direct: silentThere });
  expect(examination.subject).toBe(subject);
  expect(examination.direct?.trials[0]?.run.failure?.reason).toBe('connect_timeout');
  expect(withConnectTimeouts({ subject }).direct).toBeUndefined();
});
