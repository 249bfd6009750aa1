import type { NetworkPath } from '../../network/path.ts';
import type { Pacer } from '../../network/body/pump.ts';
import type { RegistryTarget } from '../../registry/target.ts';
import type { ApiReport } from './api-check.ts';
import type { Check } from '../check.ts';
import { type ConformanceOptions, type ConformanceRound, mostRoundBytes } from './conformance.ts';
import { usualDurationsMs } from '../limits/duration-search.ts';
import type { Progress, RunCheck } from '../outcome.ts';
import type { HeldConnection } from './trial.ts';
import { controlShapes, smallBytes, timesSent } from './trial-checks.ts';

export interface ExamineDeps {
  readonly run: RunCheck;
  readonly paced: (pacer: Pacer) => RunCheck;
  readonly checkApi: (
    target: { readonly registry: RegistryTarget; readonly path: NetworkPath },
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ) => Promise<ApiReport | undefined>;
  /** Undefined: new connections cannot be compared with one that stays open. */
  readonly holdConnection?: (
    check: Check,
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ) => Promise<HeldConnection>;
  /** Undefined: behaviours of the specification cannot be tried. */
  readonly tryConformance?: (check: Check, options: ConformanceOptions) => Promise<ConformanceRound>;
}

export interface ExamineOptions {
  /** Path, client and size in question: a single blob. */
  readonly check: Check;
  /** Another path to the same registry that is known to be direct. */
  readonly direct?: NetworkPath | undefined;
  /** How long a small body is made to take; empty: no slow bodies. Default: just above the usual limits, which takes minutes. */
  readonly durationsMs?: readonly number[];
  readonly durationResolutionMs?: number;
  /** The search for a size limit ends when the bounds are this close; default a hundredth of the size. */
  readonly resolutionBytes?: number;
  /** Pause after the first chunk in the search for a size limit, so that early refusals cost nothing. Default 500 ms. */
  readonly hesitationMs?: number;
  /** Bound on the whole examination: no push begins after it, and none lasts beyond it but for its cleanup. Undefined: none. */
  readonly deadlineMs?: number | undefined;
  /** Behaviours of the distribution specification are tried as well; default: they are not. */
  readonly conformance?: boolean;
  /** What was put there is pulled back as well; default: it is not. */
  readonly pull?: boolean;
  readonly signal: AbortSignal;
  /** Told what comes next, in a few words. */
  readonly onStep?: (words: string) => void;
  readonly onProgress?: (progress: Progress) => void;
}

/** A search for the size limit may send this many times the size in question. */
export const searchFactor = 4;
export const slowBytes = 256 * 1024;
/** With the head of its request it fits into one segment of any network. */
export const tinyBytes = 256;

/** Beside larger pushes than this it is asked how the path is for others: smaller bodies are over before anybody meets them. */
export const neighbourLeastBytes = 8 * 1024 * 1024;

/** Layers, configs and manifests of the ten images at most that are pushed for their manifests' sake, 64 KiB each. */
const mostManifestBytes = 10 * 64 * 1024;

/** Most that is put there to be pulled back, in sizes in question: three times, two small ones of a quarter at most, and twice over the direct path. */
const mostPulled = 5.5;

/** Most body bytes that an examination sends: stated before it starts. */
export function mostExaminedBytes(options: ExamineOptions): number {
  const { check, direct, durationsMs = usualDurationsMs, conformance = false, pull = false } = options;
  const sizeBytes = check.workload.layerBytes[0] ?? 0;
  const costs = controlShapes(check).map(({ check: { client } }) => timesSent(client));
  const all = costs.reduce((sum, cost) => sum + cost, 0);
  const most = Math.max(...costs);
  // Every shape, one of them twice on fresh connections, twice over HTTP/1.1 and once more over HTTP/2, three once more; the search may go over its share by one try.
  const pushes = all + 5 * most + 3 * most + (searchFactor + most);
  const besides = direct === undefined ? 0 : timesSent(check.client) + 2 * most;
  // Each duration at most twice, and some in between.
  const slow = durationsMs.length === 0 ? 0 : (2 * durationsMs.length + 6) * slowBytes * timesSent(check.client);
  const rounds = conformance ? (direct === undefined ? 1 : 4) * mostRoundBytes : 0;
  const small = (2 * all + 9 * most) * smallBytes(sizeBytes) + 2 * most * tinyBytes;
  const beside = sizeBytes < neighbourLeastBytes ? 0 : timesSent(check.client) * sizeBytes;
  const back = pull ? mostPulled * sizeBytes * timesSent(check.client) : 0;
  return mostManifestBytes + beside + back + (pushes + besides) * sizeBytes + small + slow + rounds;
}
