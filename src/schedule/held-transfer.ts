import type { TransferLimit } from './transfer-limit.ts';

/** The transfer that a run holds from its start on, watched for as long as it is held. */
export class HeldTransfer {
  readonly #limit: TransferLimit;
  readonly #watch: () => () => void;
  #unwatch: (() => void) | undefined;

  /** `watch` begins to watch how long it is held, and returns what ends that. */
  constructor(limit: TransferLimit, watch: () => () => void) {
    this.#limit = limit;
    this.#watch = watch;
    this.#unwatch = watch();
  }

  /** Lets those that wait go first. Resolves with a transfer, or without one once `signal` has aborted. */
  turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    this.leave();
    const place = this.#limit.take();
    return new Promise((resolve) => {
      const giveUp = (): void => {
        place.leave();
        resolve();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      void place.granted.then(() => {
        signal.removeEventListener('abort', giveUp);
        if (!signal.aborted) this.#unwatch = this.#watch();
        resolve();
      });
    });
  }

  /** Gives it back, if it is held. */
  leave(): void {
    if (this.#unwatch === undefined) return;
    this.#unwatch();
    this.#unwatch = undefined;
    this.#limit.leave();
  }
}
