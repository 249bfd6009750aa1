import type { Check } from '../probe/check.ts';
import type { Failure } from '../probe/failure.ts';
import type { Run } from '../probe/outcome.ts';
import { retryAfterMs } from '../registry/resend.ts';

/** A registry, or one path to it, that asked to be left alone. */
export interface Hold {
  readonly registry: string;
  /** undefined: the registry itself asked, whatever the path. */
  readonly path: string | undefined;
  readonly status: number;
  readonly until: Date;
}

type Target = Pick<Check, 'registry' | 'path'>;

/**
 * Who asked to be left alone, and until when. A registry that answers 429 or 503 itself is left alone over all paths; a hop on
 * the way, over its path.
 */
export interface RateLimits {
  /** Milliseconds for which nothing should start there; 0: it may. */
  leftMs(target: Target): number;
  /** What a run that has ended says about it. Returns the hold that begins, if one does. */
  note(run: Run): Hold | undefined;
  holds(): readonly Hold[];
}

/** Whatever was asked for: after this a run looks whether it is over. */
const longestHoldMs = 60 * 60_000;
/** A 429 that does not say how long; doubled each time it comes again. */
const firstHoldMs = 60_000;

export function createRateLimits(nowMs: () => number = () => Date.now()): RateLimits {
  const holds = new Map<string, Hold>();
  const refusalsInRow = new Map<string, number>();

  function leftMs({ registry, path }: Target): number {
    const ends = [keyOf(registry.name, undefined), keyOf(registry.name, path.name)].map(
      (key) => holds.get(key)?.until.getTime() ?? 0,
    );
    // Bounded again, should the calendar have been set back meanwhile.
    return Math.min(longestHoldMs, Math.max(0, Math.max(...ends) - nowMs()));
  }

  function note({ check, failure, ok }: Run): Hold | undefined {
    const registry = check.registry.name;
    const path = failure?.answeredBy === 'registry' ? undefined : check.path.name;
    const key = keyOf(registry, path);
    const asked = failure === undefined ? undefined : askedMs(failure, refusalsInRow.get(key) ?? 0, nowMs());
    if (failure === undefined || asked === undefined || asked === 0) {
      if (ok) {
        [path, undefined].forEach((which) => refusalsInRow.delete(keyOf(registry, which)));
      }
      return undefined;
    }
    refusalsInRow.set(key, (refusalsInRow.get(key) ?? 0) + 1);
    const until = new Date(nowMs() + Math.min(longestHoldMs, asked));
    const hold = { registry, path, status: failure.status ?? 0, until };
    holds.set(key, hold);
    return hold;
  }

  return {
    leftMs,
    note,
    holds: () => [...holds.values()].filter(({ until }) => until.getTime() > nowMs()),
  };
}

function keyOf(registry: string, path: string | undefined): string {
  return path === undefined ? registry : `${registry}/${path}`;
}

/** undefined: nobody asked. */
function askedMs({ status, evidence }: Failure, refusalsBefore: number, nowMs: number): number | undefined {
  if (status !== 429 && status !== 503) {
    return undefined;
  }
  const named = retryAfterMs(evidence.headers?.['retry-after'], nowMs);
  return named ?? (status === 429 ? firstHoldMs * 2 ** Math.min(refusalsBefore, 10) : undefined);
}
