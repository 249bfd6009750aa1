import { mostWriteBytes } from './write-sizes.ts';
import type { Outlet } from './outlet.ts';

/**
 * Chunks that go out in one write. Framing is untouched: each is still a frame of its own. What is saved is a system call, a wake-up of the
 * receiver and a turn of the event loop for each.
 */
export class FrameGroup {
  #outlet: Outlet | undefined;
  #bytes = 0;
  #mostBytes = 0;

  /** Begins a group with a chunk, `goneBytes` into the body; what was held back before must have been released. */
  begin(outlet: Outlet | undefined, chunkBytes: number, goneBytes: number): void {
    this.#mostBytes = mostWriteBytes(goneBytes);
    this.#bytes = 0;
    if (outlet === undefined || outlet.destroyed || 2 * chunkBytes > this.#mostBytes || !fits(outlet, chunkBytes))
      return;
    outlet.cork();
    this.#outlet = outlet;
    this.#bytes = chunkBytes;
  }

  /** Whether the next chunk may follow at once. */
  takes(chunkBytes: number): boolean {
    const outlet = this.#outlet;
    if (outlet === undefined || this.#bytes + chunkBytes > this.#mostBytes || !fits(outlet, chunkBytes)) return false;
    this.#bytes += chunkBytes;
    return true;
  }

  /** Writes what is held back. */
  release(): void {
    this.#outlet?.uncork();
    this.#outlet = undefined;
  }
}

/** Room for the frame line, or the head of the request. */
const headBytes = 64 * 1024;

/** Else the HTTP client would wait for bytes to go that are held back. */
function fits(outlet: Outlet, chunkBytes: number): boolean {
  return outlet.writableLength + chunkBytes + headBytes < outlet.writableHighWaterMark;
}
