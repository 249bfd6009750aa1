/** At most so many transfers at once, served in the order in which they came. */
export interface TransferLimit {
  /** Calls `start` as soon as there is room: at once, or when a transfer leaves. Returns what takes the place in the queue back. */
  enter(start: () => void): () => void;
  /** To be called once for each `start` that was called. */
  leave(): void;
  /** Changes how many may run at once; those running above a smaller number end by themselves. */
  resize(transfers: number): void;
}

export function createTransferLimit(transfers: number): TransferLimit {
  // A Set keeps the order of insertion and forgets a place in the middle in constant time.
  const queue = new Set<() => void>();
  let limit = transfers;
  let running = 0;

  function admit(): void {
    while (running < limit) {
      const [next] = queue;
      if (next === undefined) {
        return;
      }
      queue.delete(next);
      running += 1;
      next();
    }
  }

  return {
    enter(start) {
      const place = (): void => start();
      queue.add(place);
      admit();
      return () => void queue.delete(place);
    },
    leave() {
      running -= 1;
      admit();
    },
    resize(next) {
      limit = next;
      admit();
    },
  };
}
