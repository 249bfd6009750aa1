import type { PathKind } from '../../network/path.ts';
import type { Blame, Failure } from '../failure.ts';

const hopOfKind: Readonly<Record<PathKind, Blame>> = {
  edge: 'edge',
  ingress: 'ingress',
  loadbalancer: 'ingress',
  // The registry works over another path and nothing is known to stand in this one: the network in between is left.
  direct: 'client_network',
  internal: 'client_network',
};

/** A single run names these hops only for want of a better guess. */
const guesses: ReadonlySet<Blame> = new Set(['unknown', 'registry_app', 'registry_storage', 'client_network']);

/**
 * The hop to look at when a path fails and the registry is known to be sound. What the run saw (a page of a proxy, a ray id)
 * stands; a guess gives way to what the path is made of. An edge that fails like the ingress behind it shares that ingress.
 */
export function hopOfPath(failure: Failure, kind: PathKind, kindsFailingAlike: readonly PathKind[]): Blame {
  // The clock is a fingerprint (a cut after a minute), a name that does not resolve has no hop; else silence names nobody.
  const silent = failure.answeredBy === 'none' && failure.reason !== 'request_timeout' && failure.blame !== 'dns';
  if (!silent && !guesses.has(failure.blame)) return failure.blame;
  const behind = kindsFailingAlike.some((other) => other === 'ingress' || other === 'loadbalancer');
  return kind === 'edge' && behind ? 'ingress' : hopOfKind[kind];
}

/** The part of the registry to look at when no path gets through. */
export function hopOfRegistry(failure: Failure): Blame {
  return failure.blame === 'auth_server' || failure.blame === 'registry_storage' ? failure.blame : 'registry_app';
}
