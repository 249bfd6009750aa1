import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type WireRequest, WireParser } from './recording-proxy-parser.ts';

/** One request and when it happened. Times are milliseconds of one monotonic clock. */
export interface RecordedRequest extends WireRequest {
  /** Which connection it came on, from 1 in the order of their opening. */
  readonly connection: number;
  readonly startMs: number;
  answeredMs?: number;
  status?: number;
}

/** An answer of the proxy itself; the server behind it does not see the request. */
export interface InjectedAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
  /** Answers after so many bytes of the body and then closes, as nginx does; default: after all of it, and the connection stays. */
  readonly afterBytes?: number;
}

export interface RecordingProxy {
  readonly port: number;
  readonly origin: string;
  /** Everything so far, in order of arrival. */
  readonly requests: readonly RecordedRequest[];
  readonly close: () => Promise<void>;
}

/**
 * A proxy on loopback that passes bytes on unchanged in both directions and writes down the requests, so that two clients can
 * be compared as they are on the wire. `inject` is asked for each request's head; a request without a body that `hold` gives a
 * promise for reaches the server once that is fulfilled.
 */
export async function startRecordingProxy(
  upstreamPort: number,
  inject: Relay['inject'] = () => undefined,
  hold: Relay['hold'] = () => undefined,
): Promise<RecordingProxy> {
  const requests: RecordedRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    connections += 1;
    const upstream = connect({ port: upstreamPort, host: '127.0.0.1' });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.once('close', () => sockets.delete(socket));
    }
    relay(client, upstream, { connection: connections, requests, inject, hold });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port given');
  return {
    port: address.port,
    origin: `http://127.0.0.1:${address.port}`,
    requests,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

interface Relay {
  readonly connection: number;
  readonly requests: RecordedRequest[];
  readonly inject: (request: WireRequest) => InjectedAnswer | undefined;
  readonly hold: (request: WireRequest) => Promise<void> | undefined;
}

function relay(client: Socket, upstream: Socket, { connection, requests, inject, hold }: Relay): void {
  let current: RecordedRequest | undefined;
  let held: Promise<void> | undefined;
  let injected: InjectedAnswer | undefined;
  const answer = (): void => {
    if (injected === undefined || current === undefined || current.status !== undefined) return;
    current.status = injected.status;
    current.answeredMs = performance.now();
    const early = injected.afterBytes !== undefined;
    client.write(answerText(injected, early));
    // Nothing more is read: the body stays incomplete, however late the program looks. Nothing is closed either, so no reset overtakes the answer.
    if (early) client.pause();
  };
  const parser = new WireParser({
    onHead(request) {
      if (current !== undefined && current.status === undefined) throw new Error('pipelined requests');
      injected = inject(request);
      held = hold(request);
      current = Object.assign(request, { connection, startMs: performance.now() });
      requests.push(current);
    },
    onEnd: answer,
  });
  client.on('data', (bytes) => {
    parser.feed(bytes);
    if (injected === undefined) void (held?.then(() => upstream.write(bytes)) ?? upstream.write(bytes));
    else if (current !== undefined && current.bodyBytes >= (injected.afterBytes ?? Number.POSITIVE_INFINITY)) answer();
  });
  upstream.on('data', (bytes: Buffer) => {
    const status = /^HTTP\/1\.1 (\d{3}) /.exec(bytes.toString('latin1', 0, 13))?.[1];
    if (current !== undefined && current.status === undefined && status !== undefined && !status.startsWith('1')) {
      current.status = Number(status);
      current.answeredMs = performance.now();
    }
    client.write(bytes);
  });
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    one.on('end', () => other.end());
    one.on('close', () => other.destroy());
    one.on('error', () => other.destroy());
  }
}

function answerText({ status, headers = {}, body }: InjectedAnswer, closes: boolean): string {
  const all = { 'Content-Length': Buffer.byteLength(body), ...headers, ...(closes ? { Connection: 'close' } : {}) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} Injected\r\n${lines.join('')}\r\n${body}`;
}
