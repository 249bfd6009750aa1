import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { type HttpRequest, NetworkError } from '../../src/network/exchange.ts';
import type { NetworkPath } from '../../src/network/path.ts';
import { createTransport, type Transport } from '../../src/network/transport.ts';
import type { TransportOptions } from '../../src/network/transport-options.ts';
import { transportDefaults } from '../../src/network/transport-options.ts';

/** What a test has opened; ended in reverse order by `closeAll`. */
export class Opened {
  readonly #items: { close(): unknown }[] = [];

  own<T extends { close(): unknown }>(item: T): T {
    this.#items.push(item);
    return item;
  }

  async closeAll(): Promise<void> {
    for (const item of this.#items.splice(0).toReversed()) await item.close();
  }

  transport(path: NetworkPath, options: Partial<TransportOptions> = {}): Transport {
    const now = (): number => performance.now();
    return this.own(createTransport(path, { ...transportDefaults, httpVersion: '1.1', now, ...options }));
  }

  /** Listens on loopback; the sockets die with the server. */
  async listen(server: Server, host = '127.0.0.1', at = 0): Promise<Listening> {
    const sockets = new Set<Socket>();
    let accepted = 0;
    server.on('connection', (socket: Socket) => {
      accepted += 1;
      sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
    });
    await new Promise<void>((resolve) => server.listen(at, host, resolve));
    this.own({
      close: () => {
        for (const socket of sockets) socket.destroy();
        return new Promise((resolve) => server.close(resolve));
      },
    });
    const { port } = server.address() as AddressInfo;
    return {
      port,
      sockets,
      get accepted() {
        return accepted;
      },
    };
  }

  /** A TCP server that does this with each connection. */
  tcp(onConnection: (socket: Socket) => void, host?: string, at?: number): Promise<Listening> {
    return this.listen(createServer(onConnection), host, at);
  }

  /** A port whose queue of connections is full: the kernel drops what else would connect. */
  async deafPort(): Promise<number> {
    const listener = new Worker(deafListener, { eval: true });
    const [port] = (await once(listener, 'message')) as [number];
    const fillers = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    this.own({
      close: async () => {
        for (const socket of fillers) socket.destroy();
        await listener.terminate();
      },
    });
    await Promise.all(fillers.slice(0, 2).map((socket) => once(socket, 'connect')));
    return port;
  }

  /** A DNS server that knows these names; others do not exist. `undefined`: it never answers. */
  async dns(
    names: Readonly<Record<string, readonly string[]>> | undefined,
    delayMs = 0,
  ): Promise<{ port: number; asked: string[] }> {
    const socket = createSocket('udp4');
    const asked: string[] = [];
    socket.on('message', (query, from) => {
      const { name, type } = questionOf(query);
      asked.push(`${type === 28 ? 'AAAA' : 'A'} ${name}`);
      const answer = names === undefined ? undefined : answerTo(query, type, names[name]);
      if (answer !== undefined) setTimeout(() => socket.send(answer, from.port, from.address), delayMs);
    });
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    this.own({ close: () => new Promise<void>((resolve) => socket.close(resolve)) });
    return { port: socket.address().port, asked };
  }
}

/** Listens and then sleeps for good: Node itself would accept at once. */
const deafListener = `
const { parentPort } = require('node:worker_threads');
const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

export interface Listening {
  readonly port: number;
  readonly sockets: ReadonlySet<Socket>;
  readonly accepted: number;
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/**
 * RFC 1035: header, the question again, one record for each address of the type that is asked for, and for each other name (CNAME);
 * undefined: NXDOMAIN.
 */
function answerTo(query: Buffer, type: number, values: readonly string[] | undefined): Buffer {
  const records = (values ?? []).flatMap((value) => {
    const family = isIP(value);
    if (family === 0) return [recordOf(5, [...value.split('.'), ''].flatMap(labelOf))];
    if (family === 4) return type === 1 ? [recordOf(1, value.split('.').map(Number))] : [];
    // Of IPv6 the loopback address is all that tests need.
    return type === 28 ? [recordOf(28, [...Buffer.alloc(15), 1])] : [];
  });
  const header = Buffer.alloc(12);
  query.copy(header, 0, 0, 2);
  header.writeUInt16BE(values === undefined ? 0x8183 : 0x8180, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, query.subarray(12, questionOf(query).end), ...records]);
}

function labelOf(label: string): number[] {
  return [label.length, ...Buffer.from(label)];
}

function recordOf(type: number, data: readonly number[]): Buffer {
  return Buffer.from([0xc0, 0x0c, 0, type, 0, 1, 0, 0, 0, 0, 0, data.length, ...data]);
}

/** A request without a body, unless `changes` bring one. */
export function get(url: string, changes: Partial<HttpRequest> = {}): HttpRequest {
  return { method: 'GET', url: new URL(url), headers: {}, signal: new AbortController().signal, ...changes };
}

/** A streamed body of zeros in chunks of 32 KiB. */
export function streamed(sizeBytes: number, declareLength = false): NonNullable<HttpRequest['body']> {
  const chunk = Buffer.alloc(32 * 1024);
  return {
    kind: 'stream',
    sizeBytes,
    declareLength,
    *chunks() {
      for (let left = sizeBytes; left > 0; left -= chunk.length) yield chunk.subarray(0, Math.min(left, chunk.length));
    },
  };
}

/** The NetworkError with which an exchange ends. Throws when it does not. */
export async function failureOf(exchange: Promise<unknown>): Promise<NetworkError> {
  try {
    await exchange;
  } catch (error) {
    if (error instanceof NetworkError) return error;
    throw error;
  }
  throw new Error('the exchange did not fail');
}
