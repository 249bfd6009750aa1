import { type Blame, type FailureReason, failureReasons } from '../failure.ts';
import type { Facts } from './facts.ts';
import type { ReasonRow } from './reason-row.ts';
import { answerReasons } from './reasons-answer.ts';
import { authReasons } from './reasons-auth.ts';
import { cutReasons } from './reasons-cut.ts';
import { openingReasons } from './reasons-opening.ts';
import { ownReasons } from './reasons-own.ts';
import { refusalReasons } from './reasons-refusal.ts';
import { uploadReasons } from './reasons-upload.ts';

/** One row for each reason, the only place that knows anything of it. A row that leaves a question open does not compile. */
export const reasonTable: Readonly<Record<FailureReason, ReasonRow>> = {
  ...ownReasons,
  ...openingReasons,
  ...authReasons,
  ...refusalReasons,
  ...uploadReasons,
  ...cutReasons,
  ...answerReasons,
};

/** The reason for these facts: the first in the order of `failureReasons` that matches. Total: the last one always does. */
export function reasonFor(facts: Facts): FailureReason {
  return failureReasons.find((reason) => reasonTable[reason].when(facts)) ?? 'internal';
}

/** The hop to look at first. A round, which sees the other paths in the same minute, may know better. */
export function blameFor(reason: FailureReason, facts: Facts): Blame {
  const { blame } = reasonTable[reason];
  return typeof blame === 'function' ? blame(facts) : blame;
}

/** Whether two reasons can be the same trouble seen on two paths. */
export function isSameFamily(a: FailureReason, b: FailureReason): boolean {
  const { family } = reasonTable[a].round;
  return family === reasonTable[b].round.family && (family !== 'other' || a === b);
}
