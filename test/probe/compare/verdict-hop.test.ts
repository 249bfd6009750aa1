import { expect, test } from 'vitest';
import type { PathKind } from '../../../src/network/path.ts';
import { hopOfPath, hopOfRegistry } from '../../../src/probe/compare/verdict-hop.ts';
import { type Blame, blames, type Failure } from '../../../src/probe/failure.ts';
import { fakeFailure } from '../../support/fake-run.ts';

const silent = fakeFailure('connection_reset', { blame: 'ingress' });
const afterAMinute = fakeFailure('request_timeout', { blame: 'ingress' });
const unresolved = fakeFailure('dns_failure', { blame: 'dns' });
const byTunnel = fakeFailure('origin_unreachable', { blame: 'tunnel', answeredBy: 'cloudflare' });
const guess = (blame: Blame): Failure => fakeFailure('unexpected_response', { blame, answeredBy: 'other' });

test.each<[string, Failure, PathKind, readonly PathKind[], Blame]>([
  ['silence on an edge', silent, 'edge', [], 'edge'],
  ['silence on an ingress', silent, 'ingress', [], 'ingress'],
  ['silence on a balancer', silent, 'loadbalancer', [], 'ingress'],
  ['silence on a direct path', silent, 'direct', [], 'client_network'],
  ['silence on an internal path', silent, 'internal', [], 'client_network'],
  ['silence on an edge and on the ingress behind it', silent, 'edge', ['direct', 'ingress'], 'ingress'],
  ['silence on an edge and on the balancer behind it', silent, 'edge', ['loadbalancer'], 'ingress'],
  ['silence on an edge and on another one', silent, 'edge', ['edge', 'direct', 'internal'], 'edge'],
  ['silence on a direct path and on an ingress', silent, 'direct', ['ingress'], 'client_network'],
  ['a cut after a minute', afterAMinute, 'direct', [], 'ingress'],
  ['a name that does not resolve', unresolved, 'edge', [], 'dns'],
  ['words of a hop', byTunnel, 'edge', ['ingress'], 'tunnel'],
  ['a guess at nobody', guess('unknown'), 'ingress', [], 'ingress'],
  ['a guess at the registry', guess('registry_app'), 'edge', [], 'edge'],
  ['a guess at its storage', guess('registry_storage'), 'edge', [], 'edge'],
  ['a guess at the network', guess('client_network'), 'edge', [], 'edge'],
])('a path at fault: %s', (_what, failure, kind, failingAlike, hop) => {
  expect(hopOfPath(failure, kind, failingAlike)).toBe(hop);
});

test('a registry at fault: only its own parts are named', () => {
  const named = blames.map((blame) => hopOfRegistry(guess(blame)));
  const own = blames.map((blame) => (['auth_server', 'registry_storage'].includes(blame) ? blame : 'registry_app'));
  expect(named).toEqual(own);
});
