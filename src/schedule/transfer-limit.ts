/** At most so many transfers at once, served in the order in which they came. */
export interface TransferLimit {
  /** Calls `start` as soon as there is room: at once, or when a transfer leaves. Returns what takes the place in the queue back. */
  enter(start: () => void): () => void;
  /** To be called once for each `start` that was called. */
  leave(): void;
}

export function createTransferLimit(transfers: number): TransferLimit {
  // A Set keeps the order of insertion and forgets a place in the middle in constant time.
  const queue = new Set<() => void>();
  let free = transfers;
  return {
    enter(start) {
      if (free > 0) {
        free -= 1;
        start();
        return () => {};
      }
      const place = (): void => start();
      queue.add(place);
      return () => void queue.delete(place);
    },
    leave() {
      const [next] = queue;
      if (next === undefined) {
        free += 1;
        return;
      }
      queue.delete(next);
      next();
    },
  };
}
