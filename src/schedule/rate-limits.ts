import type { Check } from '../probe/check.ts';
import type { Failure } from '../probe/failure.ts';
import type { Run } from '../probe/outcome.ts';
import { retryAfterMs } from '../registry/resend.ts';

/** A registry, or one path to it, that asked to be left alone. */
export interface Hold {
  readonly registry: string;
  /** undefined: the registry asked over two paths at least, so that it holds for all of them. */
  readonly path: string | undefined;
  /** The registry's own answer, as far as one path can tell: any hop can write like it. */
  readonly byRegistry: boolean;
  readonly status: number;
  readonly until: Date;
}

type Target = Pick<Check, 'registry' | 'path' | 'pushedOver'>;

/** Whatever was asked for: after this a run looks whether it is over. */
const longestHoldMs = 60 * 60_000;
/** A 429 that does not say how long; doubled each time it comes again. */
const firstHoldMs = 60_000;

/**
 * Who asked to be left alone, and until when. Over the path that said so; over all paths to a registry once it said so itself over a
 * second one. One path alone, whatever its answers look like, cannot silence the others.
 */
export class RateLimits {
  /** Milliseconds since the epoch. */
  readonly #nowMs: () => number;
  readonly #holds = new Map<string, Hold>();
  readonly #refusalsInRow = new Map<string, number>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Milliseconds for which nothing should start there, over any path that it takes; 0: it may. */
  leftMs({ registry, path, pushedOver }: Target): number {
    const ends = [undefined, path.name, pushedOver?.name].map(
      (name) => this.#holds.get(keyOf(registry.name, name))?.until.getTime() ?? 0,
    );
    // Bounded again, should the calendar have been set back meanwhile.
    return Math.min(longestHoldMs, Math.max(0, Math.max(...ends) - this.#nowMs()));
  }

  /** What a run that has ended says about it. Returns the hold that begins, if one does. */
  note(run: Run): Hold | undefined {
    const { check, failure, ok } = run;
    const nowMs = this.#nowMs();
    const registry = check.registry.name;
    const byRegistry = failure?.answeredBy === 'registry';
    const last = lastPath(run);
    const path = byRegistry && this.#isConfirmed(registry, last) ? undefined : last;
    const key = keyOf(registry, path);
    const asked = failure === undefined ? 0 : askedMs(failure, this.#refusalsInRow.get(key) ?? 0, nowMs);
    if (failure === undefined || asked === 0) {
      const names = [check.path.name, check.pushedOver?.name, undefined];
      if (ok) names.forEach((name) => this.#refusalsInRow.delete(keyOf(registry, name)));
      return undefined;
    }
    this.#refusalsInRow.set(key, (this.#refusalsInRow.get(key) ?? 0) + 1);
    const until = new Date(nowMs + Math.min(longestHoldMs, asked));
    const hold = { registry, path, byRegistry, status: failure.status ?? 0, until };
    this.#holds.set(key, hold);
    return hold;
  }

  /** Those in force. */
  holds(): readonly Hold[] {
    return [...this.#holds.values()].filter(({ until }) => until.getTime() > this.#nowMs());
  }

  #isConfirmed(registry: string, path: string): boolean {
    return this.holds().some((hold) => hold.byRegistry && hold.registry === registry && hold.path !== path);
  }
}

/** The path over which the run had its last answer: one that is put there over another path gets to its own when it pulls. */
function lastPath({ check, attempts }: Run): string {
  const pulls = attempts.some(({ pull }) => pull !== undefined);
  return (pulls ? check.path : (check.pushedOver ?? check.path)).name;
}

function keyOf(registry: string, path: string | undefined): string {
  return JSON.stringify([registry, path]);
}

/** 0: nobody asked. */
function askedMs({ status, evidence }: Failure, refusalsBefore: number, nowMs: number): number {
  if (status !== 429 && status !== 503) return 0;
  const named = retryAfterMs(evidence.headers?.['retry-after'], nowMs);
  return named ?? (status === 429 ? firstHoldMs * 2 ** Math.min(refusalsBefore, 10) : 0);
}
