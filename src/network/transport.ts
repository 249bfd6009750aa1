import type { Exchange, HttpRequest } from './exchange.ts';
import { OriginConnection, type OpenedSoFar } from './origin-connection.ts';
import type { NetworkPath } from './path.ts';
import type { TransportOptions } from './transport-options.ts';

/**
 * Sends requests over one path, over connections of its own: fresh ones, never shared with another attempt. What is sent side by side has a
 * connection each, and what comes after takes one that is idle, as Go's net/http does. No redirect and no fallback happens in here, and nothing is sent again but what Go's net/http sends again by itself
 * (send-again.ts), each try told of as an exchange of its own.
 */
export interface Transport {
  /**
   * One request on the wire. Resolves when a response came, even when the body was still being sent or the connection broke
   * afterwards. Throws NetworkError, with its `exchange`, when none came.
   */
  exchange(request: HttpRequest): Promise<Exchange>;
  close(): Promise<void>;
}

/** Opens nothing yet: the first exchange with a host opens the connection to it. */
export function createTransport(path: NetworkPath, options: TransportOptions): Transport {
  const connections = new Map<string, OriginConnection[]>();
  const opened: OpenedSoFar = { connections: 0 };
  return {
    async exchange(request) {
      const { origin } = request.url;
      const own = connections.get(origin) ?? [];
      connections.set(origin, own);
      let connection = own.find(({ isBusy }) => !isBusy);
      if (connection === undefined) own.push((connection = new OriginConnection(path, request.url, options, opened)));
      const exchange = await connection.send(request);
      if (exchange.response === undefined && exchange.error !== undefined) throw exchange.error;
      return exchange;
    },
    async close() {
      await Promise.all([...connections.values()].flat().map((connection) => connection.close()));
      connections.clear();
    },
  };
}
