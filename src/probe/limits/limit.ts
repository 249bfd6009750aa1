import type { Failure } from '../failure.ts';
import type { Run } from '../outcome.ts';

/**
 * What a search for a limit found. `found`: the limit lies between the bounds, no further apart than the resolution;
 * `none-up-to`: the largest value that was to be tried is accepted; `inconclusive`: what was seen is not about the limit, or
 * does not fit together; the bounds say what is known nevertheless.
 */
export interface Limit<Unit extends 'bytes' | 'seconds'> {
  readonly unit: Unit;
  readonly largestAccepted?: number;
  readonly smallestRejected?: number;
  /** How the smallest rejected value was refused. */
  readonly rejection?: Failure;
  /** Body bytes sent by all runs of the search. */
  readonly bytesSpent: number;
  readonly runs: readonly Run[];
  readonly conclusion: 'found' | 'none-up-to' | 'inconclusive';
  /** One sentence. */
  readonly why: string;
}

export type SizeLimit = Limit<'bytes'>;
export type DurationLimit = Limit<'seconds'>;
