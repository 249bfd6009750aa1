import type { Socket } from 'node:net';

/**
 * Ends a connection with a TCP RST. `writer`: the socket that ends it in good order, the TLS socket above it if there is one.
 * While its FIN is under way libuv refuses a reset (`EINVAL`), and Node 20 then loses the handle, which nobody can close any
 * more: such a connection is only closed.
 */
export function resetSocket(socket: Socket, writer = socket): void {
  if (socket.destroyed) return;
  if (writer.writableEnded && !writer.writableFinished) {
    writer.destroy();
    socket.destroy();
  } else {
    socket.resetAndDestroy();
  }
}
