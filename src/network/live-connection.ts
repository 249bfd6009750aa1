import type { AnswerHead } from './answer-head.ts';
import type { BodySocket } from './body/body-socket.ts';
import type { Http2Session } from './http2-session.ts';
import type { ConnectionFacts, OpeningFacts, SentAgain } from './exchange.ts';
import type { TcpInfo } from './kernel/tcp-info.ts';

/** A connection in use and how many exchanges it has carried. */
export interface LiveConnection {
  readonly bodySocket: BodySocket;
  readonly facts: ConnectionFacts;
  /** In HTTP/1.1. */
  readonly answerHead?: AnswerHead;
  readonly http2?: Http2Session;
  /** An alert of TLS that came after the handshake: undici tells of the end of the connection only. */
  alert(): Error | undefined;
  /** What the kernel knows of it; at its end what it knew last. undefined: it cannot be asked. */
  readonly tcpInfo?: () => TcpInfo | undefined;
  /** All that came in so far. */
  readBytes(): number;
  exchanges: number;
}

export interface LineState {
  live(): LiveConnection | undefined;
  opening(): OpeningFacts | undefined;
  /** Why the request goes out once more; undefined: it is the first try. */
  readonly sentAgain?: SentAgain;
  /** What stands in the request line, and the headers that this connection adds. */
  target(url: URL): { readonly path: string; readonly headers: Readonly<Record<string, string>> };
}
