import type { Socket } from 'node:net';
import { keepReadingAfterWriteError } from './linger.ts';

/** What the pump can see of the socket that takes the bytes. */
export interface BodySocket {
  /** Bytes written but not yet accepted by the kernel. */
  readonly writableLength: number;
  /** From so many of those on the HTTP client waits until they are gone. */
  readonly writableHighWaterMark: number;
  readonly destroyed: boolean;
  /** Holds back what is written from now on, until `uncork`, which writes it at once. */
  cork(): void;
  uncork(): void;
  /** Resolves once the kernel has accepted everything written so far, or the socket is gone. */
  flushed(): Promise<void>;
}

/** The body socket of an open connection. The socket stays readable for a moment after a write on it failed (see linger.ts). */
export function bodySocketOf(socket: Socket): BodySocket {
  const waiting: (() => void)[] = [];
  const wake = (): void => waiting.splice(0).forEach((resolve) => resolve());
  keepReadingAfterWriteError(socket, { onWritten: () => socket.writableLength === 0 && wake() });
  socket.once('close', wake);
  return {
    get writableLength() {
      return socket.writableLength;
    },
    writableHighWaterMark: socket.writableHighWaterMark,
    cork: () => socket.cork(),
    uncork: () => socket.uncork(),
    get destroyed() {
      return socket.destroyed;
    },
    flushed: () =>
      socket.destroyed || socket.writableLength === 0
        ? Promise.resolve()
        : new Promise((resolve) => void waiting.push(resolve)),
  };
}
