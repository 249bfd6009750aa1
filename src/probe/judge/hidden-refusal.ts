import type { Failure, Phase } from '../failure.ts';
import { isHungUp } from './is-cut.ts';
import { maintenanceWords, overloadWords, unreachableWords, wordsOf } from './words.ts';

/** A body is under way, or was, up to the answer: which of the two it was when an answer came is chance. */
export const bodyPhases: ReadonlySet<Phase> = new Set(['send', 'wait']);

/** nginx never says 503 of a server that it does not reach; Traefik says 502 then, and “no available server” when it knows none. */
export function saysItself({ status, answeredBy, evidence }: Failure): boolean {
  const isOfTraefik = answeredBy === 'traefik' && !unreachableWords.test(evidence.body ?? '');
  return status === 503 && (answeredBy === 'nginx' || isOfTraefik);
}

/** Of what is behind a hop, and broke off; 520 is Cloudflare's. */
const hiding: ReadonlySet<number> = new Set([502, 503, 520]);

/**
 * A refusal of the body may be hidden in it: who refuses before the end of a body closes the connection, and a hop that still writes to it says that
 * it broke off in the place of the refusal, or the connection is cut. A hop that names another reason is believed. Pure.
 */
export function mayHideRefusal(failure: Failure): boolean {
  const { status, answeredBy, phase, sentBytes } = failure;
  if (sentBytes === 0 || !bodyPhases.has(phase)) return false;
  if (isHungUp(failure)) return true;
  const isOfHop = answeredBy !== 'registry' && status !== undefined && hiding.has(status) && !saysItself(failure);
  return isOfHop && ![unreachableWords, overloadWords, maintenanceWords].some((words) => words.test(wordsOf(failure)));
}

/** The registry itself refused an upload, in whatever words. */
export function isRefusedByRegistry({ status = 0, answeredBy, phase }: Failure): boolean {
  return answeredBy === 'registry' && status >= 400 && (bodyPhases.has(phase) || phase === 'commit');
}
