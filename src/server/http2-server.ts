import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { TLSSocket } from 'node:tls';
import type { WebHandler, WebServer } from './listen.ts';

/** Go's server allows as many, and exporter-toolkit stands on it. Node's default has no bound. */
const maxConcurrentStreams = 250;

/** Longer than most scrape intervals: a scraper keeps its connection from one scrape to the next. */
const idleSessionMs = 150_000;

/**
 * A server that speaks HTTP/2 with those who offer it in the TLS handshake (ALPN), and HTTP/1.1 with all others. A session on which
 * nothing happens for `idleMs` ends.
 */
export function createHttp2Server(
  options: SecureServerOptions,
  handler: WebHandler,
  idleMs: number = idleSessionMs,
): WebServer {
  // The types lack what Node took over from its HTTP/1.1 server for connections that speak that.
  const server = createSecureServer({
    ...options,
    allowHTTP1: true,
    settings: { maxConcurrentStreams },
  }) as Http2SecureServer & WebServer;
  const sockets = new Set<TLSSocket>();
  const sessions = new Set<ServerHttp2Session>();
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('session', (session) => {
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    endWhenIdle(session, idleMs);
  });
  const closeIdleHttp1 = server.closeIdleConnections.bind(server);
  server.closeIdleConnections = () => {
    closeIdleHttp1();
    // A session ends by itself when its last request is answered, and takes no new ones.
    sessions.forEach((session) => session.close());
  };
  server.closeAllConnections = () => sockets.forEach((socket) => socket.destroy());
  server.on('request', (request, response) => {
    if (request.httpVersionMajor === 2 && !request.stream.endAfterHeaders) {
      // Node's `requestTimeout` is for HTTP/1.1 only.
      const late = setTimeout(() => {
        if (!request.stream.readableEnded) request.stream.close(constants.NGHTTP2_CANCEL);
      }, server.requestTimeout);
      request.stream.once('close', () => clearTimeout(late));
    }
    handler(request, response);
  });
  return server;
}

/**
 * A session on which nothing happens is not ended while a request is under way, for a push can take minutes; but it is when the
 * client does not take the answer.
 */
function endWhenIdle(session: ServerHttp2Session, idleMs: number): void {
  const streams = new Set<ServerHttp2Stream>();
  session.on('stream', (stream) => {
    streams.add(stream);
    stream.once('close', () => streams.delete(stream));
  });
  // A callback given to setTimeout would be called once only, while the clock starts anew with each sign of life.
  session.setTimeout(idleMs);
  session.on('timeout', () => {
    if (streams.size === 0) session.close();
    else if ([...streams].some((stream) => stream.writableLength > 0)) session.destroy();
  });
}
