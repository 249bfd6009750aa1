/** A receiver is woken, and the event loop has its turn, once a write: above this there is nothing left to save. */
const mostBytes = 2 * 1024 * 1024;
/**
 * How much of a body is sent is known to one write, so that is to be a small part of it. And the usual limits on bodies, of 1 to 50 MB, lie
 * before this: what refuses one there is noticed the sooner the less is written at a time.
 */
const carefulBytes = 64 * 1024 * 1024;

/** The largest write that is good when so many bytes of the body went out before it; 0: no larger than it must be. */
export function mostWriteBytes(goneBytes: number): number {
  return goneBytes < carefulBytes ? 0 : mostBytes;
}

/**
 * Sizes of writes of a body without frames: `firstBytes`, and once 64 MiB went out 2 MiB, which then begin at a multiple of as much: payloads
 * are views of a block, and what crosses its end must be copied.
 */
export function growingWrites(firstBytes: number): (goneBytes: number) => number {
  return (goneBytes) => {
    const most = mostWriteBytes(goneBytes);
    return most <= firstBytes ? firstBytes : most - (goneBytes % most);
  };
}
