/** Bytes set aside for a run; `settle` gives back what it did not use. */
export interface Reservation {
  /** What was really moved; may be more than was set aside. Only the first call counts. */
  settle(bytes: number): void;
}

/**
 * Most bytes in any 24 hours: a sliding window, because a calendar day would allow twice as much around midnight. In memory
 * only: a restart begins with the whole budget.
 */
export interface ByteBudget {
  /** Changes the budget; undefined: none. What was spent stays counted. */
  limitTo(bytesPerDay: number | undefined): void;
  /** Sets bytes aside before a run that may need so many; undefined: there are not so many left, and the run must not start. */
  reserve(bytes: number): Reservation | undefined;
  /** Spends bytes at once; false: there are not so many left. */
  take(bytes: number): boolean;
  /** Bytes neither spent in the last 24 hours nor set aside; undefined: no budget. Never below 0. */
  remaining(): number | undefined;
}

const windowMs = 24 * 60 * 60 * 1_000;
/** Bytes are forgotten in steps of this; always late, never early. */
const stepMs = 10 * 60 * 1_000;

export interface ByteBudgetOptions {
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly bytesPerDay?: number | undefined;
  /** Told what remains after each change. */
  readonly onChange?: (remaining: number | undefined) => void;
}

export function createByteBudget(options: ByteBudgetOptions): ByteBudget {
  return new SlidingBudget(options);
}

class SlidingBudget implements ByteBudget {
  readonly #nowMs: () => number;
  readonly #onChange: (remaining: number | undefined) => void;
  readonly #spentByStep = new Map<number, number>();
  #bytesPerDay: number | undefined;
  #reservedBytes = 0;

  constructor({ nowMs, bytesPerDay, onChange = () => {} }: ByteBudgetOptions) {
    this.#nowMs = nowMs;
    this.#bytesPerDay = bytesPerDay;
    this.#onChange = onChange;
  }

  limitTo(bytesPerDay: number | undefined): void {
    this.#bytesPerDay = bytesPerDay;
    this.#onChange(this.remaining());
  }

  reserve(bytes: number): Reservation | undefined {
    const left = this.remaining();
    if (left !== undefined && bytes > left) {
      this.#onChange(left);
      return undefined;
    }
    this.#reservedBytes += bytes;
    this.#onChange(this.remaining());
    let settled = false;
    return {
      settle: (usedBytes) => {
        if (!settled) {
          settled = true;
          this.#reservedBytes -= bytes;
          this.#spend(usedBytes);
        }
      },
    };
  }

  take(bytes: number): boolean {
    const reservation = this.reserve(bytes);
    reservation?.settle(bytes);
    return reservation !== undefined;
  }

  remaining(): number | undefined {
    return this.#bytesPerDay === undefined
      ? undefined
      : Math.max(0, this.#bytesPerDay - this.#spentBytes() - this.#reservedBytes);
  }

  #spend(bytes: number): void {
    const step = Math.floor(this.#nowMs() / stepMs);
    this.#spentByStep.set(step, (this.#spentByStep.get(step) ?? 0) + bytes);
    this.#onChange(this.remaining());
  }

  #spentBytes(): number {
    const oldestStep = Math.floor((this.#nowMs() - windowMs) / stepMs);
    let sum = 0;
    for (const [step, bytes] of this.#spentByStep) {
      if (step < oldestStep) {
        this.#spentByStep.delete(step);
      } else {
        sum += bytes;
      }
    }
    return sum;
  }
}
