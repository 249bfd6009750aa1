import type { Exchange } from './exchange.ts';

/** Which part of the network work failed. */
export type NetworkStage = 'dns' | 'connect' | 'proxy' | 'tls' | 'send' | 'wait' | 'receive';

/** Our own timers: a fact of its own, so that our impatience is never taken for the peer's. */
export type NetworkTimer = 'dns' | 'connect' | 'tls' | 'stall' | 'response_header' | 'body';

/**
 * What the socket layer knows of a failure; it judges nothing (that is `probe/classify.ts`).
 * `code` is Node's or undici's error code (`ECONNRESET`, `ENOTFOUND`, `CERT_HAS_EXPIRED`, `UND_ERR_SOCKET`), never text of a message.
 */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  readonly stage: NetworkStage;
  readonly code: string;
  readonly timer: NetworkTimer | undefined;
  /** The exchange during which it happened; set by the transport before the error leaves it. */
  exchange: Exchange | undefined;

  constructor(facts: {
    stage: NetworkStage;
    code: string;
    message: string;
    timer?: NetworkTimer | undefined;
    cause?: unknown;
  }) {
    super(facts.message, { cause: facts.cause });
    this.stage = facts.stage;
    this.code = facts.code;
    this.timer = facts.timer;
  }
}
