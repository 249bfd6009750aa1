import type { Check } from '../check.ts';
import type { Failure, FailureReason } from '../failure.ts';
import type { Run } from '../outcome.ts';
import { describeFailure, megabytes } from '../verdict-words.ts';

/** What one run at one size says about the limit. */
export type SizeTrial =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'rejected'; readonly failure: Failure }
  /** A cut may be a refusal whose answer was lost: another try can tell. */
  | { readonly kind: 'cut'; readonly failure: Failure }
  | { readonly kind: 'unclear'; readonly why: string };

const cuts: ReadonlySet<FailureReason> = new Set(['connection_reset', 'http2_error', 'stale_connection']);

export function sizeTrialOf(run: Run): SizeTrial {
  const { failure } = run;
  if (failure === undefined) {
    return { kind: 'accepted' };
  }
  if (failure.reason === 'body_too_large') {
    return { kind: 'rejected', failure };
  }
  if (cuts.has(failure.reason) && (failure.phase === 'send' || failure.phase === 'wait')) {
    return { kind: 'cut', failure };
  }
  const size = run.check.workload.layerBytes[0] ?? 0;
  return { kind: 'unclear', why: `at ${megabytes(size)} it failed for another reason: ${describeFailure(failure)}` };
}

/** The check of one try: one blob, one attempt, so that each answer is seen as it is. */
export function sizeCheck(check: Check, sizeBytes: number): Check {
  return {
    ...check,
    workload: { name: 'limit-search', kind: 'blob', layerBytes: [sizeBytes], pull: false },
    retries: 'none',
    payload: { kind: 'fresh' },
  };
}
