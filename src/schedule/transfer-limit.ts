/** A transfer under the limit, or a place in the queue for one. */
export interface Place {
  readonly granted: Promise<void>;
  /** Gives the transfer back, or the place in the queue; to be called once. */
  leave(): void;
}

/** Resolves when the transfer is granted or the signal has aborted. The signal may live as long as the daemon: a listener for each run would pile up. */
export function grantedOrAborted({ granted }: Place, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
    void granted.then(done);
  });
}

/** At most so many transfers at once, served in the order in which they came. */
export class TransferLimit {
  // A Set keeps the order of insertion and forgets a place in the middle in constant time.
  readonly #queue = new Set<() => void>();
  #limit: number;
  #running = 0;

  constructor(transfers: number) {
    this.#limit = transfers;
  }

  /** Calls `start` as soon as there is room: at once, or when a transfer leaves. Returns what takes the place in the queue back. */
  enter(start: () => void): () => void {
    const place = (): void => start();
    this.#queue.add(place);
    this.#admit();
    return () => void this.#queue.delete(place);
  }

  /** Takes a transfer, or a place in the queue. */
  take(): Place {
    let running = false;
    let grant = (): void => {};
    const granted = new Promise<void>((resolve) => (grant = resolve));
    const leaveQueue = this.enter(() => {
      running = true;
      grant();
    });
    return { granted, leave: () => (running ? this.leave() : leaveQueue()) };
  }

  /** To be called once for each `start` that was called. */
  leave(): void {
    this.#running -= 1;
    this.#admit();
  }

  /** Changes how many may run at once; those running above a smaller number end by themselves. */
  resize(transfers: number): void {
    this.#limit = transfers;
    this.#admit();
  }

  #admit(): void {
    while (this.#running < this.#limit) {
      const [next] = this.#queue;
      if (next === undefined) return;
      this.#queue.delete(next);
      this.#running += 1;
      next();
    }
  }
}
