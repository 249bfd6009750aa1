import { isIP } from 'node:net';
import type { NetworkPath } from '../../network/path.ts';
import type { Check } from '../../probe/check.ts';
import type { WireShape } from '../../probe/clients/client-profile.ts';
import type { Phase } from '../../probe/failure.ts';

/** Phases in which a body is under way, or was accepted just before: only there bytes and age at failure say something. */
export function isUploadPhase(phase: Phase): boolean {
  return phase === 'send' || phase === 'wait' || phase === 'commit';
}

/** The requests around a body that a shape has: one to open a session, one to close it. */
const around: Readonly<Record<WireShape, readonly Phase[]>> = {
  'patch-streamed': ['start', 'commit'],
  'patch-length': ['start', 'commit'],
  'patch-ranged': ['start', 'commit'],
  'put-length': ['start'],
  'put-then-ranged': ['start', 'commit'],
  'post-length': [],
};

/** An address needs no resolver. */
function dialsName({ origin, connectTo, proxy }: NetworkPath): boolean {
  const host = (proxy ?? connectTo)?.host ?? new URL(origin).hostname;
  return isIP(host.replace(/^\[|\]$/g, '')) === 0;
}

/**
 * The phases that runs of this check reach and that count as the client's time, in no order. Beyond them is only what goes another way
 * than usual: the session after a refused POST of everything, a token from a host that has a name where the registry has none.
 */
export function reachablePhases({ path, client, workload }: Check): Phase[] {
  const isImage = workload.kind === 'image';
  const sometimes: Partial<Record<Phase, boolean>> = {
    dns: dialsName(path),
    tls: path.origin.startsWith('https:'),
    // The manifest of an image is committed, and asked for, whatever becomes of its layers.
    commit: isImage,
    verify: isImage || client.headAfter,
    pull: workload.pull,
  };
  const own = (Object.keys(sometimes) as Phase[]).filter((phase) => sometimes[phase] === true);
  return [...new Set<Phase>(['connect', 'auth', 'send', 'wait', ...around[client.shape], ...own])];
}
