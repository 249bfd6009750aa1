import { formatBytes } from '../byte-words.ts';
import type { Check } from '../check.ts';
import type { Failure } from '../failure.ts';
import type { Run } from '../outcome.ts';

export const limitDirections = ['push', 'pull'] as const;
export type LimitDirection = (typeof limitDirections)[number];

/** Which way a search asks about: its check says so. */
export function directionOf({ pushedOver }: Pick<Check, 'pushedOver'>): LimitDirection {
  return pushedOver === undefined ? 'push' : 'pull';
}

/** Body bytes that went both ways. */
export function bytesMoved(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + run.sentBytes + run.pulledBytes, 0);
}

/** Why a search has no room for one more try of this size, which a pull moves both ways; undefined: it has. */
export function noRoomFor(
  sizeBytes: number,
  direction: LimitDirection,
  runs: readonly Run[],
  byteBudget = Number.POSITIVE_INFINITY,
): string | undefined {
  const costBytes = direction === 'push' ? sizeBytes : 2 * sizeBytes;
  return bytesMoved(runs) + costBytes <= byteBudget
    ? undefined
    : `the ${formatBytes(byteBudget)} that the search may move leave no room for a try of ${formatBytes(sizeBytes)}`;
}

/**
 * What a search for a limit found. `found`: the limit lies between the bounds, no further apart than the resolution;
 * `none-up-to`: the largest value that was to be tried is accepted; `inconclusive`: what was seen is not about the limit, or
 * does not fit together; the bounds say what is known nevertheless.
 */
export interface Limit<Unit extends 'bytes' | 'seconds' = 'bytes' | 'seconds'> {
  readonly unit: Unit;
  /** `pull`: of what comes back. */
  readonly direction: LimitDirection;
  readonly largestAccepted?: number;
  readonly smallestRejected?: number;
  /** How the smallest rejected value was refused. */
  readonly rejection?: Failure;
  /** Body bytes sent, and pulled, by all runs of the search. */
  readonly bytesSpent: number;
  readonly conclusion: 'found' | 'none-up-to' | 'inconclusive';
  /** One sentence. */
  readonly why: string;
}

/** The same with the runs of the search, newest last. */
type Searched<Unit extends 'bytes' | 'seconds'> = Limit<Unit> & { readonly runs: readonly Run[] };
export type SizeLimit = Searched<'bytes'>;
export type DurationLimit = Searched<'seconds'>;

/** A limit of a path, found by searching as one client. */
export interface PathLimit extends Limit {
  readonly registry: string;
  readonly path: string;
  readonly client: string;
}

/** What a search found, without its runs: it is kept for long. */
export function pathLimit(
  { registry, path, client }: Pick<Check, 'registry' | 'path' | 'client'>,
  { runs: _runs, ...limit }: SizeLimit | DurationLimit,
): PathLimit {
  return { registry: registry.name, path: path.name, client: client.name, ...limit };
}
