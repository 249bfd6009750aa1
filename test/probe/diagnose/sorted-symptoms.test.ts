import { expect, test } from 'vitest';
import type { ApiReport } from '../../../src/probe/diagnose/api-check.ts';
import { sortedSymptoms } from '../../../src/probe/diagnose/sorted-symptoms.ts';
import type { Examination, Symptom, Trial } from '../../../src/probe/diagnose/trial.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { fakeCheck } from '../../support/fake-check.ts';
import { fakeFailure, tooLarge } from '../../support/fake-run.ts';
import { pathTo } from '../../support/paths.ts';
import { trialOf } from '../../support/trials.ts';

const path = pathTo('https://registry.example', { kind: 'ingress' });
const through = trialOf();
const failing = (failure: Failure, changes: Parameters<typeof trialOf>[0] = {}): Trial =>
  trialOf({ ...changes, failure });

/** Where each failure went: `own: deadline`, in the order of the groups. */
function sorted(
  trials: readonly Trial[],
  more: Omit<Partial<Examination>, 'subject'> & { readonly api?: ApiReport } = {},
  isGone = false,
): string[] {
  const { api, ...rest } = more;
  const groups = sortedSymptoms({ subject: { path, trials, ...(api && { api }) }, ...rest }, isGone);
  return Object.entries<readonly Symptom[]>({ ...groups }).flatMap(([name, symptoms]) =>
    symptoms.map(({ failure }) => `${name}: ${failure.reason}`),
  );
}

/** An API of which one endpoint failed. */
function apiWith(endpoint: keyof ApiReport['endpoints'], failure: Failure): ApiReport {
  const up = { up: true } as const;
  const endpoints = { ping: up, auth: up, catalog: up, tags: up, [endpoint]: { up: false, failure } };
  return { registry: 'lab', path: 'direct', endpoints };
}

const late = fakeFailure('deadline', { phase: 'wait', sentBytes: 1_000 });
const reset = fakeFailure('connection_reset', { sentBytes: 1_000 });
const away = fakeFailure('origin_unreachable', { status: 502, answeredBy: 'nginx', phase: 'start' });

test('where nothing failed there is nothing', () => {
  expect(sorted([through])).toEqual([]);
});

test('what another side ended is to be judged, what we ended is our own', () => {
  expect(sorted([failing(late), failing(tooLarge)])).toEqual(['own: deadline', 'lasting: body_too_large']);
});

test('a push that is stuck here alone is to be judged, though we ended it', () => {
  const stuck = failing(late, { sizeBytes: 1_000 });
  const slowly = { ...stuck, run: { ...stuck.run, durationMs: 60_000 } };
  const there = trialOf({ sizeBytes: 1_000, run: { durationMs: 100 } });
  const direct = { path: pathTo('http://10.0.0.1'), trials: [there] };
  expect(sorted([slowly], { direct })).toEqual(['lasting: deadline']);
  expect(sorted([slowly])).toEqual(['own: deadline']);
});

test('an endpoint that took too long is nobody’s fault where pushes get through', () => {
  const ended = fakeFailure('deadline', { phase: 'pull' });
  expect(sorted([through], { api: apiWith('catalog', ended) })).toEqual([]);
  expect(sorted([failing(tooLarge)], { api: apiWith('catalog', ended) })).toEqual([
    'own: deadline',
    'lasting: body_too_large',
  ]);
});

test('a rule of another client is that client’s', () => {
  const rule = fakeFailure('client_refused_realm', { phase: 'auth' });
  const { run } = failing(rule);
  const another = { ...failing(rule), run: { ...run, check: fakeCheck('gitea', 'ingress', 'skopeo', 'blob') } };
  expect(sorted([through, another])).toEqual(['others: client_refused_realm']);
  expect(sorted([through, failing(rule)])).toEqual(['lasting: client_refused_realm']);
});

test('an end that the client gets over by itself is none that a user meets', () => {
  const once = failing(reset, { clientSendsAgain: true });
  expect(sorted([once, through, through, through])).toEqual(['gotOver: connection_reset']);
  expect(sorted([failing(reset), through, through, through])).toEqual(['lasting: connection_reset']);
});

test('a cut that was refused in words the next time is that refusal', () => {
  expect(sorted([through, failing(reset), failing(tooLarge, { kind: 'fresh' })])).toEqual(['lasting: body_too_large']);
});

test('a 502 that may hide what the registry refuses is that refusal', () => {
  const hidden = fakeFailure('origin_unreachable', {
    status: 502,
    answeredBy: 'nginx',
    phase: 'wait',
    sentBytes: 1_000,
  });
  const said = fakeFailure('auth_rejected', { status: 403, answeredBy: 'registry' });
  expect(sorted([failing(hidden), failing(said)])).toEqual(['lasting: auth_rejected']);
  expect(sorted([failing(hidden), failing(said), through])).toEqual([
    'lasting: origin_unreachable',
    'lasting: auth_rejected',
  ]);
});

test('a registry that is away explains what may come of that, and nothing else', () => {
  const seen = [failing(away), failing(tooLarge)];
  expect(sorted(seen, {}, true)).toEqual(['lasting: body_too_large']);
  expect(sorted(seen, {}, false)).toEqual(['lasting: origin_unreachable', 'lasting: body_too_large']);
});

test('what did not come again has passed, but for a connection that meets a limit by chance', () => {
  const again = trialOf({ kind: 'repeat' });
  expect(sorted([failing(away), again])).toEqual(['passed: origin_unreachable']);
  const refused = fakeFailure('connect_refused', { phase: 'connect' });
  expect(sorted([failing(refused), again])).toEqual(['passed: connect_refused']);
  expect(sorted([failing(refused), again], { held: { refused: 19, answered: 2 } })).toEqual([
    'lasting: connect_refused',
  ]);
});
