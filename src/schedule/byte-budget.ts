/** Bytes set aside for a run; `settle` gives back what it did not use. */
export interface Reservation {
  /** What was really moved; may be more than was set aside. Only the first call counts. */
  settle(bytes: number): void;
}

/** Bytes spent in one step of time, and how long ago that was. */
export interface SpentBytes {
  readonly agoMs: number;
  readonly bytes: number;
}

const windowMs = 24 * 60 * 60 * 1_000;
/** Bytes are forgotten in steps of this; always late, never early. */
const stepMs = 10 * 60 * 1_000;

interface ByteBudgetOptions {
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly bytesPerDay?: number | undefined;
  /** The first of those told of changes. */
  readonly onChange?: (remaining: number | undefined) => void;
}

/**
 * Most bytes in any 24 hours: a sliding window, because a calendar day would allow twice as much around midnight. What was spent
 * can be taken out, kept, and put back after a restart.
 */
export class ByteBudget {
  readonly #nowMs: () => number;
  readonly #listeners: ((remaining: number | undefined) => void)[];
  readonly #spentByStep = new Map<number, number>();
  #bytesPerDay: number | undefined;
  #reservedBytes = 0;

  constructor({ nowMs, bytesPerDay, onChange = () => {} }: ByteBudgetOptions) {
    this.#nowMs = nowMs;
    this.#bytesPerDay = bytesPerDay;
    this.#listeners = [onChange];
  }

  /** Told what remains after each change. */
  onChange(listener: (remaining: number | undefined) => void): void {
    this.#listeners.push(listener);
  }

  #changed(): void {
    const remaining = this.remaining();
    this.#listeners.forEach((listener) => listener(remaining));
  }

  /** Changes the budget; undefined: none. What was spent stays counted. */
  limitTo(bytesPerDay: number | undefined): void {
    this.#bytesPerDay = bytesPerDay;
    this.#changed();
  }

  /** Sets bytes aside before a run that may need so many; undefined: there are not so many left, and the run must not start. */
  reserve(bytes: number): Reservation | undefined {
    if (bytes > (this.remaining() ?? Number.POSITIVE_INFINITY)) {
      this.#changed();
      return undefined;
    }
    this.#reservedBytes += bytes;
    this.#changed();
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

  /** Bytes neither spent in the last 24 hours nor set aside; undefined: no budget. Never below 0. */
  remaining(): number | undefined {
    return this.#bytesPerDay === undefined
      ? undefined
      : Math.max(0, this.#bytesPerDay - this.#spentBytes() - this.#reservedBytes);
  }

  /**
   * What counts at this moment, each as of the end of its step: never older than it is. Bytes that are set aside count as spent:
   * should the process die now, they may have been.
   */
  spent(): readonly SpentBytes[] {
    const nowMs = this.#nowMs();
    this.#forget();
    const steps = [...this.#spentByStep].map(([step, bytes]) => ({
      agoMs: Math.max(0, nowMs - (step + 1) * stepMs),
      bytes,
    }));
    return this.#reservedBytes === 0 ? steps : [...steps, { agoMs: 0, bytes: this.#reservedBytes }];
  }

  /** Counts what an earlier process has spent. */
  restore(spent: readonly SpentBytes[]): void {
    spent.forEach(({ agoMs, bytes }) => this.#note(this.#nowMs() - agoMs, bytes));
    this.#changed();
  }

  #spend(bytes: number): void {
    this.#note(this.#nowMs(), bytes);
    this.#changed();
  }

  #note(atMs: number, bytes: number): void {
    const step = Math.floor(atMs / stepMs);
    this.#spentByStep.set(step, (this.#spentByStep.get(step) ?? 0) + bytes);
  }

  #spentBytes(): number {
    this.#forget();
    let sum = 0;
    for (const bytes of this.#spentByStep.values()) sum += bytes;
    return sum;
  }

  #forget(): void {
    const oldestStep = Math.floor((this.#nowMs() - windowMs) / stepMs);
    for (const step of this.#spentByStep.keys()) if (step < oldestStep) this.#spentByStep.delete(step);
  }
}
