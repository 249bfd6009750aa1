import type { ApiReport } from '../api-check.ts';
import type { WireShape } from '../client-profile.ts';
import type { Failure } from '../failure.ts';
import type { DurationLimit, SizeLimit } from '../limits/limit.ts';
import type { Run } from '../outcome.ts';
import type { NetworkPath } from '../../network/path.ts';

/**
 * Why a push was made. `small` and `full`: as the client does; `shape`: the same size in another wire shape; `pausing`: a small
 * one that rests for a while in its body; `fresh`: every request on a connection of its own; `repeat`: one that failed, once
 * more; `again`: a small one after all others, to see whether everything still stands.
 */
export type TrialKind = 'small' | 'full' | 'shape' | 'pausing' | 'fresh' | 'repeat' | 'again';

export interface Trial {
  readonly kind: TrialKind;
  readonly shape: WireShape;
  readonly sizeBytes: number;
  readonly run: Run;
  /** How long a `pausing` body rests. */
  readonly pauseMs?: number;
}

/** Everything that was seen over one path. */
export interface Examined {
  readonly path: NetworkPath;
  readonly api?: ApiReport;
  readonly trials: readonly Trial[];
  readonly sizeLimit?: SizeLimit;
  readonly durationLimit?: DurationLimit;
}

/** A path in question, and in the same minutes a direct one to the same registry, if there is one. */
export interface Examination {
  readonly subject: Examined;
  readonly direct?: Examined;
}

/** A failure with what it came from: a trial, an endpoint, or a search. */
export interface Symptom {
  readonly failure: Failure;
  /** `docker, 2.10 MB`, `GET /v2/`. */
  readonly what: string;
  /** A small body that was sent slowly. */
  readonly slow?: true;
  readonly trial?: Trial;
}
