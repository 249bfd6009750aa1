import type { Blame } from '../failure.ts';
import type { ContrastName } from './flips.ts';
import type { Match } from './match.ts';
import type { RefutationName } from './refutations.ts';

/** What makes a cause certain: the words by which a hop names this very limit, or a contrast that came out the same way twice. */
export type Proof = RegExp | ContrastName;

/**
 * A cause is one row. It does not say how sure it is: `judge.ts` computes that from its proofs, its refutations and its rivals. No
 * list may be empty, so a row without a way to be proven wrong, or right, does not compile; one that nothing can prove says so.
 */
export interface Cause {
  /** One clause in plain words, begins in lower case. */
  readonly title: string;
  /** Where it sits; default: where the failure itself points; `path`: at the first hop, which is the edge of an edge path, else the ingress. */
  readonly hop?: Blame | 'path';
  /** What to change, with the exact setting. */
  readonly remedy: string;
  /** Public documentation or the issue that describes it. */
  readonly reference: string;
  /** Default: `named`, a hop or client of its own; `inferred`: any hop can have it; `general`: what is left to say when no other row fits. */
  readonly rank?: 'inferred' | 'general';
  /** Whether it would make this failure look as it does. */
  readonly explains: Match;
  /** Any of these, seen anywhere in the examination, rules it out. */
  readonly refutedBy: readonly [RefutationName, ...RefutationName[]];
  /** Any of these makes it certain; `nothing`: no words and no test from outside tell it from its rivals, so it is likely at most. */
  readonly provenBy: readonly [Proof, ...Proof[]] | 'nothing';
  /** What a person can do to tell it from its rivals. */
  readonly nextTest: string;
}

/** All that makes it certain. */
export function proofsOf({ provenBy }: Pick<Cause, 'provenBy'>): readonly Proof[] {
  return provenBy === 'nothing' ? [] : provenBy;
}
