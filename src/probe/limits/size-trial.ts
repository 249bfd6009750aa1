import { formatBytes } from '../byte-words.ts';
import { oneBlob, type Check } from '../check.ts';
import type { Failure } from '../failure.ts';
import { bodyPhases, mayHideRefusal } from '../judge/hidden-refusal.ts';
import { isPullCut, isPullRefused } from '../judge/pull-cuts.ts';
import { reasonTable } from '../judge/reason-table.ts';
import type { Run } from '../outcome.ts';
import { describeFailure } from '../compare/verdict-words.ts';

/** What one run at one size says about the limit. */
export type SizeTrial =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'rejected'; readonly failure: Failure }
  /** A cut, or a hop's 502, may be a refusal whose answer was lost, and a pull has no words for its size: another try can tell. */
  | { readonly kind: 'cut'; readonly failure: Failure }
  | { readonly kind: 'unclear'; readonly why: string };

export function sizeTrialOf(run: Run): SizeTrial {
  const { failure } = run;
  if (failure === undefined) return { kind: 'accepted' };
  if (run.check.pushedOver !== undefined) return pullTrialOf(run, failure);

  const tells = reasonTable[failure.reason].tells.size;
  if (tells === 'yes') return { kind: 'rejected', failure };

  if ((tells === 'maybe' && bodyPhases.has(failure.phase)) || mayHideRefusal(failure)) return { kind: 'cut', failure };

  const size = run.check.workload.layerBytes[0] ?? 0;
  return { kind: 'unclear', why: `at ${formatBytes(size)} it failed for another reason: ${describeFailure(failure)}` };
}

/** A blob that did not come back, or could not be put there, which is another matter. */
function pullTrialOf(run: Run, failure: Failure): SizeTrial {
  const why = notPutThere(run);
  if (why !== undefined) return { kind: 'unclear', why };
  return isPullCut(failure) || isPullRefused(failure)
    ? { kind: 'cut', failure }
    : { kind: 'unclear', why: `what was pulled failed for another reason: ${describeFailure(failure)}` };
}

/** Why there was nothing to pull; undefined: it was there, and the way back failed, be it by its login. */
export function notPutThere({ attempts, check: { pushedOver } }: Run): string | undefined {
  const last = attempts.at(-1);
  if (pushedOver === undefined || last?.failure === undefined || last.pull !== undefined) return undefined;
  return `what was to be pulled could not be put there over ${pushedOver.name}: ${describeFailure(last.failure)}`;
}

/** The check of one try: one blob, one attempt, so that each answer is seen as it is. */
export function sizeCheck(check: Check, sizeBytes: number): Check {
  return { ...searchedBlob(check, sizeBytes), retries: 'none' };
}

/** The blob of one try: pushed, or, where only the way back is in question, pulled as well. */
export function searchedBlob(check: Check, sizeBytes: number): Check {
  const one = oneBlob(check, 'limit-search', sizeBytes);
  return { ...one, workload: { ...one.workload, pull: check.pushedOver !== undefined } };
}
