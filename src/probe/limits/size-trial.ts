import { formatBytes } from '../byte-words.ts';
import { oneBlob, type Check } from '../check.ts';
import type { Failure } from '../failure.ts';
import { reasonTable } from '../judge/reason-table.ts';
import type { Run } from '../outcome.ts';
import { describeFailure } from '../compare/verdict-words.ts';

/** What one run at one size says about the limit. */
export type SizeTrial =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'rejected'; readonly failure: Failure }
  /** A cut may be a refusal whose answer was lost: another try can tell. */
  | { readonly kind: 'cut'; readonly failure: Failure }
  | { readonly kind: 'unclear'; readonly why: string };

export function sizeTrialOf(run: Run): SizeTrial {
  const { failure } = run;
  if (failure === undefined) return { kind: 'accepted' };

  const tells = reasonTable[failure.reason].tells.size;
  if (tells === 'yes') return { kind: 'rejected', failure };

  if (tells === 'maybe' && (failure.phase === 'send' || failure.phase === 'wait')) return { kind: 'cut', failure };

  const size = run.check.workload.layerBytes[0] ?? 0;
  return { kind: 'unclear', why: `at ${formatBytes(size)} it failed for another reason: ${describeFailure(failure)}` };
}

/** The check of one try: one blob, one attempt, so that each answer is seen as it is. */
export function sizeCheck(check: Check, sizeBytes: number): Check {
  return { ...oneBlob(check, 'limit-search', sizeBytes), retries: 'none' };
}
