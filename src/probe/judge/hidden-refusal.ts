import type { WireShape } from '../clients/client-profile.ts';
import type { Failure, Phase } from '../failure.ts';
import { brokeOffBehind } from './fact-tests.ts';
import { isHungUp } from './is-cut.ts';
import { namesOwnReason, wordsOf } from './words.ts';

/** A body is under way, or was, up to the answer: which of the two it was when an answer came is chance. */
export const bodyPhases: ReadonlySet<Phase> = new Set(['send', 'wait']);

/**
 * A refusal of the body may be hidden in it: who refuses before the end of a body closes the connection, and a hop that still writes to it says that
 * it broke off in the place of the refusal, or the connection is cut. A hop that names another reason is believed. Pure.
 */
export function mayHideRefusal(failure: Failure): boolean {
  const { phase, sentBytes } = failure;
  if (sentBytes === 0 || !bodyPhases.has(phase)) return false;
  return isHungUp(failure) || (brokeOffBehind(failure) && !namesOwnReason(wordsOf(failure)));
}

/** A failure, and how the body was sent that met it. */
interface Sent {
  readonly failure: Failure;
  readonly shape?: WireShape | undefined;
}

/** A refusal of the request as it is made, which other shapes do not meet. */
function isOfShape({ reason, status, registryCode = '' }: Failure): boolean {
  const isOfUpload = registryCode.startsWith('BLOB_UPLOAD_') && status !== 416;
  return reason === 'method_not_allowed' || (reason === 'range_conflict' && !isOfUpload);
}

/**
 * Whether what may hide a refusal may hide this answer of the registry to another push: an error to a body. One at the end of an upload came to who had
 * taken a body of that shape. What is no answer is measured by pushes of the same shape. Pure.
 */
export function hides(hidden: Sent, { failure, shape }: Sent): boolean {
  const { answeredBy, status = 0, phase } = failure;
  if (!mayHideRefusal(hidden.failure) || answeredBy !== 'registry' || status < 400 || isOfShape(failure)) return false;
  const isSameShape = shape === hidden.shape;
  if (hidden.failure.answeredBy === 'none') return isSameShape && bodyPhases.has(phase);
  return bodyPhases.has(phase) || (phase === 'commit' && !isSameShape);
}
