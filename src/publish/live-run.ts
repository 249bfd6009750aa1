import type { Check } from '../probe/check.ts';
import type { Progress } from '../probe/outcome.ts';

/** A run that has not ended yet. */
export interface LiveRun {
  readonly id: string;
  readonly check: Check;
  /** `queued`: waits for a transfer to end. */
  readonly state: 'queued' | 'running';
  /** Since when it has been in this state. */
  readonly since: Date;
  /** Absent until something was sent. */
  readonly progress?: Progress;
  /** Asked for by somebody, not by the schedule. */
  readonly onDemand: boolean;
}

/** The runs under way, for pages. */
export interface LiveRuns {
  /** In the order in which they came. */
  list(): readonly LiveRun[];
  get(id: string): LiveRun | undefined;
}
