import type { Conformance } from './conformance.ts';
import type { ApiCheckEndpoint, ApiReport } from './api-check.ts';
import type { WireShape } from '../clients/client-profile.ts';
import type { Failure } from '../failure.ts';
import type { DurationLimit, SizeLimit } from '../limits/limit.ts';
import { type NeighbourFacts, type RequestRecord, requestsOf, type Run } from '../outcome.ts';
import type { NetworkPath } from '../../network/path.ts';

/**
 * Why a push was made. `small` and `full`: as the client does; `shape`: the same size in another wire shape; `tiny`: one that fits into a segment; `pausing`: a small
 * one that rests for a while in its body; `fresh`: every request on a connection of its own; `version`: HTTP/1.1 where
 * the client would speak HTTP/2; `repeat`: one that failed, once
 * more; `again`: a small one after all others, to see whether everything still stands.
 */
export type TrialKind = 'small' | 'full' | 'shape' | 'tiny' | 'pausing' | 'fresh' | 'version' | 'repeat' | 'again';

export interface Trial {
  readonly kind: TrialKind;
  readonly shape: WireShape;
  readonly sizeBytes: number;
  readonly run: Run;
  /** How long a `pausing` body rests. */
  readonly pauseMs?: number;
  /** The request that failed is one that the client itself sends again after such an end; here nothing is sent again. */
  readonly clientSendsAgain?: boolean;
}

/** Everything that was seen over one path. */
export interface Examined {
  readonly path: NetworkPath;
  readonly api?: ApiReport;
  readonly trials: readonly Trial[];
  readonly sizeLimit?: SizeLimit;
  readonly durationLimit?: DurationLimit;
}

/** All requests of these pushes, in the order in which they were made. */
export function requestsOver(trials: readonly Pick<Trial, 'run'>[]): RequestRecord[] {
  return trials.flatMap(({ run }) => requestsOf(run));
}

/** Blobs that were put there and pulled back, once each, in the order in which it was done. */
export interface PulledBack {
  /** Over the path in question. */
  readonly runs: readonly Run[];
  /** Over the direct one. */
  readonly directRuns: readonly Run[];
}

/**
 * An image that was pushed for its manifest's sake. `usual`: as the client does; `direct`: the same over the direct path; `other-kind`: with
 * docker's manifest for OCI's, or the other way round; `small`: one that names a single layer.
 */
export interface ManifestPut {
  readonly way: 'usual' | 'direct' | 'other-kind' | 'small';
  readonly run: Run;
  /** As of a trial. */
  readonly clientSendsAgain?: boolean;
}

/** New connections that got no answer while one that had been open stayed so, and how often that one was answered right after. */
export interface HeldConnection {
  readonly refused: number;
  readonly answered: number;
}

/** A push beside which somebody else asked, and how it was for them. */
export interface NeighbourSeen {
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly facts?: NeighbourFacts;
}

/** A path in question, and in the same minutes a direct one to the same registry, if there is one. */
export interface Examination {
  /** What was not done, for want of time or because it may not be, one sentence each. */
  readonly leftOut?: readonly string[];
  readonly subject: Examined;
  /** Undefined: not asked for, or there was no sense in it. */
  readonly conformance?: Conformance;
  readonly direct?: Examined;
  /** Undefined: not asked for. */
  readonly pulled?: PulledBack;
  /** Undefined: none was put; `leftOut` says why. */
  readonly manifests?: readonly ManifestPut[];
  /** Undefined: no connection was refused after others had got through. */
  readonly held?: HeldConnection;
  /** Somebody else beside one more push; no trial, and judged by nobody. */
  readonly neighbour?: NeighbourSeen;
}

/** A failure with what it came from: a trial, an endpoint, or a search. */
export interface Symptom {
  readonly failure: Failure;
  /** `docker, 2 MiB`, `GET /v2/`. */
  readonly what: string;
  readonly endpoint?: ApiCheckEndpoint;
  /** A small body that was sent slowly. */
  readonly slow?: true;
  readonly trial?: Trial;
}
