import type { SentAgain } from '../network/exchange.ts';
import type { KernelFacts } from '../network/kernel/kernel-facts.ts';
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
  /** Which part of a blob it asks for. */
  readonly range?: string;
  readonly framing: 'none' | 'content-length' | 'chunked';
  readonly status?: number;
  readonly responseHeaders: Readonly<Record<string, string>>;
  readonly responseBytes: number;
  readonly early: boolean;
  readonly socketReused: boolean;
  /** Why this request, which is the one before it, was sent once more, as Go's net/http does unseen by the client. */
  readonly sentAgain?: SentAgain;
  readonly httpVersion?: string;
  readonly remoteAddress?: string;
  readonly errorCode?: string;
  /** Addresses tried for the connection, when one of them failed. */
  readonly tried?: readonly { readonly address: string; readonly ms: number; readonly code?: string }[];
  /**
   * Body bytes over time, from the first to the last that went out: milliseconds after the run's start, bytes of this request.
   * A few dozen points at most; absent when there was nothing to watch.
   */
  readonly progress?: readonly (readonly [atMs: number, sentBytes: number])[];
  /** What the kernel knows of the way of the body; absent: it cannot be asked. Times of its points are after the run's start. */
  readonly kernel?: KernelFacts;
}

/** What the kernel knows of all bodies of a run, on the way to the next host: sums, or of the last body where there is none. */
export type SendingFacts = Omit<KernelFacts, 'points' | 'end' | 'streamWindowBytes'>;

/** Everything is pulled twice: right after the push, when no cache can have it, and once more. */
export const pullRounds = ['cold', 'warm'] as const;
export type PullRound = (typeof pullRounds)[number];

/** What the pulls of one round say together. */
export interface PullFacts {
  /** Of the attempts that got through; absent when one blob did not. */
  readonly bytesPerSecond?: number;
  /** From the first byte of the first request for a layer to its head. */
  readonly firstAnswerMs?: number;
  /** What a CDN or cache said of the layers, in its own words: each once. */
  readonly cache: readonly string[];
  /** Times that a client went on by Range where an answer had been cut. */
  readonly resumed: number;
}

/** One try at pushing one blob (or manifest), as the client's retry policy counts it. */
export interface Attempt {
  readonly blob: string;
  /** Of the way back: which time. Absent: it is a push. */
  readonly pull?: PullRound;
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

/** How often and how long a control group kept the process from the CPU. */
export interface CpuThrottling {
  readonly periods: number;
  /** Of all processors together: it may be longer than the run. */
  readonly ms: number;
}

export const leftoverKinds = ['session', 'blob', 'manifest'] as const;
export type LeftoverKind = (typeof leftoverKinds)[number];

/** So many questions for a session leave no replica unasked. */
export const timesAsked = 12;

/** How often a session that a refusal left open was known to the registry, not known to it, and answered for by a hop. */
export interface SessionAnswers {
  readonly known: number;
  readonly disowned: number;
  readonly elsewhere: number;
}

/** How quick GET /v2/ was for somebody else on the path, over a connection of its own. Milliseconds. */
export interface NeighbourFacts {
  /** Before the push, the middle of a few. */
  readonly idleMs: number;
  /** While its bodies were under way, the middle of all; absent: none was answered. */
  readonly loadedMs?: number;
  readonly worstMs?: number;
  /** Questions beside the push. */
  readonly asked: number;
  /** Of these, how many had no answer within 10 s, or lost their connection. */
  readonly unanswered: number;
}

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
  /** Of the cold pull. */
  readonly pullBytesPerSecond?: number;
  /** Absent: nothing was pulled. */
  readonly pulls?: Readonly<Partial<Record<PullRound, PullFacts>>>;
  readonly cleanup: CleanupReport;
  /** Bytes that the registry holds of the upload that a cut left open; absent: not asked (`inspectsSession`), or it does not say. */
  readonly heldBytes?: number;
  /** Absent: not asked (`inspectsSession`), or no session was left open. */
  readonly sessionAnswers?: SessionAnswers;
  readonly pathFacts: PathFacts;
  /** Absent: the kernel cannot be asked, or no body was large enough to be streamed. */
  readonly sending?: SendingFacts;
  /** Absent: not asked (`asksNeighbour`), or the push was over too soon. */
  readonly neighbour?: NeighbourFacts;
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
    /** Longest time without a byte accepted while sending, in this run; undefined: as all runs have it. */
    readonly stallTimeoutMs?: number | undefined;
  },
) => Promise<Run>;

/** Whether we aborted the run ourselves, so that its outcome says nothing of the path. */
export function isCancelled(run: Pick<Run, 'failure'>): boolean {
  return run.failure?.reason === 'cancelled';
}

/** Most attempts that any one blob needed: 1 is a run without retry. A run that never got to an attempt counts 1. */
export function mostAttempts({ attempts }: Pick<Run, 'attempts'>): number {
  return attempts.reduce((most, { number }) => Math.max(most, number), 1);
}

/** All requests of a run, in the order in which they were made. */
export function requestsOf({ attempts }: Pick<Run, 'attempts'>): RequestRecord[] {
  return attempts.flatMap(({ requests }) => requests);
}

/** When the run ended, in milliseconds since 1970. */
export function endedAtMs({ startedAt, durationMs }: Pick<Run, 'startedAt' | 'durationMs'>): number {
  return startedAt.getTime() + durationMs;
}
