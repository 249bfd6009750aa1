/** A receiver is woken, and the event loop has its turn, once a write: above this there is nothing left to save. */
const mostBytes = 2 * 1024 * 1024;
/** How much of a body is sent is known to one write, so that is to be a small part of it. */
const share = 1 / 32;

/**
 * Sizes of writes that begin with `firstBytes` and double as a body goes on, up to 2 MiB, and never above a 32nd of what went out before.
 * One function for each body.
 */
export function growingWrites(firstBytes: number): (goneBytes: number) => number {
  let bytes = firstBytes;
  return (goneBytes) => {
    if (2 * bytes <= Math.min(mostBytes, goneBytes * share)) bytes *= 2;
    return bytes;
  };
}
