/** A receiver is woken, and the event loop has its turn, once a write: above this there is nothing left to save. */
const mostBytes = 2 * 1024 * 1024;
/** How much of a body is sent is known to one write, so that is to be a small part of it. */
const share = 1 / 32;

/** The largest write that is good when so many bytes of the body went out before it. */
export function mostWriteBytes(goneBytes: number): number {
  return Math.min(mostBytes, goneBytes * share);
}

/**
 * Sizes of writes of a body without frames: they begin with `firstBytes` and double as it goes on, up to 2 MiB, and never above a 32nd of
 * what went out before. One function for each body.
 */
export function growingWrites(firstBytes: number): (goneBytes: number) => number {
  let bytes = firstBytes;
  return (goneBytes) => {
    if (2 * bytes <= mostWriteBytes(goneBytes)) bytes *= 2;
    return bytes;
  };
}
