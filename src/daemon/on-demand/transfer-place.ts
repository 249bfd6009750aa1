import type { TransferLimit } from '../../schedule/transfer-limit.ts';

/** A transfer under the limit, or a place in the queue for one. */
export interface Place {
  readonly granted: Promise<void>;
  /** Gives the transfer back, or the place in the queue. */
  leave(): void;
}

/** Takes a transfer, or a place in the queue. */
export function takePlace(limit: TransferLimit): Place {
  let running = false;
  let grant = (): void => {};
  const granted = new Promise<void>((resolve) => (grant = resolve));
  const leaveQueue = limit.enter(() => {
    running = true;
    grant();
  });
  return { granted, leave: () => (running ? limit.leave() : leaveQueue()) };
}
