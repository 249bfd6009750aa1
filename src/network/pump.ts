import { setTimeout as sleep } from 'node:timers/promises';

/** What the pump can see of the socket that takes the bytes. */
export interface Outlet {
  /** Bytes written but not yet accepted by the kernel. */
  readonly writableLength: number;
  readonly destroyed: boolean;
}

/** Slows a stream down to a rate; resolves when `bytes` more may be sent, or, of a body that is pulled, read. */
export interface Pacer {
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/**
 * Feeds a request body to the HTTP client chunk by chunk, yields to the event loop between chunks, and keeps count.
 *
 * The yield is what keeps other timings true: a generator that never lets go of the loop makes a concurrent 20 ms request
 * take half a second. `sentBytes` is what the kernel accepted: bytes handed over less what the socket still holds. Framing
 * and headers in the socket's buffer count as held body bytes, so the figure never says too much by more than one write.
 */
export class BodyPump {
  readonly #chunks: Iterable<Uint8Array>;
  readonly #outlet: () => Outlet | undefined;
  readonly #pace: ((bytes: number) => Promise<void>) | undefined;
  readonly #onFinished: () => void;
  #offeredBytes = 0;
  #handedBytes = 0;
  #sentBytes = 0;

  constructor(options: {
    chunks: Iterable<Uint8Array>;
    outlet: () => Outlet | undefined;
    pace?: ((bytes: number) => Promise<void>) | undefined;
    /** Called once the kernel has accepted the last byte. */
    onFinished: () => void;
  }) {
    this.#chunks = options.chunks;
    this.#outlet = options.outlet;
    this.#pace = options.pace;
    this.#onFinished = options.onFinished;
  }

  /** Body bytes accepted by the kernel so far; never goes back. */
  get sentBytes(): number {
    const outlet = this.#outlet();
    if (outlet !== undefined && !outlet.destroyed) {
      this.#sentBytes = Math.max(this.#sentBytes, this.#handedBytes - outlet.writableLength);
    }
    return this.#sentBytes;
  }

  /** Body bytes given to the client, whatever became of the last of them. */
  get offeredBytes(): number {
    return this.#offeredBytes;
  }

  /** Written by hand, not as a generator: at thousands of chunks a second the garbage of one shows in the memory of the process. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined> {
    const chunks = this.#chunks[Symbol.iterator]();
    let writtenBytes = 0;
    return {
      next: () => {
        // Asked for more: the client wrote the last chunk and, where the socket was full, waited for it to drain.
        this.#handedBytes += writtenBytes;
        void this.sentBytes;
        const step = chunks.next();
        if (step.done === true) {
          return this.#finish();
        }
        writtenBytes = step.value.byteLength;
        this.#offeredBytes += writtenBytes;
        return this.#pace === undefined ? nextTurn(step) : this.#pace(writtenBytes).then(() => nextTurn(step));
      },
      return: () => {
        chunks.return?.();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  async #finish(): Promise<IteratorReturnResult<undefined>> {
    for (;;) {
      const outlet = this.#outlet();
      if (outlet === undefined || outlet.destroyed || outlet.writableLength === 0) {
        void this.sentBytes;
        this.#onFinished();
        return { done: true, value: undefined };
      }
      // Seldom: the client waits for the drain of all writes but small ones.
      await sleep(1);
    }
  }
}

function nextTurn<T>(value: T): Promise<T> {
  return new Promise((resolve) => {
    setImmediate(resolve, value);
  });
}
