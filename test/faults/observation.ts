import type { Line } from '../support/recording-log.ts';
import type { LoggedRequest } from '../support/lab/request-log.ts';
import type { LedgerEntry } from '../../src/probe/leftovers/ledger-entry.ts';
import type { Run } from '../../src/probe/outcome.ts';
import type { RecordedRun } from './recorder.ts';

/** What a registry holds: ids of sessions, digests. */
export interface Stored {
  readonly sessions: readonly string[];
  readonly blobs: readonly string[];
  readonly manifests: readonly string[];
}

/** A call of the engine, and whose it was. */
export interface ObservedRun extends RecordedRun {
  /** `control`: of a round; it counts nowhere but in the budget. `demand`: somebody asked for it. */
  readonly origin: 'schedule' | 'control' | 'demand';
}

/** Slots of one check at the quiet moment. */
export interface SlotCount {
  readonly checkId: string;
  /** By the plan of the schedule; two numbers where the moment of the start leaves that open. */
  readonly due: readonly [atLeast: number, atMost: number];
}

/**
 * All that is known of one seed's world, for the invariants. Taken at two moments: `quiet`, when all is healed, nothing runs
 * and the schedule still does; and the end, after the shutdown.
 */
export interface Observation {
  /** All, to the end. */
  readonly runs: readonly ObservedRun[];
  /** Those that had ended at the quiet moment: what is counted until then. */
  readonly runsAtQuiet: readonly ObservedRun[];
  /** Longest time that the event loop was late; what is measured by timers cannot be truer. */
  readonly loopLagMs: number;
  readonly cleanupTimeoutMs: number;
  /** Most transfers that any configuration allowed. */
  readonly transfers: number;
  readonly bytesPerDay: number;
  /** Checks that were configured all the time. */
  readonly steady: readonly string[];
  /** Otherwise nothing can be said of what was counted until then. */
  readonly hadQuiet: boolean;
  /** Samples of /metrics at the quiet moment. */
  readonly metrics: ReadonlyMap<string, number>;
  /** Kept runs of each steady check, newest first. */
  readonly history: ReadonlyMap<string, readonly Run[]>;
  readonly slots: readonly SlotCount[];
  /** Requests that the edge of each path saw, from the start to the end. */
  readonly edgeRequests: ReadonlyMap<string, readonly LoggedRequest[]>;
  readonly log: readonly Line[];
  /** Problems of handles and connections, in words. */
  readonly leftWhileIdle: readonly string[];
  readonly leftAtEnd: readonly string[];
  readonly memory: { readonly firstThirdBytes: number; readonly endBytes: number };
  readonly stopMs: number;
  readonly stopBoundMs: number;
  /** The ledger when the daemon had ended, and what the registry held then. */
  readonly ledgerAtEnd: readonly LedgerEntry[];
  readonly storedAtEnd: Stored;
  /** The ledger as the next process reads it from the file. */
  readonly ledgerInFile: readonly LedgerEntry[];
  /** The same after that process's replay over healed paths. */
  readonly ledgerAfterReplay: readonly LedgerEntry[];
  readonly storedAfterReplay: Stored;
}
