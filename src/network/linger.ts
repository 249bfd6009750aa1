import type { Socket } from 'node:net';

/**
 * Keeps a socket readable for a moment after a write on it failed.
 *
 * A server that refuses a body answers and closes; the client's next write then fails with EPIPE or ECONNRESET while the
 * answer still waits in the receive buffer. Node destroys the socket on the write error at once and the answer is lost
 * (nodejs/node#54366, nodejs/node#12339), so a 413 would be taken for a reset. The error still comes, `graceMs` later.
 */
export function keepReadingAfterWriteError(socket: Socket, graceMs = 250): void {
  const destroy = socket.destroy.bind(socket);
  let waiting = false;
  socket.destroy = (error?: Error): Socket => {
    if (waiting || error === undefined || !isWriteError(error) || socket.readableEnded) {
      return destroy(error);
    }
    waiting = true;
    const timer = setTimeout(() => destroy(error), graceMs);
    // The peer's FIN or RST ends the wait: nothing more can come.
    socket.once('end', () => setImmediate(() => destroy(error)));
    socket.once('close', () => clearTimeout(timer));
    return socket;
  };
}

function isWriteError(error: Error): boolean {
  return 'syscall' in error && error.syscall === 'write';
}
