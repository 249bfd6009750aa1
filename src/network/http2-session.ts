import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { addAbortSignal } from 'node:stream';

/** The code of a request that an HTTP/2 server did not look at: it may be sent once more (RFC 9113, 8.7). */
export const notProcessed = 'HTTP2_NOT_PROCESSED';

/** What Node says of a session that takes no request any more. */
const closedCodes = new Set(['ERR_HTTP2_GOAWAY_SESSION', 'ERR_HTTP2_INVALID_SESSION']);

/**
 * The HTTP/2 session that undici runs over a socket, where undici does less than Go: it fails the request under way when a server
 * says that this connection takes no more (GOAWAY without an error), though the answer still comes.
 */
export class Http2Session {
  readonly #socket: Socket;
  readonly #onRetired: () => void;
  #session: ClientHttp2Session | undefined;
  #stream: ClientHttp2Stream | undefined;
  /** The last one that the server may have looked at. */
  #lastStream = Number.POSITIVE_INFINITY;

  /** `onRetired`: the server takes no more requests on this connection. */
  constructor(socket: Socket, onRetired: () => void) {
    this.#socket = socket;
    this.#onRetired = onRetired;
  }

  /** To be called when a request begins: before the first one undici has no session yet. */
  watch(): void {
    const session = sessionOn(this.#socket);
    if (session === undefined || session === this.#session) return;
    this.#session = session;
    const failing = session.listeners('goaway');
    session.removeAllListeners('goaway');
    session.on('goaway', (code: number, lastStream: number, ...rest: unknown[]) => {
      this.#lastStream = lastStream;
      if (code === constants.NGHTTP2_NO_ERROR) this.#onRetired();
      else for (const listener of failing) Reflect.apply(listener, session, [code, lastStream, ...rest]);
    });
    const request = session.request.bind(session);
    session.request = (...args) => (this.#stream = request(...args));
  }

  /** The window with which the server lets each stream begin; undefined: no request went out yet. */
  get streamWindowBytes(): number | undefined {
    return this.#session?.destroyed === false ? this.#session.remoteSettings.initialWindowSize : undefined;
  }

  /** The request is over: what is left of its body stays here. As Go's transport does, and a body that was cut never looks like a whole one. */
  leaveBody(): void {
    const stream = this.#stream;
    if (stream?.writableEnded !== false) return;
    // Not before undici has seen the end of the answer; not by `close`, which would end the body first.
    if (stream.readableEnded) stream.destroy();
    else stream.once('end', () => stream.destroy());
  }

  /** Ends the request in its middle, with the code that Go's transport gives (CANCEL). undici, by `close`, would end the body first, as a whole one ends. */
  cancel(): void {
    if (this.#stream?.destroyed === false) addAbortSignal(AbortSignal.abort(), this.#stream);
  }

  /** Whether the server did not look at the request that ended with this code. */
  leftOut(code: string): boolean {
    const { id = 0, rstCode } = this.#stream ?? {};
    return rstCode === constants.NGHTTP2_REFUSED_STREAM || id > this.#lastStream || closedCodes.has(code);
  }
}

/** undici keeps the session on the socket, under a symbol of its own; a test holds that it does. */
function sessionOn(socket: Socket): ClientHttp2Session | undefined {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'http2Session');
  return key && (Reflect.get(socket, key) as ClientHttp2Session | undefined);
}
