import type { PathKind } from '../../network/path.ts';
import type { Blame } from '../failure.ts';
import type { Run } from '../outcome.ts';

/** What the other paths of the round did with the same push. */
export interface SeenInRound {
  /** It got through over another one, over all others it failed in the same way, or neither. */
  readonly elsewhere: 'ok' | 'same' | 'none';
  readonly kindsFailingAlike: readonly PathKind[];
}

/** What the diagnosis says of one failed run. */
export interface JudgedRun {
  readonly cause: string;
  readonly hop: Blame;
  readonly remedy: string;
}

/** The judgement that diagnoses make, asked about one run of a round; undefined: no cause explains it. */
export type JudgeRun = (run: Run, seen: SeenInRound) => JudgedRun | undefined;
