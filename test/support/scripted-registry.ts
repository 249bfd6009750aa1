import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type LoopbackServer, startLoopbackServer, type TlsIdentity } from '../../src/lab/loopback-server.ts';

/** One request as a script sees it: with the socket itself, so that the answer need not be HTTP. */
export interface Scene {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Reads at least so many bytes of the body and then pauses it; without a figure, all of it. Returns the bytes read so far. */
  read(bytes?: number): Promise<number>;
  /** Writes to the socket past Node's HTTP, and waits until the kernel has it. */
  raw(data: string | Uint8Array): Promise<void>;
  /** Answers with these headers and this body, and leaves the connection open. */
  answer(status: number, headers?: Readonly<Record<string, string>>, body?: string): void;
  /** TCP RST, below TLS if there is any. */
  reset(): void;
  /** FIN; what still comes is read and dropped. */
  end(): void;
}

export type Script = (scene: Scene) => unknown;

/** By the beginning of the request line: `PATCH`, `GET /v2/`. */
export type Scripts = Readonly<Record<string, Script>>;

export interface ScriptedRegistry {
  readonly url: string;
  readonly port: number;
  readonly openConnections: number;
  readonly acceptedConnections: number;
  /** `METHOD /path` of each request, in order. */
  readonly requests: readonly string[];
  /** Reads on wherever a script stopped reading: who does not read does not learn that its peer has left. */
  wake(): void;
  close(): Promise<void>;
}

/** A registry of a few lines that takes any push politely, but for what the scripts do in its place. */
export async function startScriptedRegistry(scripts: Scripts = {}, tls?: TlsIdentity): Promise<ScriptedRegistry> {
  const requests: string[] = [];
  const held = new Set<IncomingMessage>();
  const state = { sizeBytes: 0, committed: false };
  const server: LoopbackServer = await startLoopbackServer({
    tls,
    onRequest(request, response) {
      const line = `${request.method} ${request.url}`;
      requests.push(line);
      held.add(request);
      request.once('close', () => held.delete(request));
      const scene = sceneOf(request, response, () => server.reset(request.socket));
      const found = Object.entries(scripts).find(([start]) => line.startsWith(start));
      // Not in this turn: Node 20 loses track of a TLS connection that is reset while its request is being parsed.
      setImmediate(() => {
        Promise.resolve(found === undefined ? polite(scene, state) : found[1](scene)).catch(() => scene.reset());
      });
    },
  });
  return {
    url: server.url,
    port: server.port,
    requests,
    wake() {
      for (const request of held) request.removeAllListeners('data').resume();
    },
    get openConnections() {
      return server.openConnections;
    },
    get acceptedConnections() {
      return server.acceptedConnections;
    },
    close: server.close,
  };
}

export const uploadLocation = '/v2/probe/blobs/blobs/uploads/1';

async function polite(scene: Scene, state: { sizeBytes: number; committed: boolean }): Promise<void> {
  const { method, url = '' } = scene.request;
  if (method === 'POST') {
    await scene.read();
    scene.answer(202, { Location: uploadLocation });
  } else if (method === 'PATCH') {
    state.sizeBytes += await scene.read();
    scene.answer(202, { Location: uploadLocation, Range: `0-${state.sizeBytes - 1}` });
  } else if (method === 'PUT') {
    state.sizeBytes += await scene.read();
    state.committed = true;
    scene.answer(201, { Location: url });
  } else if (method === 'HEAD') {
    scene.answer(state.committed ? 200 : 404, { 'Content-Length': String(state.sizeBytes) });
  } else {
    const session = url.startsWith(uploadLocation);
    scene.answer(method === 'DELETE' ? (session ? 204 : 202) : session ? 404 : 200);
  }
}

function sceneOf(request: IncomingMessage, response: ServerResponse, reset: () => void): Scene {
  let seen = 0;
  return {
    request,
    response,
    reset,
    read(bytes = Number.POSITIVE_INFINITY) {
      return new Promise((resolve) => {
        const onData = (chunk: Buffer): void => {
          seen += chunk.length;
          if (seen >= bytes) done();
        };
        const done = (): void => {
          request.pause().off('data', onData).off('end', done).off('close', done);
          resolve(seen);
        };
        request.on('data', onData).on('end', done).on('close', done);
        if (request.readableEnded) done();
      });
    },
    raw: (data) =>
      new Promise((resolve) => {
        request.socket.write(data, () => resolve());
      }),
    answer(status, headers = {}, body = '') {
      response.writeHead(status, { 'Content-Length': String(Buffer.byteLength(body)), ...headers });
      response.end(request.method === 'HEAD' ? undefined : body);
    },
    end() {
      request.socket.end();
      request.resume();
    },
  };
}

/** Writes `part` again and again until the peer has gone, slowly enough to be stopped. */
export async function drip(scene: Scene, part: string | Uint8Array, everyMs: number): Promise<void> {
  const { socket } = scene.request;
  socket.on('error', () => {});
  const closed = new Promise((resolve) => socket.once('close', resolve));
  while (!socket.destroyed) {
    await Promise.race([scene.raw(part), closed]);
    await delay(everyMs);
  }
}
