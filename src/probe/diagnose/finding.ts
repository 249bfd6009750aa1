import type { Blame } from '../failure.ts';
import type { CauseName } from './causes.ts';
import type { ConformanceCauseName } from './causes-conformance.ts';
import type { SlowCauseName } from './causes-slow.ts';
import type { Conformance } from './conformance.ts';

/**
 * Computed, never declared. `certain`: a hop names this very limit in words, or a contrast flipped twice; `likely`: it explains
 * what failed, nothing seen refutes it, and no rival explains as much; `open`: it fits, and so do rivals.
 */
export type Confidence = 'certain' | 'likely' | 'open';

/** A cause that was found. */
export interface Finding {
  readonly cause: CauseName | SlowCauseName | ConformanceCauseName;
  readonly title: string;
  readonly hop: Blame;
  readonly confidence: Confidence;
  readonly remedy: string;
  readonly reference: string;
  /** What a person can do to tell it from its rivals. */
  readonly nextTest: string;
  /** One sentence each. */
  readonly evidence: readonly string[];
}

/** A finding: what the row of its cause says, and what was seen. */
export function findingOf(
  cause: Finding['cause'],
  { title, remedy, reference, nextTest }: Pick<Finding, 'title' | 'remedy' | 'reference' | 'nextTest'>,
  { hop, confidence, evidence }: Pick<Finding, 'hop' | 'confidence' | 'evidence'>,
): Finding {
  return { cause, title, hop, confidence, remedy, reference, nextTest, evidence };
}

export interface Diagnosis {
  /**
   * `healthy`: everything got through; findings then say what keeps it slow. `fault`: at least one cause of failures was found; `inconclusive`:
   * something failed and no cause can be named for sure.
   */
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
  /** Behaviours of the distribution specification over this path and the direct one; undefined: not asked for. */
  readonly conformance?: Conformance;
  /** One sentence. */
  readonly why: string;
  /** Body bytes that were sent for it. */
  readonly bytesSpent: number;
}
