import { mostWriteBytes } from './write-sizes.ts';
import type { BodySocket } from './body-socket.ts';

/**
 * Chunks that go out in one write. Framing is untouched: each is still a frame of its own. What is saved is a system call, a wake-up of the
 * receiver and a turn of the event loop for each.
 */
export class FrameGroup {
  #socket: BodySocket | undefined;
  #bytes = 0;
  #mostBytes = 0;

  /** Begins a group with a chunk, `goneBytes` into the body; what was held back before must have been released. */
  begin(socket: BodySocket | undefined, chunkBytes: number, goneBytes: number): void {
    this.#mostBytes = mostWriteBytes(goneBytes);
    this.#bytes = 0;
    if (socket === undefined || socket.destroyed || 2 * chunkBytes > this.#mostBytes || !fits(socket, chunkBytes))
      return;
    socket.cork();
    this.#socket = socket;
    this.#bytes = chunkBytes;
  }

  /** Whether the next chunk may follow at once. */
  takes(chunkBytes: number): boolean {
    const socket = this.#socket;
    if (socket === undefined || this.#bytes + chunkBytes > this.#mostBytes || !fits(socket, chunkBytes)) return false;
    this.#bytes += chunkBytes;
    return true;
  }

  /** Writes what is held back. */
  release(): void {
    this.#socket?.uncork();
    this.#socket = undefined;
  }
}

/** Room for the frame line, or the head of the request. */
const headBytes = 64 * 1024;

/** Else the HTTP client would wait for bytes to go that are held back. */
function fits(socket: BodySocket, chunkBytes: number): boolean {
  return socket.writableLength + chunkBytes + headBytes < socket.writableHighWaterMark;
}
