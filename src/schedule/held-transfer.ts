import { grantedOrAborted, type TransferLimit } from './transfer-limit.ts';

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
  async turn(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.leave();
    const place = this.#limit.take();
    await grantedOrAborted(place, signal);
    if (signal.aborted) place.leave();
    else this.#unwatch = this.#watch();
  }

  /** Gives it back, if it is held. */
  leave(): void {
    if (this.#unwatch === undefined) return;
    this.#unwatch();
    this.#unwatch = undefined;
    this.#limit.leave();
  }
}
