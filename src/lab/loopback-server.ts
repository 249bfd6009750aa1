import {
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
  createServer as createHttpServer,
} from 'node:http';
import { type Server as HttpsServer, createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import { resetSocket } from './reset-socket.ts';

/** PEM texts a server shows itself with. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

interface LoopbackServerOptions {
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly tls?: TlsIdentity | undefined;
  /** Idle time after which a kept-alive connection is closed by the server; default 75 s, as nginx has it. */
  readonly keepAliveMs?: number;
  /** Called once for each request, also for those that wait for `100 Continue`. */
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
}

/** An HTTP/1.1 server on 127.0.0.1 that knows its sockets, so that it can reset them and leave none behind. */
export interface LoopbackServer {
  readonly port: number;
  /** `http://127.0.0.1:PORT` or `https://…`, without a trailing slash. */
  readonly url: string;
  readonly openConnections: number;
  /** Connections accepted since the start. */
  readonly acceptedConnections: number;
  /** Another certificate for connections from now on. Throws on a server without TLS. */
  readonly setTls: (tls: TlsIdentity) => void;
  /** Ends a connection with a TCP RST, below TLS if there is any. */
  readonly reset: (socket: Socket) => void;
  /** Resets all connections; the server goes on listening. */
  readonly dropConnections: () => void;
  /** Resets all connections and stops listening. Safe to call again. */
  readonly close: () => Promise<void>;
}

const lingerMs = 5000;

/** With `allowHalfOpen` Node does not see a client leave in the middle of the handshake; its connection ends by this. */
const handshakeTimeoutMs = 2_000;

/** Starts the server. Rejects when the port is taken. All of Node's own time limits but that of the handshake are off: faults are somebody else's business. */
export async function startLoopbackServer(options: LoopbackServerOptions): Promise<LoopbackServer> {
  const server = createServer(options);
  const sockets = new Set<Socket>();
  /** By the peer's port: a TLS socket and the TCP socket below it do not know each other. */
  const secured = new Map<number | undefined, Socket>();
  let accepted = 0;
  server.on('connection', (socket: Socket) => {
    accepted += 1;
    // A handshake can fail as it begins: then the socket is closed before this is told, and says so to nobody any more.
    if (socket.closed) return;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('secureConnection', (socket: Socket) => {
    const { remotePort } = socket;
    secured.set(remotePort, socket);
    socket.once('close', () => secured.delete(remotePort));
  });

  const port = await listen(server, options.port ?? 0);
  const reset = (tcp: Socket): void => resetSocket(tcp, secured.get(tcp.remotePort));
  const dropConnections = (): void => sockets.forEach(reset);
  return {
    port,
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    get openConnections() {
      return sockets.size;
    },
    get acceptedConnections() {
      return accepted;
    },
    reset(socket) {
      // A TLS socket cannot send a RST itself; the TCP socket below it can, and is known by the peer's port.
      for (const tcp of sockets) if (tcp === socket || tcp.remotePort === socket.remotePort) reset(tcp);
      socket.destroy();
    },
    setTls: (tls) => replaceCertificate(server, tls),
    dropConnections,
    async close() {
      if (!server.listening) return;
      // Who was still in the queue to be accepted would be let in now, and nobody would end that connection.
      server.on('connection', (socket) => socket.destroy());
      const closed = [server, ...sockets].map((one) => new Promise((resolve) => one.once('close', resolve)));
      // Node's own look for idle connections trips over one that is half torn down ("reading '_httpMessage'" of null).
      server.closeIdleConnections = () => {};
      server.close();
      dropConnections();
      // What was being accepted at that moment comes after it.
      const late = setInterval(dropConnections, 200);
      await Promise.all(closed).finally(() => clearInterval(late));
    },
  };
}

function createServer(options: LoopbackServerOptions): HttpServer | HttpsServer {
  const server = options.tls
    ? createHttpsServer({ ...options.tls, allowHalfOpen: true, handshakeTimeout: handshakeTimeoutMs })
    : createHttpServer();
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.timeout = 0;
  server.keepAliveTimeout = options.keepAliveMs ?? 75_000;
  const handOver = (request: IncomingMessage, response: ServerResponse): void => {
    lingerAfterEarlyAnswer(request, response);
    options.onRequest(request, response);
  };
  server.on('request', handOver);
  server.on('checkContinue', handOver);
  // Without a listener Node answers a client that went away with 400 and an error; here a lost client is daily business.
  server.on('clientError', (_error, socket) => socket.destroy());
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  return server;
}

/** How the length of a request's body is told (RFC 9112 §6). */
export function framingOf(request: IncomingMessage): 'chunked' | 'content-length' | 'none' {
  if (request.headers['transfer-encoding'] !== undefined) return 'chunked';
  return request.headers['content-length'] === undefined ? 'none' : 'content-length';
}

/**
 * A client that asked for `Connection: close` and is answered before its body is complete must still get the answer.
 * Node would close the socket at once, and the unread bytes would turn that into a RST that can overtake the answer;
 * real servers go on reading for a while (nginx lingering_close, Go's closeWriteAndWait), and so does this one.
 */
function lingerAfterEarlyAnswer(request: IncomingMessage, response: ServerResponse): void {
  if (response.shouldKeepAlive || framingOf(request) === 'none') return;
  response.shouldKeepAlive = true;
  response.once('finish', () => {
    const { socket } = request;
    if (request.complete) {
      socket.end();
      return;
    }
    const timer = setTimeout(() => socket.destroy(), lingerMs);
    request.once('end', () => socket.end());
    socket.once('close', () => clearTimeout(timer));
    request.resume();
  });
}

function replaceCertificate(server: HttpServer | HttpsServer, tls: TlsIdentity): void {
  if (!('setSecureContext' in server)) throw new Error('this server was started without TLS');
  server.setSecureContext({ cert: tls.cert, key: tls.key });
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
