/** What Node counts of a TCP socket, below TLS; it keeps both figures when the socket has ended. */
interface Counted {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/**
 * Adds up what connections carry, in both directions: heads, framing, TLS and a proxy's tunnel included; the headers of TCP and
 * IP, repeated segments and DNS are not. Bytes that still wait in our own socket count as sent. What came and was not read when we let
 * go of a connection does not count: a receive buffer for each, at most.
 */
export class WireMeter {
  readonly #sockets: Counted[] = [];

  add(socket: Counted): void {
    this.#sockets.push(socket);
  }

  get bytes(): number {
    return this.#sockets.reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  }
}
