import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { resetSocket } from '../../src/lab/reset-socket.ts';
import type { RelayMode } from './plan.ts';

/** A hop below HTTP: it passes bytes on, or fails as only a network can. */
export interface Relay {
  readonly port: number;
  readonly openConnections: number;
  /**
   * `pass`; `swallow`: new connections are accepted, and nothing ever comes of them; `freeze`: no byte moves any more on old and
   * new ones, and no FIN tells (a half-open connection); `reset`: RST on all, and on whatever connects; `half-close`: each
   * connection gets a FIN in the middle, while its other direction stays. Leaving a mode lets go of what it held.
   */
  setMode(mode: RelayMode): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket | undefined;
}

/** Starts a relay on 127.0.0.1 in front of a port there. */
export async function startRelay(targetPort: number): Promise<Relay> {
  const pairs = new Set<Pair>();
  let mode: RelayMode = 'pass';

  function destroy({ client, server }: Pair): void {
    client.destroy();
    server?.destroy();
  }
  const listener = createServer({ allowHalfOpen: true }, (client) => {
    client.on('error', () => {});
    if (mode === 'reset') {
      resetSocket(client);
      return;
    }
    const pair = mode === 'swallow' ? { client, server: undefined } : joined(client, targetPort);
    pairs.add(pair);
    for (const socket of [client, pair.server]) {
      socket
        ?.on('error', () => {})
        .once('close', () => {
          destroy(pair);
          pairs.delete(pair);
        });
    }
    if (mode === 'freeze') freeze(pair);
    if (mode === 'half-close') client.once('data', () => client.end());
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  return {
    port: (listener.address() as AddressInfo).port,
    get openConnections() {
      return pairs.size;
    },
    setMode(next) {
      // Whoever was held is let go: what is behind a frozen hop learns of the end at last.
      if (mode !== 'pass' && next !== mode) pairs.forEach(destroy);
      mode = next;
      for (const pair of pairs) {
        if (next === 'reset') resetSocket(pair.client);
        if (next === 'freeze') freeze(pair);
        if (next === 'half-close') pair.client.end();
      }
    },
    close() {
      pairs.forEach(destroy);
      return new Promise((resolve) => listener.close(() => resolve()));
    },
  };
}

function joined(client: Socket, port: number): Pair {
  const server = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  client.pipe(server);
  server.pipe(client);
  return { client, server };
}

function freeze({ client, server }: Pair): void {
  client.unpipe();
  client.pause();
  server?.unpipe();
  server?.pause();
}
