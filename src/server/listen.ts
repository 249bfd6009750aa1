import type { WebHandler, WebServer } from './web-server.ts';
import { createServer } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { type ClientLimits, clientLimits, connectionsCheckMs, limitClients } from './slow-clients.ts';

/** Where to listen. No host: all addresses, IPv6 and IPv4. */
export interface ListenAddress {
  readonly host?: string;
  readonly port: number;
}

/**
 * Reads an address as Go writes it: `:10719`, `127.0.0.1:0`, `[::1]:9000`, `localhost:80`. Port 0 lets the system choose.
 * Throws an Error with one line that says what was wrong.
 */
export function parseListenAddress(text: string): ListenAddress {
  const match = /^(?:\[([0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|([^:[\]\s]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new Error(
      `expected host:port with a port up to 65535, such as :10719, 127.0.0.1:10719 or [::1]:10719, got ${JSON.stringify(text)}`,
    );
  }
  const host = match[1] ?? match[2];
  return host === undefined || host === '' ? { port } : { host, port };
}

/** Open sockets that answer HTTP. */
export interface Listening {
  /** As bound: the port is never 0. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** Stops accepting, lets requests under way end for `graceMs`, then cuts them. */
  close(graceMs?: number): Promise<void>;
}

interface ListenOptions {
  readonly addresses: readonly ListenAddress[];
  readonly handler: WebHandler;
  /** Makes the server of one address; plain HTTP when absent. */
  readonly makeServer?: (handler: WebHandler) => WebServer;
  /** In the place of the usual ones. */
  readonly limits?: Partial<ClientLimits>;
}

/** Listens on all addresses, or on none and rejects with the system's error, which names the address. */
export async function listenOn(options: ListenOptions): Promise<Listening> {
  const makeServer =
    options.makeServer ?? ((handler) => createServer({ connectionsCheckingInterval: connectionsCheckMs }, handler));
  const servers: WebServer[] = [];
  const open = new Set<Socket>();
  try {
    for (const address of options.addresses) {
      const server = makeServer(options.handler);
      limitClients(server, { ...clientLimits, ...options.limits }, open);
      servers.push(server);
      await bind(server, address);
    }
  } catch (error) {
    await closeAll(servers, 0);
    throw error;
  }
  return {
    addresses: servers.map((server) => {
      const { address, port } = server.address() as AddressInfo;
      return { host: address, port };
    }),
    close: (graceMs = 5_000) => closeAll(servers, graceMs),
  };
}

/** Without a host: `::` takes IPv4 too; hosts without IPv6 have 0.0.0.0 only. */
async function bind(server: Server, { host, port }: ListenAddress): Promise<void> {
  if (host !== undefined) return bindTo(server, host, port);
  try {
    await bindTo(server, '::', port);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') throw error;
    await bindTo(server, '0.0.0.0', port);
  }
}

function bindTo(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function closeAll(servers: readonly WebServer[], graceMs: number): Promise<void> {
  await Promise.all(servers.map((server) => closeOne(server, graceMs)));
}

function closeOne(server: WebServer, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (!server.listening) {
      resolve();
      return;
    }
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
