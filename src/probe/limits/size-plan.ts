import type { LimitDirection } from './limit.ts';

const kB = 1_000;
const MB = 1_000 * kB;
const KiB = 1_024;
const MiB = 1_024 * KiB;

/**
 * Where limits are usually set: nginx 1 MiB, Cloudflare 100, 200 and 500 MB, gateways 10, 50, 128, 256 and 512, in both units,
 * because products mean either.
 */
const usualCliffs: readonly number[] = [
  ...[1, 10, 50, 100, 128, 200, 256, 500, 512, 1_000].flatMap((size) => [size * MB, size * MiB]),
  1_024 * MiB,
].toSorted((a, b) => a - b);

/** Small enough to get through anything that takes pushes at all. */
const firstBytes = KiB;

/** What is to be searched. */
export interface SizePlan {
  readonly upToBytes: number;
  readonly resolutionBytes: number;
  /** Sizes to try before any others, ascending. */
  readonly cliffs: readonly number[];
}

/** What is known in the middle of a search; undefined: nothing yet. */
interface SizeBracket {
  readonly accepted: number | undefined;
  readonly rejected: number | undefined;
}

export function sizePlan(options: { readonly upToBytes: number; readonly resolutionBytes: number }): SizePlan {
  const { upToBytes, resolutionBytes } = options;
  return {
    upToBytes,
    resolutionBytes: Math.max(1, resolutionBytes),
    cliffs: usualCliffs.filter((size) => size < upToBytes),
  };
}

/**
 * The next size to try; undefined when nothing is left to learn. First something tiny (does the path work at all?), then the
 * largest (is there a limit at all?), then the usual cliffs by halves, then just above the cliff that passed and just below
 * the one that did not, and only then halves of what is left.
 */
export function nextSize({ accepted, rejected }: SizeBracket, plan: SizePlan): number | undefined {
  const { upToBytes, cliffs } = plan;
  if (rejected === undefined) {
    if (accepted === undefined) return Math.min(firstBytes, upToBytes);
    return accepted >= upToBytes ? undefined : upToBytes;
  }
  const resolutionBytes = resolutionAt(accepted ?? 0, plan);
  if (accepted === undefined || rejected - accepted <= resolutionBytes) return undefined;
  const between = cliffs.filter((size) => size > accepted && size < rejected);
  const middle = between[Math.floor(between.length / 2)];
  if (middle !== undefined) return middle;
  if (cliffs.includes(accepted)) return accepted + resolutionBytes;
  if (cliffs.includes(rejected) && rejected - accepted > 4 * resolutionBytes) return rejected - resolutionBytes;
  return Math.floor((accepted + rejected) / 2);
}

/** The plan's, and no coarser than an eighth of what is accepted: between 1 KiB and 1 MiB lies any limit of a small body. */
export function resolutionAt(accepted: number, { resolutionBytes }: SizePlan): number {
  return Math.min(resolutionBytes, Math.max(firstBytes, Math.floor(accepted / 8)));
}

/** What is pulled was pushed before, is tried up to three times where it is refused, and once more where it is not. */
const pullFactor = 4;

/** Most bytes that a search can move, when each try costs all of its bytes and the rejection is tried twice. */
export function worstCaseSearchBytes(plan: SizePlan, direction: LimitDirection): number {
  const worst = (bracket: SizeBracket): number => {
    const size = nextSize(bracket, plan);
    if (size === undefined) return bracket.rejected ?? 0;
    const { accepted = 0, rejected } = bracket;
    const isHalving = rejected !== undefined && !plan.cliffs.some((cliff) => cliff >= accepted && cliff <= rejected);
    if (isHalving && resolutionAt(accepted, plan) === plan.resolutionBytes) {
      // Where the resolution is the same everywhere, halving costs most when all is accepted: the other half need not be walked.
      return size + worst({ ...bracket, accepted: size });
    }
    return size + Math.max(worst({ ...bracket, accepted: size }), worst({ ...bracket, rejected: size }));
  };
  return worst({ accepted: undefined, rejected: undefined }) * (direction === 'push' ? 1 : pullFactor);
}
