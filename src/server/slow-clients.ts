import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { WebServer } from './web-server.ts';

/** How patient a server is with its clients, in milliseconds, and how many it has at once. */
export interface ClientLimits {
  /** For a request's headers. */
  readonly headersMs: number;
  /** For a whole request. */
  readonly requestMs: number;
  /** Without a byte of an answer being taken. */
  readonly readMs: number;
  /** Over all addresses together. */
  readonly connections: number;
}

/**
 * 512 connections leave enough of the usual 1024 file descriptors to the pushes. The rest is what nobody needs who scrapes,
 * looks at pages, or starts runs.
 */
export const clientLimits: ClientLimits = { headersMs: 10_000, requestMs: 60_000, readMs: 30_000, connections: 512 };

/** Node looks at its own time limits this often only. */
export const connectionsCheckMs = 2_000;

/**
 * Gives a server these limits. A client that does not read its answer is cut off; one that waits for an answer that is not there
 * yet, is not. `open` has the connections of all servers that share the limit on them.
 */
export function limitClients(server: WebServer, limits: ClientLimits, open: Set<Socket>): void {
  server.headersTimeout = limits.headersMs;
  server.requestTimeout = limits.requestMs;
  server.timeout = limits.readMs;
  server.on('connection', (socket: Socket) => {
    if (open.size >= limits.connections) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  const busy = new Map<Socket, number>();
  server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    busy.set(socket, (busy.get(socket) ?? 0) + 1);
    response.once('close', () => {
      const left = (busy.get(socket) ?? 1) - 1;
      if (left > 0) busy.set(socket, left);
      else busy.delete(socket);
    });
  });
  // With a listener Node leaves to it what to do, also with connections that are kept and idle.
  server.on('timeout', (idle: unknown) => {
    if (idle instanceof Socket && (idle.writableLength > 0 || !busy.has(idle))) idle.destroy();
  });
}
