import type { Blame } from '../failure.ts';
import type { CauseName } from './causes.ts';

/** `certain`: the hop named itself, or a contrast leaves nothing else; `possible`: fits, and so do other causes. */
export type Confidence = 'certain' | 'likely' | 'possible';

/** What is known of a cause whenever it strikes. */
export interface Cause {
  /** One clause in plain words, begins in lower case. */
  readonly title: string;
  /** Where it sits; `failure`: where the failure itself points. */
  readonly hop: Blame | 'failure';
  /** What to change, with the exact setting. */
  readonly remedy: string;
  /** Public documentation or the issue that describes it. */
  readonly reference: string;
}

/** A cause that was found. */
export interface Finding {
  readonly cause: CauseName;
  readonly title: string;
  readonly hop: Blame;
  readonly confidence: Confidence;
  readonly remedy: string;
  readonly reference: string;
  /** One sentence each. */
  readonly evidence: readonly string[];
}

export interface Diagnosis {
  /** `fault`: at least one cause was found; `inconclusive`: something failed and no cause can be named for sure. */
  readonly kind: 'healthy' | 'fault' | 'inconclusive';
  readonly findings: readonly Finding[];
  /** Failures that no rule explains, one sentence each. */
  readonly unexplained: readonly string[];
  /**
   * What could not be looked at, because something else was in the way or was left out, one sentence each: whatever lies there is
   * neither confirmed nor ruled out.
   */
  readonly notExamined: readonly string[];
  /** What was tried and what came of it, one sentence each, in the order in which it was done. */
  readonly facts: readonly string[];
  /** One sentence. */
  readonly why: string;
  /** Body bytes that were sent for it. */
  readonly bytesSpent: number;
}
