import type { NetworkPath } from '../network/path.ts';
import type { Check } from '../probe/check.ts';
import type { ClientProfile } from '../probe/clients/client-profile.ts';
import type { ChosenHistograms } from '../publish/metrics/chosen-histograms.ts';
import type { RegistryTarget } from '../registry/target.ts';

/** The configuration in force: what the file says, expanded and checked. Frozen through and through. */
export interface Config {
  readonly registries: readonly ProbedRegistry[];
  /** Every registry × path × client × workload that the file asks for, in the order of the file. */
  readonly checks: readonly Check[];
  readonly limits?: LimitSearches;
  readonly budget: Budget;
  /** Factor on the waits between attempts; 1 is what the real clients do. */
  readonly retryWaitScale: number;
  /** A run measured while this process was late or throttled leaves the gauges of the last duration and throughput alone. */
  readonly excludeTainted: boolean;
  /** The histograms of checks that have bucket edges. */
  readonly histograms: ChosenHistograms;
  /** Absolute name of the file that remembers what is to be cleaned up; undefined: in memory only. */
  readonly ledgerFile?: string;
  /** The file's content with defaults filled in and secrets replaced, for display only. */
  readonly redactedSource: unknown;
}

/** A registry together with the ways to it. */
export interface ProbedRegistry extends RegistryTarget {
  readonly paths: readonly NetworkPath[];
}

/** The scheduled search for the largest size and the longest time that a path accepts, or gives back. */
export interface LimitSearches {
  readonly intervalMs: number;
  readonly upToBytes: number;
  /** A search ends when the largest accepted and the smallest rejected size are this close. */
  readonly resolutionBytes: number;
  readonly targets: readonly LimitTarget[];
}

export interface LimitTarget {
  readonly registry: RegistryTarget;
  readonly path: NetworkPath;
  readonly client: ClientProfile;
  /** Of a search over the way back: the path over which blobs are put there. */
  readonly pushedOver?: NetworkPath | undefined;
}

export interface Budget {
  /** Bytes on the wire per 24 hours, in both directions; undefined: no bound. */
  readonly bytesPerDay?: number;
  /** All transfers together, in bits per second; undefined: no bound. */
  readonly bandwidthBitsPerSecond?: number;
  /** Runs that may transfer at the same time. */
  readonly transfers: number;
}
