/* oxlint-disable no-underscore-dangle --
   _write and _writev are the documented names by which a stream's implementation is replaced. */
import type { Socket } from 'node:net';
import { errorCode } from '../errors.ts';

type WriteCallback = (error?: Error | null) => void;

interface LingerOptions {
  /** Default 250. */
  readonly graceMs?: number;
  /** Called after each write that ended, well or not. */
  readonly onWritten?: () => void;
}

/**
 * Keeps a socket readable for a moment after a write on it failed.
 *
 * A server that refuses a body answers and closes; the client's next write then fails with EPIPE or ECONNRESET while the
 * answer still waits in the receive buffer (Linux keeps it there after a RST). Node destroys the socket on the write error at
 * once, and even before that its readable side emits nothing any more, so the answer is lost and a 413 would be taken for a
 * reset (nodejs/node#54366, nodejs/node#12339). So the error is kept from the stream for `graceMs`, or until the peer's end.
 */
export function keepReadingAfterWriteError(
  socket: Socket,
  { graceMs = 250, onWritten = () => {} }: LingerOptions = {},
): void {
  const write = socket._write.bind(socket);
  const writev = socket._writev?.bind(socket);
  const destroy = socket.destroy.bind(socket);
  let held: Error | undefined;
  const holdBack =
    (done: WriteCallback): WriteCallback =>
    (error) => {
      if (!(error instanceof Error) || socket.destroyed || socket.readableEnded) {
        done(error);
        onWritten();
        return;
      }
      held = error;
      let isOver = false;
      const end = (): void => {
        if (isOver) return;
        isOver = true;
        done(error);
        onWritten();
      };
      // A process that had to wait for a processor runs its timers first: what came meanwhile is read before the end.
      const timer = setTimeout(() => setImmediate(() => setImmediate(end)), graceMs);
      socket.once('close', () => {
        clearTimeout(timer);
        end();
      });
    };
  socket._write = (chunk, encoding, done) => write(chunk, encoding, holdBack(done));
  if (writev !== undefined) socket._writev = (chunks, done) => writev(chunks, holdBack(done));
  // When nothing more could be read, what ended the connection is the failed write and not the peer's end after it.
  socket.destroy = (error) => destroy(held !== undefined && errorCode(error) === 'UND_ERR_SOCKET' ? held : error);
}
