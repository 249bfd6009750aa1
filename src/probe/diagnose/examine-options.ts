import type { NetworkPath } from '../../network/path.ts';
import type { Pacer } from '../../network/pump.ts';
import type { RegistryTarget } from '../../registry/target.ts';
import type { ApiReport } from '../api-check.ts';
import type { Check } from '../check.ts';
import { usualDurationsMs } from '../limits/duration-search.ts';
import type { Progress, RunCheck } from '../outcome.ts';
import { controlShapes, smallBytes, timesSent } from './trial-checks.ts';

export interface ExamineDeps {
  readonly run: RunCheck;
  readonly paced: (pacer: Pacer) => RunCheck;
  readonly checkApi: (
    target: { readonly registry: RegistryTarget; readonly path: NetworkPath },
    options: { readonly timeoutMs: number; readonly signal: AbortSignal },
  ) => Promise<ApiReport | undefined>;
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
  readonly signal: AbortSignal;
  /** Told what comes next, in a few words. */
  readonly onStep?: (words: string) => void;
  readonly onProgress?: (progress: Progress) => void;
}

/** A search for the size limit may send this many times the size in question. */
export const searchFactor = 4;
export const slowBytes = 256 * 1024;

/** Most body bytes that an examination sends: stated before it starts. */
export function mostExaminedBytes({ check, direct, durationsMs = usualDurationsMs }: ExamineOptions): number {
  const sizeBytes = check.workload.layerBytes[0] ?? 0;
  const costs = controlShapes(check).map(({ check: { client } }) => timesSent(client));
  const all = costs.reduce((sum, cost) => sum + cost, 0);
  const most = Math.max(...costs);
  // Every shape, one of them on fresh connections, two once more; the search may go over its share by one try.
  const pushes = all + most + 2 * most + (searchFactor + most);
  const besides = direct === undefined ? 0 : timesSent(check.client) + 2 * most;
  // Each duration at most twice, and some in between.
  const slow = durationsMs.length === 0 ? 0 : (2 * durationsMs.length + 6) * slowBytes * timesSent(check.client);
  return (pushes + besides) * sizeBytes + (2 * all + 5 * most) * smallBytes(sizeBytes) + slow;
}
