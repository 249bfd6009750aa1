import type { LoopbackServer } from './loopback-server.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';

/** What can be seen of every server of the lab, at the time it is looked at, and done with it. */
export class LabServer {
  readonly url: string;
  readonly port: number;
  readonly setTls: LoopbackServer['setTls'];
  readonly dropConnections: LoopbackServer['dropConnections'];
  readonly close: LoopbackServer['close'];
  readonly #server: LoopbackServer;
  readonly #log: RequestLog;

  constructor(server: LoopbackServer, log: RequestLog) {
    this.#server = server;
    this.#log = log;
    ({ url: this.url, port: this.port, setTls: this.setTls } = server);
    ({ dropConnections: this.dropConnections, close: this.close } = server);
  }

  /** The last requests, oldest first. */
  get requests(): readonly LoggedRequest[] {
    return this.#log.entries;
  }

  get requestTotal(): number {
    return this.#log.total;
  }

  get openConnections(): number {
    return this.#server.openConnections;
  }

  get acceptedConnections(): number {
    return this.#server.acceptedConnections;
  }

  clearRequests(): void {
    this.#log.clear();
  }
}
