import type { Check } from './check.ts';
import type { Failure, FailureReason, Phase } from './failure.ts';

/** One HTTP request of a run as kept in history: redacted, bounded. Times are milliseconds after the run's start. */
export interface RequestRecord {
  readonly phase: Phase;
  readonly method: string;
  readonly url: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly dnsMs?: number;
  readonly connectMs?: number;
  readonly tlsMs?: number;
  readonly sendMs?: number;
  readonly waitMs?: number;
  readonly receiveMs?: number;
  readonly plannedBytes: number;
  readonly sentBytes: number;
  readonly framing: 'none' | 'content-length' | 'chunked';
  readonly status?: number;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBytes: number;
  readonly early: boolean;
  readonly socketReused: boolean;
  readonly httpVersion?: string;
  readonly remoteAddress?: string;
  readonly errorCode?: string;
  /**
   * Body bytes over time, from the first to the last that went out: milliseconds after the run's start, bytes of this request.
   * A few dozen points at most; absent when there was nothing to watch.
   */
  readonly progress?: readonly (readonly [atMs: number, sentBytes: number])[];
}

/** One try at pushing one blob (or manifest), as the client's retry policy counts it. */
export interface Attempt {
  readonly blob: string;
  /** From 1. */
  readonly number: number;
  /** Milliseconds after the run's start. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Wait before this attempt, as it was really waited. */
  readonly waitedMs: number;
  /** Milliseconds for each phase reached; phases not reached are absent. */
  readonly phaseMs: Readonly<Partial<Record<Phase, number>>>;
  readonly sentBytes: number;
  readonly acknowledgedBytes: number;
  readonly pulledBytes: number;
  /** Requests sent once more within the attempt, on the same session, as containerd, regctl and oras do. */
  readonly resends: number;
  /** The client changed its way of sending within the attempt (regctl's 1 MiB chunks after a failed PUT). */
  readonly fellBack: boolean;
  readonly requests: readonly RequestRecord[];
  readonly failure?: Failure;
}

/** What the path looked like in this run: the source of `path_info`. */
export interface PathFacts {
  readonly remoteAddress?: string;
  readonly family?: 4 | 6;
  readonly httpVersion?: '1.1' | '2';
  readonly tlsVersion?: string;
  readonly tlsIssuer?: string;
  readonly certificateExpiresAt?: Date;
  /** Host of the token realm when it is not one of the path's own. */
  readonly foreignRealmHost?: string;
  /** Host of an upload Location when it is not one of the path's own. */
  readonly foreignLocationHost?: string;
}

export interface CleanupReport {
  readonly durationMs: number;
  readonly failures: readonly {
    readonly kind: LeftoverKind;
    readonly reason: FailureReason;
    readonly message: string;
  }[];
}

/** How often and how long a control group kept the process from the CPU. With several CPUs their times add up. */
export interface CpuThrottling {
  readonly periods: number;
  readonly ms: number;
}

export const leftoverKinds = ['session', 'blob', 'manifest'] as const;
export type LeftoverKind = (typeof leftoverKinds)[number];

/** One execution of a check. A run never throws: whatever happened is in here. */
export interface Run {
  readonly id: string;
  readonly check: Check;
  readonly startedAt: Date;
  /** As the client's user feels it: waits between attempts included, cleanup excluded. */
  readonly durationMs: number;
  readonly attempts: readonly Attempt[];
  readonly ok: boolean;
  /** The failure that ended the run; present exactly when `ok` is false. */
  readonly failure?: Failure;
  readonly sentBytes: number;
  readonly acknowledgedBytes: number;
  readonly pulledBytes: number;
  /** All that went over the wire for this run, in both directions (`WireMeter`): tokens, retries, aborted attempts and cleanup included. */
  readonly wireBytes: number;
  /** Payload bytes ÷ (send + wait) of the successful attempts; absent when nothing was pushed successfully. */
  readonly pushBytesPerSecond?: number;
  readonly pullBytesPerSecond?: number;
  readonly cleanup: CleanupReport;
  /** Bytes that the registry holds of the upload that a cut left open; absent: not asked (`inspectsSession`), or it does not say. */
  readonly heldBytes?: number;
  readonly pathFacts: PathFacts;
  /** Longest event-loop delay seen during the run. */
  readonly eventLoopLagMs: number;
  /** What a CPU limit kept from this process during the run; absent: the system does not tell. */
  readonly cpuThrottling?: CpuThrottling;
  /** This process was late, or throttled, by so much that the timings and the throughput are not to be trusted (`isTainted`). */
  readonly tainted: boolean;
  /** false when waits between attempts were scaled or left out. */
  readonly realWaits: boolean;
}

/** Live state of a running check: for progress bars and `runs_in_flight`. */
export interface Progress {
  readonly phase: Phase;
  readonly blob: string;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly sentBytes: number;
  readonly totalBytes: number;
  /** Milliseconds left to wait before the next attempt, when waiting. */
  readonly waitingMs?: number;
}

/** The engine as the schedule, the server and the commands see it. Resolves with an outcome, never rejects. */
export type RunCheck = (
  check: Check,
  options: {
    readonly signal: AbortSignal;
    readonly onProgress?: (progress: Progress) => void;
    /** Id of the run, when the caller has promised one already. */
    readonly id?: string;
    /** After a cut, ask the registry how much of the upload arrived, before it is cancelled. For runs of one blob. */
    readonly inspectsSession?: boolean;
  },
) => Promise<Run>;
