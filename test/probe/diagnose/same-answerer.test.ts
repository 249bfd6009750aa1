import { expect, test } from 'vitest';
import { withAnswerer } from '../../../src/probe/diagnose/same-answerer.ts';
import type { Failure } from '../../../src/probe/failure.ts';
import { fakeFailure } from '../../support/fake-run.ts';

const said = (changes: Partial<Failure>) => ({
  what: '',
  failure: fakeFailure('origin_unreachable', { status: 503, answeredBy: 'traefik', blame: 'ingress', ...changes }),
});
const head = said({ answeredBy: 'other', blame: 'unknown', evidence: { message: '', method: 'HEAD' } });

test('an answer to HEAD is of the hop that gives others the same status', () => {
  expect(withAnswerer(head, [head, said({})]).failure).toMatchObject({ answeredBy: 'traefik', blame: 'ingress' });
});

test('nor by the name that another hop put on it', () => {
  const signed = { ...head, failure: { ...head.failure, answeredBy: 'nginx' as const } };
  const page = said({ answeredBy: 'haproxy' });
  expect(withAnswerer(signed, [signed, page]).failure.answeredBy).toBe('haproxy');
  expect(withAnswerer(signed, [signed]).failure.answeredBy).toBe('nginx');
});

test.each(['other', 'nginx', 'envoy', 'caddy'] as const)('a name that tells nothing is %s', (answeredBy) => {
  const one = { ...head, failure: { ...head.failure, answeredBy } };
  expect(withAnswerer(one, [said({})]).failure.answeredBy).toBe('traefik');
});

test.each(['haproxy', 'registry', 'none'] as const)('a name that tells it stays: %s', (answeredBy) => {
  const one = { ...head, failure: { ...head.failure, answeredBy } };
  expect(withAnswerer(one, [said({})])).toBe(one);
});

test.each([
  ['another status', head, [said({ status: 502 })]],
  ['another failure', head, [said({ reason: 'registry_error' })]],
  ['nobody', head, [said({ answeredBy: 'none' })]],
  ['of HEAD as well', head, [said({ evidence: { message: '', method: 'HEAD' } })]],
  ['of none', head, []],
  ['the registry', head, [said({ answeredBy: 'registry' })]],
  ['two hops', head, [said({}), said({ answeredBy: 'nginx' })]],
  ['GET', said({ answeredBy: 'other', evidence: { message: '', method: 'GET' } }), [said({})]],
  ['words', said({ answeredBy: 'other', evidence: { message: '', method: 'HEAD', body: 'no' } }), [said({})]],
])('not where it is %s', (_name, one, others) => {
  expect(withAnswerer(one, others).failure.answeredBy).toBe('other');
});
