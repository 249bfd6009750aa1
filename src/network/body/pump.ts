import { FrameGroup } from './frame-group.ts';
import type { BodySocket } from './body-socket.ts';

/** Slows a stream down to a rate; resolves when `bytes` more may be sent, or, of a body that is pulled, read. */
export interface Pacer {
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/**
 * Feeds a request body to the HTTP client chunk by chunk, yields to the event loop on the way, and keeps count.
 *
 * The yield is what keeps other timings true: a generator that never lets go of the loop makes a concurrent 20 ms request
 * take half a second. Later in a long body several small chunks go out in one write and one turn (FrameGroup).
 *
 * `sentBytes` is what the kernel accepted: bytes handed over less what the socket still holds. Framing and headers in the socket's
 * buffer count as held body bytes, so the figure never says too much by more than one write.
 */
export class BodyPump {
  readonly #chunks: Iterable<Uint8Array>;
  readonly #socket: () => BodySocket | undefined;
  readonly #pace: ((bytes: number) => Promise<void>) | undefined;
  readonly #onFinished: () => void;
  #offeredBytes = 0;
  #handedBytes = 0;
  #sentBytes = 0;
  #isAsked = false;
  readonly #group = new FrameGroup();

  constructor(options: {
    chunks: Iterable<Uint8Array>;
    socket: () => BodySocket | undefined;
    pace?: ((bytes: number) => Promise<void>) | undefined;
    /** Called once the kernel has accepted the last byte. */
    onFinished: () => void;
  }) {
    this.#chunks = options.chunks;
    this.#socket = options.socket;
    this.#pace = options.pace;
    this.#onFinished = options.onFinished;
  }

  /** Body bytes accepted by the kernel so far; never goes back. */
  get sentBytes(): number {
    const socket = this.#socket();
    if (socket !== undefined && !socket.destroyed)
      this.#sentBytes = Math.max(this.#sentBytes, this.#handedBytes - socket.writableLength);
    return this.#sentBytes;
  }

  /** The client has a chunk and has not asked for the next one: what keeps it is not ours. */
  get isHeld(): boolean {
    return this.#offeredBytes > 0 && !this.#isAsked;
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
        this.#isAsked = true;
        // Asked for more: the client wrote the last chunk and, where the socket was full, waited for it to drain.
        this.#handedBytes += writtenBytes;
        void this.sentBytes;
        const step = chunks.next();
        if (step.done === true) return this.#finish();
        writtenBytes = step.value.byteLength;
        this.#offeredBytes += writtenBytes;
        if (this.#pace !== undefined) return this.#pace(writtenBytes).then(() => this.#inNextTurn(step));
        if (!this.#group.takes(writtenBytes)) return this.#inNextTurn(step);
        this.#isAsked = false;
        return Promise.resolve(step);
      },
      return: () => {
        this.#group.release();
        chunks.return?.();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** Not before the kernel has accepted what was written before. */
  async #inNextTurn(step: IteratorYieldResult<Uint8Array>): Promise<IteratorYieldResult<Uint8Array>> {
    await this.#flushed();
    await nextTurn();
    if (this.#pace === undefined) {
      const chunkBytes = step.value.byteLength;
      this.#group.begin(this.#socket(), chunkBytes, this.#offeredBytes - chunkBytes);
    }
    this.#isAsked = false;
    return step;
  }

  async #finish(): Promise<IteratorReturnResult<undefined>> {
    await this.#flushed();
    void this.sentBytes;
    this.#onFinished();
    return { done: true, value: undefined };
  }

  #flushed(): Promise<void> | undefined {
    this.#group.release();
    return this.#socket()?.flushed();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
