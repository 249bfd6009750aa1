import type { Blame } from '../failure.ts';
import type { Facts } from './facts.ts';

/** Reasons by which one and the same trouble shows on different paths: a registry that is down is refused here and a 502 there. */
type ReasonFamily =
  | 'down'
  | 'auth'
  | 'size'
  | 'policy'
  | 'quota'
  | 'body'
  | 'session'
  | 'address'
  | 'opening'
  | 'other';

/** Everything that is known of a reason, in one place. No field is optional: a new reason answers every question. */
export interface ReasonRow {
  /** One clause in plain words, begins in lower case. */
  readonly title: string;
  /** Whether these facts are this reason, when no reason before it in `failureReasons` matched. */
  readonly when: (f: Facts) => boolean;
  /** The hop to look at first, judged from one run alone. `unknown` is an answer: a cut without a reply names nobody. */
  readonly blame: Blame | ((f: Facts) => Blame);
  /** What it means when the paths of a round are compared. */
  readonly round: {
    readonly family: ReasonFamily;
    /**
     * A registry that goes bad in the middle of the round looks the same: before a path is blamed, something else must have got
     * through after the failure.
     */
    readonly needsSuccessAfter: boolean;
    /** Never a path's when the registry itself said it: full storage and limits on our rate strike whichever path comes next. */
    readonly ownWords: boolean;
    /** Made by whatever hop answered, before any registry had a say: that hop is to blame even when nothing else got through. */
    readonly byHop: boolean;
    /** The same on all paths, it speaks of us (our resolver, clock, credentials, code) rather than of the registry. */
    readonly local: boolean;
    /** A busy prober can cause it by itself: in a tainted run it says nothing. */
    readonly timed: boolean;
  };
  /** What can be concluded from it. */
  readonly tells: {
    /** The ending is ours: such a run says nothing about its path. */
    readonly own: boolean;
    /** Ended without a word: the connection broke, or a clock (the peer's or ours) ran out. */
    readonly cut: 'connection' | 'clock' | 'no';
    /** The size was refused, or may have been. */
    readonly size: 'yes' | 'maybe' | 'no';
    /** A body that was under way took too long, or may have. */
    readonly time: 'yes' | 'maybe' | 'no';
    /** A registry or hop that restarts fails like this while it does: only a second try tells. */
    readonly mayPass: boolean;
    /** The registry may be gone, or a hop does not reach it: only another path tells. */
    readonly maybeDown: boolean;
  };
  /** A run that ends so is an outcome of its path; false: it counts as cancelled, and the path as not tried. */
  readonly isOutcome: boolean;
  /** The section of docs/failures.md, one sentence or more each. */
  readonly words: {
    readonly wire: string;
    readonly causes: string;
    readonly remedy: string;
    readonly blamed: string;
  };
}
