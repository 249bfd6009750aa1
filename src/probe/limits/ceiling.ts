import type { FailureReason } from '../failure.ts';
import type { PathLimit } from './limit.ts';

/** A push of one client over one path, as far as it tells of sizes. */
export interface Tried {
  readonly sizeBytes: number;
  readonly ok: boolean;
  /** Why it failed; absent when it did not. */
  readonly reason?: FailureReason;
}

/** What a search for a size found. */
type SizeBounds = Pick<PathLimit, 'largestAccepted' | 'smallestRejected'>;

/** Up to which size a path works for a client. */
export interface Ceiling {
  /** 0: nothing gets through for sure; infinite: nothing shows an end. */
  readonly upToBytes: number;
  /** The smallest that failed; infinite: none did. */
  readonly failedBytes: number;
  readonly isSearched: boolean;
}

/** Limits on size that hold for one client over one path: its own, and those of others when it is refused for size as well. */
export function limitsFor<T extends Pick<PathLimit, 'path' | 'client' | 'unit' | 'conclusion'>>(
  { path, client, tried }: { readonly path: string; readonly client: string; readonly tried: readonly Tried[] },
  limits: readonly T[],
): T[] {
  const isRefusedForSize = tried.some(({ reason }) => reason === 'body_too_large');
  return limits
    .filter(({ unit, conclusion }) => unit === 'bytes' && conclusion === 'found')
    .filter((limit) => limit.path === path && (limit.client === client || isRefusedForSize));
}

/** Below the smallest failure, the largest that got through, or what a search found in between. `limits`: those of `limitsFor`. */
export function ceilingOf(tried: readonly Tried[], limits: readonly SizeBounds[]): Ceiling {
  const sizesOf = (ok: boolean): number[] => tried.filter((one) => one.ok === ok).map(({ sizeBytes }) => sizeBytes);
  const failedBytes = Math.min(
    ...sizesOf(false),
    ...limits.map(({ smallestRejected }) => smallestRejected ?? Number.POSITIVE_INFINITY),
  );
  if (!Number.isFinite(failedBytes)) return { upToBytes: failedBytes, failedBytes, isSearched: false };
  const passed = sizesOf(true);
  const searched = limits.map(({ largestAccepted }) => largestAccepted ?? 0);
  const below = (sizes: readonly number[]): number => Math.max(0, ...sizes.filter((size) => size < failedBytes));
  const isSearched = below(searched) > 0 && below(searched) >= below(passed);
  return { upToBytes: Math.max(below(passed), below(searched)), failedBytes, isSearched };
}
