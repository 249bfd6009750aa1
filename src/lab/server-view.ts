import type { LoopbackServer } from './loopback-server.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';

/** What can be seen of every server of the lab, and done with it. */
export interface ServerView {
  readonly url: string;
  readonly port: number;
  /** The last requests, oldest first. */
  readonly requests: readonly LoggedRequest[];
  readonly requestTotal: number;
  readonly openConnections: number;
  readonly clearRequests: () => void;
  readonly dropConnections: () => void;
  readonly close: () => Promise<void>;
}

/** `own`, with what can be seen of the server and its log at the time it is looked at. */
export function viewOver<T extends object>(server: LoopbackServer, log: RequestLog, own: T): T & ServerView {
  const view: ServerView = {
    url: server.url,
    port: server.port,
    get requests() {
      return log.entries;
    },
    get requestTotal() {
      return log.total;
    },
    get openConnections() {
      return server.openConnections;
    },
    clearRequests: () => log.clear(),
    dropConnections: server.dropConnections,
    close: server.close,
  };
  return Object.defineProperties(own, Object.getOwnPropertyDescriptors(view)) as T & ServerView;
}
