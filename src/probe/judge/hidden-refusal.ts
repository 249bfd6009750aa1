import type { WireShape } from '../clients/client-profile.ts';
import type { Failure, FailureReason, Phase } from '../failure.ts';
import { brokeOffBehind } from './fact-tests.ts';
import { isHungUp } from './is-cut.ts';
import { maintenanceWords, overloadWords, unreachableWords, wordsOf } from './words.ts';

/** A body is under way, or was, up to the answer: which of the two it was when an answer came is chance. */
export const bodyPhases: ReadonlySet<Phase> = new Set(['send', 'wait']);

/**
 * A refusal of the body may be hidden in it: who refuses before the end of a body closes the connection, and a hop that still writes to it says that
 * it broke off in the place of the refusal, or the connection is cut. A hop that names another reason is believed. Pure.
 */
export function mayHideRefusal(failure: Failure): boolean {
  const { phase, sentBytes } = failure;
  if (sentBytes === 0 || !bodyPhases.has(phase)) return false;
  const hasOwnReason = [unreachableWords, overloadWords, maintenanceWords].some((one) => one.test(wordsOf(failure)));
  return isHungUp(failure) || (brokeOffBehind(failure) && !hasOwnReason);
}

/** A failure, and how the body was sent that met it. */
interface Sent {
  readonly failure: Failure;
  readonly shape: WireShape | undefined;
}

/** Refusals of the request as it is made, which other shapes do not meet. */
const ofShape: ReadonlySet<FailureReason> = new Set(['method_not_allowed', 'range_conflict']);

/**
 * Whether what may hide a refusal may hide this answer of the registry to another push: an error to a body. One at the end of an upload came to who had
 * taken a body of that shape. What is no answer is measured by pushes of the same shape. Pure.
 */
export function hides(hidden: Sent, { failure: { answeredBy, status = 0, reason, phase }, shape }: Sent): boolean {
  if (!mayHideRefusal(hidden.failure) || answeredBy !== 'registry' || status < 400 || ofShape.has(reason)) return false;
  const isSameShape = shape === hidden.shape;
  if (hidden.failure.answeredBy === 'none') return isSameShape && bodyPhases.has(phase);
  return bodyPhases.has(phase) || (phase === 'commit' && !isSameShape);
}
