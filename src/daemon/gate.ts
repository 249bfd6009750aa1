import type { Run } from '../probe/outcome.ts';
import type { ByteBudget, Reservation } from '../schedule/byte-budget.ts';
import type { RateLimits } from '../schedule/rate-limits.ts';
import type { Logger } from './log.ts';
import { logHold } from './run-log.ts';

export interface GateDeps {
  readonly budget: Pick<ByteBudget, 'reserve' | 'remaining'>;
  /** Who is left alone for a while. */
  readonly rateLimits: Pick<RateLimits, 'leftMs' | 'note'>;
  readonly log: Logger;
}

/** Why something may not start: it was asked to be left alone for so long, or the bytes of the day are used up. */
export type Refusal =
  | { readonly cause: 'rate_limited'; readonly leftMs: number }
  | { readonly cause: 'budget'; readonly remainingBytes: number };

type Target = Parameters<RateLimits['leftMs']>[0];

/** What everything that sends bytes to a registry passes: it holds back, sets bytes aside, and learns from what was done. */
export class Gate {
  readonly #deps: GateDeps;

  constructor(deps: GateDeps) {
    this.#deps = deps;
  }

  /** Sets aside what the work may need at worst; 0: it is counted, and never refused for its bytes. */
  enter(target: Target, worstCaseBytes: number): Pass | Refusal {
    const { budget } = this.#deps;
    const leftMs = this.leftMs(target);
    if (leftMs > 0) return { cause: 'rate_limited', leftMs };
    const reservation = budget.reserve(worstCaseBytes);
    return reservation === undefined
      ? { cause: 'budget', remainingBytes: budget.remaining() ?? 0 }
      : new Pass(this.#deps, reservation);
  }

  /** Milliseconds for which it is to be left alone from now on; 0: it is not. */
  leftMs(target: Target): number {
    return this.#deps.rateLimits.leftMs(target);
  }

  /** Half of what is left of the day, for what must not starve the checks; infinite without a budget. */
  halfOfTheRestBytes(): number {
    return Math.floor((this.#deps.budget.remaining() ?? Number.POSITIVE_INFINITY) / 2);
  }
}

/** Bytes set aside for one piece of work. It is to be used, or given back. */
export class Pass {
  readonly #deps: GateDeps;
  readonly #reservation: Reservation;

  constructor(deps: GateDeps, reservation: Reservation) {
    this.#deps = deps;
    this.#reservation = reservation;
  }

  /** Does the work. Its runs count with the bytes they moved; the last one tells whether the registry wants to be left alone. */
  async run<T>(work: () => Promise<T>, runsOf: (done: T) => readonly Run[]): Promise<T> {
    try {
      const done = await work();
      const runs = runsOf(done);
      const last = runs.at(-1);
      this.settle(runs.reduce((sum, { wireBytes }) => sum + wireBytes, 0));
      logHold(this.#deps.log, last && this.#deps.rateLimits.note(last));
      return done;
    } finally {
      this.giveBack();
    }
  }

  /** Counts what was moved by something that is no run. */
  settle(movedBytes: number): void {
    this.#reservation.settle(movedBytes);
  }

  /** Nothing was done. After `run` and `settle` it changes nothing. */
  giveBack(): void {
    this.#reservation.settle(0);
  }
}
